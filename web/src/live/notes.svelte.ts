import { ApiError } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import type { Segment } from '../transcript/types';
import { LIVE_NOTES } from './kept';
import { isLive } from './live';
import { notesFrom, operationsFor, reached, type LiveNote } from './notes';

/** Milliseconds between questions whether a transcript is there, besides the server's messages. */
const PAUSE = 15_000;
/** Milliseconds after which notes of a transcription that cannot be found are given up. */
const LONGEST = 7 * 24 * 3600_000;
/** Segments per request. */
const PAGE = 1000;

type NewNote = Pick<LiveNote, 'recording' | 'at' | 'text' | 'transcriptionId'>;

/** Notes of recordings of this browser, until they are in their transcripts. */
class LiveNotes {
  list = $state.raw<readonly LiveNote[]>(notesFrom(localStorage.getItem(LIVE_NOTES)));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;

  constructor() {
    // Other tabs write notes, too.
    addEventListener('storage', ({ key, newValue }) => {
      if (key === LIVE_NOTES || key === null) this.list = notesFrom(newValue);
    });
  }

  /** Return the notes of a recording that is going on. */
  of(recording: string): readonly LiveNote[] {
    const own = this.list.filter((one) => one.recording === recording);
    return own.toSorted((one, other) => one.at - other.at);
  }

  /** Make a note. Its transcription is known once the server has the recording. */
  add({ recording, at, text, transcriptionId }: NewNote): void {
    const key = crypto.randomUUID();
    this.#keep([...this.list, { key, recording, at, text, transcriptionId, madeAt: Date.now() }]);
    this.write();
  }

  remove(note: LiveNote): void {
    this.#keep(this.list.filter((one) => one.key !== note.key));
  }

  /** Write the rest of the notes of a recording as soon as its transcript is there. */
  end(recording: string, transcriptionId: number): void {
    const rest = this.list.filter((one) => one.recording !== recording || !one.written);
    this.#keep(
      rest.map((one) =>
        one.recording === recording ? { transcriptionId, ...one, recording: '' } : one,
      ),
    );
    this.write();
  }

  /** Forget the notes of a recording that was discarded. */
  forget(recording: string): void {
    this.#keep(this.list.filter((one) => one.recording !== recording));
  }

  /** Write the notes of all recordings whose transcripts are there, now or later. */
  readonly write = (): void => {
    clearTimeout(this.#timer);
    if (this.#busy || !this.#waiting) return;
    this.#busy = true;
    const work = () => this.#writeAll();
    // One tab does it.
    void (navigator.locks ? navigator.locks.request(LIVE_NOTES, work) : work()).finally(() => {
      this.#busy = false;
      if (this.#waiting) this.#timer = setTimeout(this.write, PAUSE);
    });
  };

  get #waiting(): boolean {
    return this.list.some((one) => one.transcriptionId && !one.written);
  }

  async #writeAll(): Promise<void> {
    this.list = notesFrom(localStorage.getItem(LIVE_NOTES));
    const waiting = this.list.filter((one) => !one.written);
    for (const id of new Set(waiting.map((one) => one.transcriptionId))) {
      if (id === undefined) continue;
      const own = waiting.filter((one) => one.transcriptionId === id);
      const done = await writeInto(id, own).catch((error: unknown) => this.#hopeless(error, own));
      const keys = new Set(done.map((one) => one.key));
      this.#keep(
        this.list.flatMap((one) => {
          if (!keys.has(one.key)) return [one];
          // Those of a recording that goes on are still listed.
          return one.recording ? [{ ...one, written: true }] : [];
        }),
      );
    }
  }

  /** Return the notes to give up. The next attempt may succeed after all passing errors. */
  #hopeless(error: unknown, own: readonly LiveNote[]): readonly LiveNote[] {
    if (!(error instanceof ApiError)) return [];
    const old = own.filter((one) => Date.now() - one.madeAt > LONGEST);
    if (old.length > 0) {
      notices.add({ kind: 'danger', text: t('live.note.lost', { count: old.length }) });
    }
    return old;
  }

  #keep(list: readonly LiveNote[]): void {
    this.list = list;
    if (list.length > 0) localStorage.setItem(LIVE_NOTES, JSON.stringify(list));
    else localStorage.removeItem(LIVE_NOTES);
  }
}

/** Write notes into a transcript, or into live text that reaches them. Return those that it has. */
async function writeInto(id: number, notes: readonly LiveNote[]): Promise<readonly LiveNote[]> {
  const path = { transcription_id: id };
  const url = '/api/transcription/status/{transcription_id}';
  const asked = api.GET(url, { params: { path, query: { transcript: false } } });
  const { data: status } = await client.call(asked);
  const live = isLive(status);
  if (status.status !== 'completed' && !live) return [];
  const { segments, ...read } = await readTranscript(id);
  let { revision } = read;
  const found = live ? reached(notes, segments) : notes;
  for (const note of found) {
    const operations = operationsFor([note], segments);
    if (operations.length === 0) continue;
    const header = { 'if-match': `"${revision}"` };
    // A repetition after a lost answer changes nothing.
    const body = { operations, request_id: note.key };
    const address = '/api/transcription/{transcription_id}/edits';
    const made = await client.call(api.POST(address, { params: { path, header }, body }));
    revision = made.data.revision;
  }
  return found;
}

async function readTranscript(id: number): Promise<{ segments: Segment[]; revision: number }> {
  const segments: Segment[] = [];
  let revision = 0;
  for (let total = 1; segments.length < total;) {
    const query = { limit: PAGE, offset: segments.length, words: true };
    const params = { path: { transcription_id: id }, query };
    const url = '/api/transcription/{transcription_id}/transcript';
    const { data } = await client.call(api.GET(url, { params }));
    if (data.segments.length === 0) break;
    segments.push(...data.segments);
    ({ total, revision } = data);
  }
  return { segments, revision };
}

export const liveNotes = new LiveNotes();

// The transcript may be there with the next message.
client.on('job_completed', liveNotes.write);
