import { ApiError, type components } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { locale, moment, t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';

type Session = components['schemas']['CurrentSessionData'];

/** Remembers, also when the page is loaded again, that an ended session was replaced. */
const REPLACED = 'session-replaced';
const EXTENSION_HOURS = 24;
/** Milliseconds between readings. Each use of a session makes it last longer. */
const REFRESH = 10 * 60_000;

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
    const stop = client.on('state', (state) => {
      if (state === 'ended') this.ended = true;
      if (state === 'open') void this.read();
      // The server ends connections whose rights have changed, which may happen twice in a row.
      if (state === 'lost' || lost) void account.follow().catch(() => undefined);
      lost = state === 'lost';
    });
    const timer = setInterval(() => void this.read(), REFRESH);
    void this.read();
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  /** Read the session. A failure leaves the last state, since the next reading is soon. */
  async read(): Promise<void> {
    try {
      this.data = (await client.call(api.GET('/api/sessions/current'))).data;
    } catch {
      // Pages that need the server report that it cannot be reached.
    }
  }

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

  /** Bring back the work of the session that has ended. */
  async resume(): Promise<void> {
    try {
      await client.call(api.POST('/api/sessions/resume'));
      this.forget();
      location.reload();
    } catch (error) {
      if (!(error instanceof ApiError) || ![401, 409].includes(error.status)) {
        notices.fail(error);
        return;
      }
      this.forget();
      notices.add({ kind: 'danger', text: t('session.lost') });
    }
  }

  /** Go on without the work of the session that has ended. */
  forget(): void {
    sessionStorage.removeItem(REPLACED);
    this.replaced = false;
  }

  #markReplaced(): void {
    sessionStorage.setItem(REPLACED, '');
    this.replaced = true;
  }
}

/** The session of this browser. */
export const session = new Current();

/** Return a day as the language writes it. */
export function day(value: string): string {
  return new Intl.DateTimeFormat(locale.code, { dateStyle: 'medium' }).format(Date.parse(value));
}
