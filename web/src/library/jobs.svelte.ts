import type { LiveEvents } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import type { Item, Job } from './stages';

const LIMIT = 100;

/** Jobs of the transcriptions in the list. */
export class JobBoard {
  /** The last job by transcription. */
  byTranscription = $state.raw<ReadonlyMap<number, Job>>(new Map());
  /** Seconds that the next job of the session waits, by the queue's estimate. */
  wait = $state<number | undefined>();

  /** Read the jobs of unfinished and failed transcriptions. */
  async read(items: readonly Item[]): Promise<void> {
    const has = (...statuses: Item['status'][]) =>
      items.some((item) => statuses.includes(item.status));
    const jobs = new Map<number, Job>();
    // The newest come first, and the last job of a transcription counts.
    const add = (found: readonly Job[]) =>
      found.forEach((job) => jobs.has(job.transcription_id) || jobs.set(job.transcription_id, job));
    if (has('pending', 'processing')) {
      add(await this.#list('processing'));
      add(await this.#list('queued'));
    }
    if (has('failed')) add(await this.#list('failed'));
    this.byTranscription = jobs;
  }

  /** Take up a message about progress. Return whether its job is known to run. */
  progress(data: LiveEvents['job_progress']): boolean {
    const job = this.byTranscription.get(data.transcription_id);
    if (job?.job_id !== data.job_id || job.status !== 'processing') return false;
    const { progress_percentage, current_step, estimated_completion } = data;
    const next = { ...job, progress_percentage, current_step, estimated_completion };
    this.byTranscription = new Map(this.byTranscription).set(data.transcription_id, next);
    return true;
  }

  async #list(status_filter: 'queued' | 'processing' | 'failed'): Promise<readonly Job[]> {
    const query = { status_filter, limit: LIMIT };
    const { data } = await client.call(api.GET('/api/queue/jobs', { params: { query } }));
    return data.jobs;
  }
}
