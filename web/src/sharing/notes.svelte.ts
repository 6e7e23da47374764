import type { SecureTranscribeClient } from 'securetranscribe-js';

import {
  wordsOf,
  type Note,
  type Operation,
  type Segment,
  type TranscriptData,
} from '../transcript/types';

const KEY_BYTES = 16;

/** The notes of a transcript of others, which commenters write. */
export class Notes {
  list = $state.raw<readonly Note[]>([]);
  #revision = 0;

  constructor(
    private readonly client: SecureTranscribeClient,
    private readonly id: number,
  ) {}

  /** Take the notes of a page that was read. */
  take({ notes, revision }: Pick<TranscriptData, 'notes' | 'revision'>): void {
    this.list = notes;
    this.#revision = revision;
  }

  /** Return the notes that begin in a segment. */
  of(segment: Segment): readonly Note[] {
    if (this.list.length === 0) return [];
    const ids = new Set(wordsOf(segment).map((word) => word.id));
    return this.list.filter((note) => ids.has(note.first));
  }

  /** Write a note on a segment. */
  add(segment: Segment, text: string): Promise<void> {
    const words = wordsOf(segment);
    const [first = '', last = ''] = [words[0]?.id, words.at(-1)?.id];
    return this.#run({ type: 'add_note', first, last, text });
  }

  /** Change an own note. An empty text deletes it. */
  change(note: Note, text: string): Promise<void> {
    return this.#run({ type: 'change_note', note: note.id, text });
  }

  async #run(operation: Operation): Promise<void> {
    const path = { transcription_id: this.id };
    const { api } = this.client;
    const params = { path, header: { 'if-match': `"${this.#revision}"` } };
    const body = { operations: [operation], request_id: randomKey() };
    try {
      const url = '/api/transcription/{transcription_id}/edits';
      await this.client.call(api.POST(url, { params, body }));
    } finally {
      // Others may have written meanwhile.
      const url = '/api/transcription/{transcription_id}/transcript';
      const query = { limit: 1, words: false };
      this.take((await this.client.call(api.GET(url, { params: { path, query } }))).data);
    }
  }
}

/** Return a random key. `crypto.randomUUID` is only there over HTTPS. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
