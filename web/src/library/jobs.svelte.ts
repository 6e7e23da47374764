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

  /** Read the jobs of unfinished and failed transcriptions, and show them while `wanted`. */
  async read(items: readonly Item[], wanted: () => boolean): Promise<void> {
    const jobs = new Map<number, Job>();
    if (items.some((item) => item.status !== 'completed')) {
      const params = { query: { limit: LIMIT } };
      const { data } = await client.call(api.GET('/api/queue/jobs', { params }));
      // The newest come first, and the last job of a transcription counts.
      for (const job of data.jobs) {
        if (!jobs.has(job.transcription_id)) jobs.set(job.transcription_id, job);
      }
    }
    if (wanted()) this.byTranscription = jobs;
  }

  /** Return whether a transcription waits or is in progress. */
  isActive(id: number): boolean {
    return ['queued', 'processing'].includes(this.byTranscription.get(id)?.status ?? '');
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
}
