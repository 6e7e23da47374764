import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { textOf } from '../lib/notices.svelte';
import { searchQuery, type View } from './view';

type Schemas = components['schemas'];
export type Hit = Schemas['SearchHitData'];

/** Pause in typing after which a search begins, in milliseconds. */
const PAUSE = 250;
const PAGE = 30;
/** Pauses until a search over an index that is behind is repeated, in milliseconds. */
const FIRST_REPETITION = 2000;
const LONGEST_REPETITION = 60_000;

/** Hits of one transcription, in the order of the best one. */
export interface Group {
  id: number;
  title: string;
  created: string;
  hits: Hit[];
}

/** Search over everything, as its words are typed. */
export class Search {
  hits = $state.raw<readonly Hit[]>([]);
  /** Words that the hits belong to. */
  query = $state('');
  cursor = $state<string | null>(null);
  state = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
  reason = $state('');
  semantic = $state.raw<Schemas['CoverageData'] | undefined>();
  text = $state.raw<Schemas['CoverageData'] | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #repetition = FIRST_REPETITION;
  #running: AbortController | undefined;
  #last: { view: View; tag: string | undefined } | undefined;

  /** Search for the words of a view, after a pause in typing. */
  show(view: View, tag: string | undefined): void {
    this.close();
    this.#repetition = FIRST_REPETITION;
    if (!view.query.trim()) {
      this.state = 'idle';
      this.hits = [];
      return;
    }
    this.state = 'loading';
    this.#last = { view, tag };
    this.#timer = setTimeout(() => void this.#read(null), PAUSE);
  }

  /** Read more hits. */
  async more(): Promise<void> {
    if (this.cursor !== null && this.state === 'ready') await this.#read(this.cursor);
  }

  /** Search no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
  }

  async #read(cursor: string | null, { quietly = false } = {}): Promise<void> {
    clearTimeout(this.#timer);
    const { view, tag } = this.#last!;
    const running = (this.#running = new AbortController());
    if (!quietly) this.state = 'loading';
    const query = { ...searchQuery(view, tag), limit: PAGE, ...(cursor ? { cursor } : {}) };
    try {
      const options = { params: { query }, signal: running.signal };
      const { data } = await client.call(api.GET('/api/search', options));
      if (running.signal.aborted) return;
      this.hits = cursor ? [...this.hits, ...data.hits] : data.hits;
      this.query = view.query.trim();
      this.cursor = data.cursor;
      this.semantic = data.semantic;
      this.text = data.text;
      this.state = 'ready';
      if (!cursor && data.text.state === 'behind') this.#repeat();
    } catch (error) {
      if (running.signal.aborted || quietly) return;
      this.reason = textOf(error);
      this.state = 'failed';
    }
  }

  /** Search again later, as the server does not say when its index is up to date. */
  #repeat(): void {
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'visible') void this.#read(null, { quietly: true });
      else this.#repeat();
    }, this.#repetition);
    this.#repetition = Math.min(2 * this.#repetition, LONGEST_REPETITION);
  }
}

/** Return hits by transcription, in the order of their first ones. */
export function grouped(hits: readonly Hit[]): Group[] {
  const groups = new Map<number, Group>();
  for (const hit of hits) {
    const { transcription_id: id, title, created_at: created } = hit;
    const group = groups.get(id) ?? { id, title, created, hits: [] };
    group.hits.push(hit);
    groups.set(id, group);
  }
  return [...groups.values()];
}

/** Return the address of a hit. */
export function placeOf(hit: Hit): string {
  const page = `/t/${hit.transcription_id}`;
  return hit.start_time === null ? page : `${page}#t=${Math.round(hit.start_time * 100) / 100}`;
}
