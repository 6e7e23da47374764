import { ApiError, ConnectionError, type components } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { inTurn } from '../lib/in_turn';
import { locale, moment, t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';

type Session = components['schemas']['CurrentSessionData'];

/**
 * Remembers, also when the page is loaded again, that an ended session was replaced. Its value is
 * the id of the empty session in its place, once that is known.
 */
const REPLACED = 'session-replaced';
/** Attempts to bring work back while the server does not answer. */
const ATTEMPTS = 4;
const EXTENSION_HOURS = 24;
/** Milliseconds between readings. Each use of a session makes it last longer. */
const REFRESH = 10 * 60_000;
/** Milliseconds between questions for the user while there is no connection. */
const ASK = 5_000;

class Current {
  data = $state.raw<Session>();
  /** An ended session was replaced by an empty one, and its work can be brought back. */
  replaced = $state(sessionStorage.getItem(REPLACED) !== null);
  /** The session was ended, by this browser or another one. */
  ended = $state(false);

  constructor() {
    api.use({
      onResponse: ({ response }) => {
        if (response.headers.get('X-Session-Replaced') === 'true') this.#markReplaced();
        // A sign-in ends by time, from elsewhere, or with the user.
        if (response.status === 401 && account.data) this.ended = true;
      },
    });
  }

  /** Keep the session's times up to date. Return a function that ends this. */
  watch(): () => void {
    let lost = false;
    let asking: ReturnType<typeof setInterval> | undefined;
    const ask = () => {
      if (!this.ended) void account.follow().catch(() => undefined);
    };
    const stop = client.on('state', (state) => {
      if (state === 'ended') this.ended = true;
      if (state === 'open') void this.read();
      // The server ends connections whose rights have changed, which may happen twice in a row.
      if (state === 'lost' || lost) ask();
      lost = state === 'lost';
      // The first answer may be from before the end, and a connection that is refused tells nothing.
      clearInterval(asking);
      if (lost) asking = setInterval(ask, ASK);
    });
    const timer = setInterval(() => void this.read(), REFRESH);
    void this.read();
    return () => {
      stop();
      clearInterval(timer);
      clearInterval(asking);
    };
  }

  /** Read the session. A failure leaves the last state, since the next reading is soon. */
  readonly read = inTurn(async (): Promise<void> => {
    try {
      this.data = (await client.call(api.GET('/api/sessions/current'))).data;
    } catch {
      // Pages that need the server report that it cannot be reached.
    }
  });

  /** Keep the work for a day longer than without further visits. */
  async extend(): Promise<void> {
    try {
      const body = { hours: EXTENSION_HOURS };
      await client.call(api.POST('/api/sessions/extend', { body }));
      await this.read();
      const until = this.data?.kept_until;
      const text = until
        ? t('session.extended', { date: moment(until) })
        : t('session.extended_unlimited');
      notices.add({ kind: 'success', text });
    } catch (error) {
      notices.fail(error);
    }
  }

  /** End the session with all its work, and begin another one. */
  async end(): Promise<void> {
    await client.call(api.DELETE('/api/sessions/current'));
    const { forgetSound } = await import('../record/kept');
    await forgetSound();
    this.forget();
    location.assign('/');
  }

  /**
   * Bring back the work of the session that has ended. An answer that was lost may have set the
   * cookie of the resumed session, also one to another tab. Repetitions are refused then, and the
   * session is no longer the empty one.
   */
  async resume(): Promise<void> {
    try {
      if (!sessionStorage.getItem(REPLACED)) {
        sessionStorage.setItem(REPLACED, await this.#id());
      }
      if (!(await this.#resumes()) && !(await this.#isResumed())) {
        this.forget();
        notices.add({ kind: 'danger', text: t('session.lost') });
        return;
      }
    } catch (error) {
      notices.fail(error);
      return;
    }
    this.forget();
    location.reload();
  }

  /** Go on without the work of the session that has ended. */
  forget(): void {
    sessionStorage.removeItem(REPLACED);
    this.replaced = false;
  }

  /** Return whether the server resumes the session. Ask again while it does not answer. */
  async #resumes(): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.call(api.POST('/api/sessions/resume'));
        return true;
      } catch (error) {
        if (error instanceof ApiError && [401, 409].includes(error.status)) return false;
        if (!isPassing(error) || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** (attempt - 1)));
      }
    }
  }

  /** Return whether the session is neither the empty one nor yet another one in its place. */
  async #isResumed(): Promise<boolean> {
    const id = await this.#id();
    const empty = sessionStorage.getItem(REPLACED);
    return Boolean(empty) && id !== empty;
  }

  async #id(): Promise<string> {
    return (await client.call(api.GET('/api/sessions/current'))).data.session_id;
  }

  #markReplaced(): void {
    sessionStorage.setItem(REPLACED, '');
    this.replaced = true;
  }
}

/** Return whether a call may succeed if it is sent again. */
function isPassing(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500);
}

/** The session of this browser. */
export const session = new Current();

/** Return a day as the language writes it. */
export function day(value: string): string {
  return new Intl.DateTimeFormat(locale.code, { dateStyle: 'medium' }).format(Date.parse(value));
}
