import { ApiError } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { textOf } from '../lib/notices.svelte';
import { JobBoard } from './jobs.svelte';
import type { Item } from './stages';
import { listQuery, parseView, type View } from './view';

const PAGE = 50;
const LARGEST_PAGE = 100;
/** Pauses between two readings, with and without a connection for messages, in milliseconds. */
const RARE = 60_000;
const OFTEN = 8000;
/** Least pause between two readings. A session may read 60 times per minute, in all of its tabs. */
const LEAST = 5000;
/** A title is suggested some seconds after a transcript is ready. */
const TITLE_PAUSE = 12_000;

const CHANNEL = 'library';
/** Reaches the lists of all tabs, also after the page of a list was left. */
const sender = new BroadcastChannel(CHANNEL);

/** An item of the trash says until when it is kept. */
export type Listed = Item & { kept_until?: string };
interface Page {
  transcriptions: Listed[];
  total: number;
  next_cursor: string | null;
}

/** The list of transcriptions of a view, as far as it was read. */
export class Recordings {
  items = $state.raw<readonly Listed[]>([]);
  total = $state(0);
  cursor = $state<string | null>(null);
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  reason = $state('');
  readonly jobs = new JobBoard();
  #view: View = parseView('');
  #reading = 0;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #last = 0;

  /** Keep the list up to date. Return a function that ends this. */
  start(): () => void {
    let lost = false;
    let title: ReturnType<typeof setTimeout> | undefined;
    const changes = new BroadcastChannel(CHANNEL);
    changes.onmessage = () => this.#refreshSoon(0);
    const stops = [
      client.on('job_progress', (data) => {
        const known = this.items.some((item) => item.id === data.transcription_id);
        if (!known || !this.jobs.progress(data)) this.#refreshSoon(1000);
      }),
      client.on('job_completed', () => {
        this.#refreshSoon(0);
        clearTimeout(title);
        title = setTimeout(() => this.#refreshSoon(0), TITLE_PAUSE);
      }),
      client.on('job_failed', () => this.#refreshSoon(0)),
      client.on('job_cancelled', () => this.#refreshSoon(0)),
      client.on('queue_update', (data) => {
        this.jobs.wait = data.estimated_wait_time || undefined;
        if (this.items.some((item) => item.status === 'pending')) this.#refreshSoon(1500);
      }),
      client.on('state', (state) => {
        // Messages in between are lost.
        if (state === 'open' && lost) this.#refreshSoon(0);
        lost ||= state === 'lost';
      }),
    ];
    const visible = () => document.visibilityState === 'visible' && this.#refreshSoon(0);
    document.addEventListener('visibilitychange', visible);
    let passed = 0;
    const timer = setInterval(() => {
      passed += OFTEN;
      const unfinished = this.items.some((item) => ['pending', 'processing'].includes(item.status));
      if (passed < RARE && !(unfinished && client.live.state !== 'open')) return;
      passed = 0;
      if (document.visibilityState === 'visible') this.#refreshSoon(0);
    }, OFTEN);
    return () => {
      stops.forEach((stop) => stop());
      document.removeEventListener('visibilitychange', visible);
      clearInterval(timer);
      clearTimeout(title);
      clearTimeout(this.#soon);
      this.#soon = undefined;
      changes.close();
    };
  }

  /** Show another view from its beginning. */
  async show(view: View): Promise<void> {
    this.#view = view;
    this.items = [];
    this.state = 'loading';
    await this.#read(PAGE);
  }

  /** Read the next page. */
  async more(): Promise<void> {
    if (this.cursor === null || this.state === 'loading') return;
    const reading = ++this.#reading;
    this.state = 'loading';
    try {
      const page = await this.#page(PAGE, this.cursor);
      if (reading !== this.#reading) return;
      const known = new Set(this.items.map((item) => item.id));
      const added = page.transcriptions.filter((item) => !known.has(item.id));
      this.#show([...this.items, ...added], page);
    } catch (error) {
      this.#fail(reading, error);
    }
  }

  /** Read again what was read before. */
  async refresh(): Promise<void> {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    await this.#read(Math.max(PAGE, this.items.length));
  }

  /** Let the lists that are shown, also those of other tabs, read again soon. */
  changed(): void {
    sender.postMessage('changed');
  }

  /** Take items from the list before the server has been asked again. */
  drop(ids: readonly number[]): void {
    this.#outdate();
    const gone = new Set(ids);
    const left = this.items.filter((item) => !gone.has(item.id));
    this.total -= this.items.length - left.length;
    this.items = left;
  }

  /** Change an item before the server has done so. */
  patch(id: number, changes: Partial<Item>): void {
    this.#outdate();
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...changes } : item));
  }

  /** Take no answer of a reading that began before a change. `changed` leads to another one. */
  #outdate(): void {
    if (this.state === 'ready') this.#reading++;
  }

  async #read(count: number): Promise<void> {
    const reading = ++this.#reading;
    this.#last = Date.now();
    const items: Listed[] = [];
    try {
      let page: Page | undefined;
      do {
        const limit = Math.min(LARGEST_PAGE, count - items.length);
        page = await this.#page(limit, page?.next_cursor ?? null);
        if (reading !== this.#reading) return;
        items.push(...page.transcriptions);
      } while (page.next_cursor !== null && items.length < count);
      this.#show(items, page);
      if (!this.#view.trash) await this.jobs.read(items, () => reading === this.#reading);
    } catch (error) {
      this.#fail(reading, error);
    }
  }

  async #page(limit: number, cursor: string | null): Promise<Page> {
    const page = { limit, ...(cursor === null ? {} : { cursor }) };
    const { data } = this.#view.trash
      ? await client.call(api.GET('/api/trash', { params: { query: page } }))
      : await client.call(
          api.GET('/api/transcription/list', {
            params: { query: { ...listQuery(this.#view), ...page } },
          }),
        );
    return data;
  }

  #show(items: readonly Listed[], page: Page): void {
    this.items = items;
    this.total = page.total;
    this.cursor = page.next_cursor;
    this.state = 'ready';
  }

  #fail(reading: number, error: unknown): void {
    if (reading !== this.#reading) return;
    if (error instanceof ApiError && error.status === 429) {
      this.#refreshSoon((error.retryAfter ?? 30) * 1000);
      if (this.items.length > 0) {
        this.state = 'ready';
        return;
      }
    }
    this.reason = textOf(error);
    this.state = 'failed';
  }

  /** Many messages at once lead to one reading. */
  #refreshSoon(pause: number): void {
    const least = this.#last + LEAST - Date.now();
    this.#soon ??= setTimeout(() => void this.refresh(), Math.max(150, pause, least));
  }
}
