import { api, client } from '../lib/client';
import { inTurn } from '../lib/in_turn';
import { patiently } from './patience';
import { arrange, readingOf } from './arrange';
import type { EditData, History, Note, Segment, Status, TranscriptData, Voice } from './types';

const FIRST_PAGE = 100;
const PAGE = 1000;

/** A transcript, read page by page, and kept at its newest revision. */
export class Document {
  status = $state.raw<Status>();
  segments = $state.raw<readonly Segment[]>([]);
  notes = $state.raw<readonly Note[]>([]);
  voices = $state.raw<readonly Voice[]>([]);
  revision = $state(0);
  total = $state(0);
  undoable = $state(false);
  redoable = $state(false);
  /** Number of machine versions: one more each time the recording is processed again. */
  machines = $state(1);
  /** Whether it belongs to the workspace. Others share it for editing. */
  own = $state(true);
  /** Whether all segments are there. */
  complete = $state(false);
  readonly names = $derived(new Map(this.voices.map((voice) => [voice.speaker_label, voice.name])));
  /** Resolves once all segments are there for the first time. */
  readonly whole: Promise<void>;
  #arrived: () => void = () => undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(readonly id: number) {
    this.whole = new Promise((resolve) => (this.#arrived = resolve));
  }

  /** Read the state of the transcription, and its transcript once there is one. */
  async load(): Promise<void> {
    const { status, speakers } = await this.readStatus();
    // While a recording is processed again, its transcript is there.
    if (status === 'completed' || speakers.length > 0) await this.reload();
  }

  /** Read the state of the transcription. */
  readonly readStatus = inTurn(async (): Promise<Status> => {
    const params = { path: { transcription_id: this.id }, query: { transcript: false } };
    const url = '/api/transcription/status/{transcription_id}';
    const { data } = await patiently(() => client.call(api.GET(url, { params })));
    this.status = data;
    return data;
  });

  /** Read the whole transcript. The first page is shown before the rest is there. */
  async reload(): Promise<void> {
    const fresh = this.segments.length === 0;
    const first = await this.#read({ limit: fresh ? FIRST_PAGE : PAGE });
    const found = [...first.segments];
    if (fresh) this.segments = first.segments;
    this.total = first.total;
    await this.readSpeakers();
    while (found.length < first.total && !this.#closed) {
      const page = await this.#read({
        limit: PAGE,
        offset: found.length,
        revision: first.revision,
      });
      if (page.segments.length === 0) break;
      found.push(...page.segments);
      if (fresh) this.segments = [...found];
    }
    this.#show(found, first);
    this.complete = true;
    this.#arrived();
    await this.readHistory();
  }

  /** Read who speaks. */
  readonly readSpeakers = inTurn(async (): Promise<void> => {
    const path = { transcription_id: this.id };
    const url = '/api/transcription/speakers/{transcription_id}';
    this.voices = (await patiently(() => client.call(api.GET(url, { params: { path } })))).data;
  });

  /** Read all notes. */
  readonly readNotes = inTurn(async (): Promise<void> => {
    this.notes = (await this.#read({ limit: 1, words: false })).notes;
  });

  /** Return the history, and note what can be taken back. */
  readonly readHistory = inTurn(async (): Promise<History> => {
    const path = { transcription_id: this.id };
    const url = '/api/transcription/{transcription_id}/revisions';
    const { data } = await patiently(() => client.call(api.GET(url, { params: { path } })));
    this.undoable = data.undoable_revision !== null;
    this.redoable = data.redoable_revision !== null;
    this.machines = data.revisions.filter(({ kind }) => kind === 'machine').length;
    return data;
  });

  /** Show the result of an own edit. */
  async apply(edit: EditData): Promise<void> {
    this.undoable = true;
    this.redoable = false;
    if (edit.revision !== this.revision + 1) {
      await this.follow(edit.revision);
      return;
    }
    this.segments = arrange(this.segments, edit);
    this.total = this.segments.length;
    this.revision = edit.revision;
  }

  /** Read what has changed up to a revision. */
  follow(revision: number): Promise<void> {
    const next = this.#last.then(() => this.#follow(revision));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Read the newest revision, for example after the connection was lost. */
  async catchUp(): Promise<void> {
    const { newest_revision } = await this.#read({ limit: 1, words: false });
    await this.follow(newest_revision);
  }

  /** Stop reading. */
  close(): void {
    this.#closed = true;
  }

  /** Return the name of a speaker. */
  nameOf(segment: Pick<Segment, 'speaker' | 'speaker_label'>): string {
    return this.names.get(segment.speaker_label) ?? segment.speaker;
  }

  /** Return the place of a segment, or -1. */
  placeOf(id: string): number {
    return this.segments.findIndex((segment) => segment.id === id);
  }

  async #follow(revision: number): Promise<void> {
    if (revision <= this.revision || !this.complete) return;
    const reading = await this.#reading(revision);
    if (!reading) {
      await this.reload();
      return;
    }
    const { from, to, removed, speakers } = reading;
    const read = await this.#read({ from, to: to + 0.001, limit: PAGE, revision });
    if (read.total > PAGE) return this.reload();
    this.#show(arrange(this.segments, { changed: to > 0 ? read.segments : [], removed }), read);
    if (speakers) await this.readSpeakers();
  }

  async #reading(revision: number): Promise<ReturnType<typeof readingOf>> {
    const path = { transcription_id: this.id };
    const query = { from: this.revision, to: revision };
    const url = '/api/transcription/{transcription_id}/revisions/compare';
    try {
      const { data } = await patiently(() =>
        client.call(api.GET(url, { params: { path, query } })),
      );
      const version = this.segments[0]?.id.split('.')[0];
      const same = data.differences.every((one) =>
        one.after.every((segment) => segment.id.split('.')[0] === version),
      );
      return same ? readingOf(data) : undefined;
    } catch {
      return undefined;
    }
  }

  #show(segments: readonly Segment[], read: TranscriptData): void {
    this.segments = segments;
    this.total = segments.length;
    this.notes = read.notes;
    this.revision = read.revision;
  }

  async #read(query: {
    limit: number;
    words?: boolean;
    offset?: number;
    from?: number;
    to?: number;
    revision?: number;
  }): Promise<TranscriptData> {
    const params = {
      path: { transcription_id: this.id },
      query: { words: true, ...query },
    };
    const url = '/api/transcription/{transcription_id}/transcript';
    return (await patiently(() => client.call(api.GET(url, { params })))).data;
  }
}
