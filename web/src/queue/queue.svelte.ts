import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { inTurn } from '../lib/in_turn';
import { notices } from '../lib/notices.svelte';
import { withProgress, type Job } from './jobs';

/** Milliseconds between two readings, which count against the limit of reads. */
const PAUSE = 4000;
/** Milliseconds between readings while there is no live connection. */
const POLL = 8000;
const LIMIT = 100;

/** Jobs of the session and figures of the queue, kept up to date. */
export class Queue {
  jobs = $state.raw<readonly Job[]>([]);
  total = $state(0);
  status = $state.raw<components['schemas']['QueueData']>();
  loaded = $state(false);
  failed = $state(false);
  #readAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Follow the queue. Return a function that ends this. */
  watch(): () => void {
    const again = () => this.#schedule();
    const stops = [
      client.on('job_progress', (event) => (this.jobs = withProgress(this.jobs, event))),
      client.on('job_completed', again),
      client.on('job_failed', again),
      client.on('job_cancelled', again),
      client.on('queue_update', again),
      client.on('state', (state) => state === 'open' && again()),
    ];
    const poll = setInterval(() => client.live.state !== 'open' && again(), POLL);
    void this.read();
    return () => {
      stops.forEach((stop) => stop());
      clearInterval(poll);
      clearTimeout(this.#timer);
    };
  }

  /** Read everything. */
  readonly read = inTurn(async (): Promise<void> => {
    this.#readAt = Date.now();
    try {
      const query = { limit: LIMIT };
      const [jobs, status] = await Promise.all([
        client.call(api.GET('/api/queue/jobs', { params: { query } })),
        client.call(api.GET('/api/queue/status')),
      ]);
      this.jobs = jobs.data.jobs;
      this.total = jobs.data.total;
      this.status = status.data;
      this.loaded = true;
    } catch (error) {
      // Later readings follow by themselves, so that one notice is enough.
      if (!this.loaded && !this.failed) notices.fail(error);
      this.failed = true;
    }
  });

  /** Cancel a job. */
  async cancel(job: Job): Promise<void> {
    const path = { job_id: job.job_id };
    await this.#act(client.call(api.DELETE('/api/queue/jobs/{job_id}', { params: { path } })));
  }

  /** Start the recording of a job again. */
  async retry(job: Job): Promise<void> {
    await this.#act(client.startTranscription(job.transcription_id));
  }

  async #act(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      notices.fail(error);
    }
    await this.read();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const wait = Math.max(0, this.#readAt + PAUSE - Date.now());
    this.#timer = setTimeout(() => void this.read(), wait);
  }
}
