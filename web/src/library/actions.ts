import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import type { Recordings } from './recordings.svelte';
import type { Shelf } from './shelf.svelte';
import { bulkFilter, type View } from './view';

/** Most transcriptions that one request changes. */
const MOST = 500;

export type Change =
  | { action: 'trash' | 'restore' | 'delete' }
  | { action: 'tag' | 'untag'; tag_id: number }
  | { action: 'move'; folder_id: number }
  | { action: 'favorite'; favorite: boolean };
/** Transcriptions by number, or all of a view. */
export type Target = readonly number[] | View;

export interface Properties {
  title?: string;
  folder_id?: number;
  favorite?: boolean;
  tag_ids?: number[];
}

/** What can be done with transcriptions of the list. Errors are shown. */
export class Actions {
  constructor(
    private readonly recordings: Recordings,
    private readonly shelf: Shelf,
  ) {}

  /** Change one transcription. The caller shows errors. */
  async save(transcription_id: number, body: Properties): Promise<void> {
    const path = { transcription_id };
    const { data } = await client.call(
      api.PUT('/api/transcription/{transcription_id}', { params: { path }, body }),
    );
    const { title, title_source, folder_id, favorite, tags } = data;
    this.recordings.patch(transcription_id, { title, title_source, folder_id, favorite, tags });
    this.recordings.changed();
    if (body.tag_ids) await this.shelf.read();
  }

  /** Mark as a favorite, or not, at once. */
  async favor(id: number, favorite: boolean): Promise<void> {
    this.recordings.patch(id, { favorite });
    const saved = await this.#do(() => this.save(id, { favorite }));
    if (!saved) this.recordings.patch(id, { favorite: !favorite });
  }

  /** Start processing, for the first time or again after a failure. */
  async start(transcription_id: number): Promise<void> {
    await this.#do(async () => {
      await client.startTranscription(transcription_id);
      this.recordings.changed();
    });
  }

  /** Move to the trash, and offer to undo it. */
  async trash(target: Target): Promise<void> {
    // Their jobs are cancelled, and start again with them.
    const active = this.recordings.items
      .filter((item) => this.recordings.jobs.isActive(item.id))
      .map((item) => item.id);
    const done = await this.change(target, { action: 'trash' });
    if (done.length === 0) return;
    notices.add({
      kind: 'success',
      text: t('library.trash.moved', { count: done.length }),
      action: {
        label: t('library.undo'),
        run: () => void this.#untrash(done, new Set(active)),
      },
    });
  }

  /** Do the same to many. Return those for which it was possible. */
  async change(target: Target, change: Change): Promise<number[]> {
    const done: number[] = [];
    const failures = new Set<string>();
    await this.#do(async () => {
      for await (const { transcription_id, error } of changes(target, change)) {
        if (error === null) done.push(transcription_id);
        else failures.add(error.message);
      }
    });
    for (const text of failures) notices.add({ kind: 'danger', text });
    if (['trash', 'restore', 'delete'].includes(change.action)) this.recordings.drop(done);
    if (done.length > 0) this.recordings.changed();
    if (done.length > 0 && change.action !== 'favorite') await this.#do(() => this.shelf.read());
    return done;
  }

  async #untrash(ids: number[], active: ReadonlySet<number>): Promise<void> {
    for (const id of await this.change(ids, { action: 'restore' })) {
      if (active.has(id)) await this.start(id);
    }
  }

  async #do(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      notices.fail(error);
      return false;
    }
  }
}

async function* changes(target: Target, change: Change) {
  // The server has defaults for the fields that the action does not use.
  const base = { folder_id: 0, favorite: true, ...change };
  if (target instanceof Array) {
    for (let at = 0; at < target.length; at += MOST) {
      const transcription_ids = target.slice(at, at + MOST);
      const body = { ...base, transcription_ids, trashed: false, cursor: '' };
      yield* (await client.call(api.POST('/api/transcriptions/bulk', { body }))).data.results;
    }
    return;
  }
  const view = target as View;
  const trashed = view.trash && change.action === 'delete';
  for (let cursor = ''; ;) {
    const body = { ...base, filter: bulkFilter(view), trashed, cursor };
    const { data } = await client.call(api.POST('/api/transcriptions/bulk', { body }));
    yield* data.results;
    if (data.next_cursor === null) return;
    cursor = data.next_cursor;
  }
}
