import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import type { Work } from './work.svelte';

export type Options = components['schemas']['ReprocessBody'];

/** Milliseconds after which the state is read again while a job runs, since messages can be lost. */
const AGAIN = 15_000;

/** The job that processes the recording again, if there is one. The transcript stays as it is. */
export class Reprocessing {
  running = $state(false);
  /** Percent. */
  progress = $state(0);
  step = $state('');
  /** Why the last job failed. */
  failure = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ends: (() => void)[] = [];

  constructor(private readonly work: Work) {
    this.#take();
    const own = (event: { transcription_id: number }) =>
      event.transcription_id === work.document.id;
    this.#ends = [
      client.on('job_progress', (event) => {
        if (!own(event)) return;
        this.running = true;
        this.progress = event.progress_percentage;
        this.step = event.current_step;
        this.#wait();
      }),
      ...(['job_completed', 'job_failed', 'job_cancelled'] as const).map((type) =>
        client.on(type, (event) => own(event) && void this.#look()),
      ),
      client.on('state', (state) => state === 'open' && this.running && void this.#look()),
    ];
  }

  /** Queue a job. */
  start(options: Options): Promise<boolean> {
    return this.work.attempt(async () => {
      await this.work.draft.close();
      const params = { path: { transcription_id: this.work.document.id } };
      const url = '/api/transcription/{transcription_id}/reprocess';
      await client.call(api.POST(url, { params, body: options }));
      this.running = true;
      this.failure = '';
      this.progress = 0;
      this.step = '';
      this.#wait();
    });
  }

  /** Stop watching. */
  close(): void {
    clearTimeout(this.#timer);
    this.#ends.forEach((end) => end());
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.running) this.#timer = setTimeout(() => void this.#look(), AGAIN);
  }

  /** Read the state. Once the job has ended, the new version is shown. */
  async #look(): Promise<void> {
    const before = this.running;
    try {
      await this.work.document.readStatus();
    } catch {
      this.#wait();
      return;
    }
    this.#take();
    if (before && !this.running) await this.work.attempt(() => this.work.document.catchUp());
  }

  #take(): void {
    const status = this.work.document.status;
    this.running = status?.status === 'processing' || status?.status === 'pending';
    this.progress = status?.progress_percentage ?? 0;
    this.step = status?.current_step ?? '';
    this.failure = status?.status === 'failed' ? (status.error?.message ?? '') : '';
    this.#wait();
  }
}
