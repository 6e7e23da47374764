import { tick } from 'svelte';

import { api, client } from '../lib/client';
import type { Summary } from './summary';
import type { Work } from './work.svelte';

/** The summary of a transcript, which is read when its panel is opened. */
export class Summarizing {
  data = $state.raw<Summary>();
  open = $state(false);
  busy = $state(false);
  /** Bring the panel into view. It sets it. */
  reveal: () => void = () => undefined;

  constructor(private readonly work: Work) {}

  /** Whether the transcript has changed since. */
  get stale(): boolean {
    return this.data !== undefined && this.data.revision < this.work.document.revision;
  }

  /** Open the panel. */
  async show(): Promise<void> {
    this.open = true;
    if (!this.data && !this.busy) await this.read();
    await tick();
    this.reveal();
  }

  /** Read the summary of the transcript as it is now. */
  async read(): Promise<void> {
    this.busy = true;
    await this.work.attempt(async () => {
      await this.work.draft.save();
      const params = { path: { transcription_id: this.work.document.id } };
      const url = '/api/transcription/{transcription_id}/summary';
      this.data = (await client.call(api.GET(url, { params }))).data;
    });
    this.busy = false;
  }
}
