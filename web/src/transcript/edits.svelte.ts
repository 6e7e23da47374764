import { ApiError, ConnectionError } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import type { Document } from './document.svelte';
import type { EditData, Operation } from './types';

export type SaveState = 'saved' | 'saving' | 'offline';
const LONGEST_PAUSE = 15_000;

/** Sends edits one after the other, and again until the server can be reached. */
export class Edits {
  state = $state<SaveState>('saved');
  #waiting = 0;
  #last: Promise<unknown>;

  constructor(private readonly document: Document) {
    // The revision that edits build upon is known then.
    this.#last = document.whole;
  }

  /**
   * Execute operations on the newest revision, or on the one that `base` names.
   *
   * @throws ApiError - the server refuses them.
   */
  run(operations: Operation[], base?: number): Promise<EditData> {
    return this.queue(async () => {
      const key = idempotencyKey();
      const edit = await this.#send(() => this.#post(operations, base, key));
      await this.document.apply(edit);
      return edit;
    });
  }

  /** Take back the last batch of this session. */
  undo(): Promise<void> {
    return this.#toggle('undo');
  }

  /** Repeat the last batch that was taken back. */
  redo(): Promise<void> {
    return this.#toggle('redo');
  }

  /** Name speakers by their labels. A label itself removes the name. */
  name(names: Record<string, string>): Promise<void> {
    return this.queue(async () => {
      const params = {
        path: { transcription_id: this.document.id },
        header: { 'if-match': `"${this.document.revision}"` },
      };
      const url = '/api/transcription/speakers/assign/{transcription_id}';
      const { data } = await this.#send(() => client.call(api.POST(url, { params, body: names })));
      await this.document.follow(data.revision);
      await this.document.readSpeakers();
      this.document.undoable = true;
      this.document.redoable = false;
    });
  }

  /** Run something after all edits before it. */
  queue<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#waiting++;
    if (this.state === 'saved') this.state = 'saving';
    const next = this.#last.then(run).finally(() => {
      if (--this.#waiting === 0) this.state = 'saved';
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  #post(operations: Operation[], base: number | undefined, key: string): Promise<EditData> {
    const params = {
      path: { transcription_id: this.document.id },
      header: { 'if-match': `"${base ?? this.document.revision}"` },
    };
    const url = '/api/transcription/{transcription_id}/edits';
    const body = { operations, request_id: key };
    return client.call(api.POST(url, { params, body })).then(({ data }) => data);
  }

  #toggle(what: 'undo' | 'redo'): Promise<void> {
    return this.queue(async () => {
      const params = { path: { transcription_id: this.document.id } };
      const url = `/api/transcription/{transcription_id}/${what}` as const;
      const { data } = await client.call(api.POST(url, { params }));
      await this.document.follow(data.revision);
      await this.document.readHistory();
    });
  }

  /** Send until there is an answer. */
  async #send<Result>(call: () => Promise<Result>): Promise<Result> {
    for (let pause = 1000; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        const result = await call();
        if (this.state === 'offline') this.state = 'saving';
        return result;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        this.state = 'offline';
        await reachable(error instanceof ApiError ? 1000 * (error.retryAfter ?? 5) : pause);
      }
    }
  }
}

function isTemporary(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && [429, 502, 503, 504].includes(error.status);
}

/** Wait for a while, or until the browser has a network again. */
function reachable(pause: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener('online', go);
      resolve();
    };
    const timer = setTimeout(go, pause);
    addEventListener('online', go);
  });
}

/** Return a random key. `crypto.randomUUID` is only there over HTTPS. */
function idempotencyKey(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return [...numbers].map((number) => number.toString(16).padStart(8, '0')).join('');
}
