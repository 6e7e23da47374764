import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { inTurn } from '../lib/in_turn';
import { placeFor, type Contradiction } from './contradictions';
import { patiently } from './patience';
import type { Work } from './work.svelte';

export type Side = components['schemas']['ResolveBody']['use'];

const PAGE = 1000;

/** Edits that contradict the newest machine version, until people have decided. */
export class Contradictions {
  open = $state.raw<readonly Contradiction[]>([]);
  /** How many were decided here. */
  #decided = 0;

  constructor(private readonly work: Work) {}

  /** Read the open ones. Without a second machine version there are none. */
  readonly read = inTurn(async (): Promise<void> => {
    if (this.work.document.machines < 2) return;
    const params = {
      path: { transcription_id: this.work.document.id },
      query: { open_only: true, limit: PAGE },
    };
    const url = '/api/transcription/{transcription_id}/conflicts';
    let decided: number;
    let found: readonly Contradiction[];
    // An answer from before a decision still lists it as open.
    do {
      decided = this.#decided;
      found = (await patiently(() => client.call(api.GET(url, { params })))).data.conflicts;
    } while (decided !== this.#decided);
    this.open = found;
  });

  /** Decide. Return whether it succeeded. */
  async resolve(one: Contradiction, use: Side): Promise<boolean> {
    const { document, draft, edits } = this.work;
    const done = await this.work.attempt(async () => {
      await draft.close();
      const params = { path: { transcription_id: document.id, conflict_id: one.id } };
      const url = '/api/transcription/{transcription_id}/conflicts/{conflict_id}/resolve';
      const place = use === 'mine' ? placeFor(one, document.segments) : {};
      const body = { use, ...place };
      const { data } = await edits.queue(() => client.call(api.POST(url, { params, body })));
      this.#decided++;
      if (data.revision > document.revision) {
        await document.follow(data.revision);
        await document.readHistory();
      }
      this.open = this.open.filter(({ id }) => id !== one.id);
    });
    // Somebody else may have decided, or changed the same words.
    if (!done) await this.read().catch(() => undefined);
    return done;
  }
}
