import type { components, LiveEvents } from 'securetranscribe-js';

export type Job = components['schemas']['JobData'];

/** Return the jobs that wait or run, and those that have ended, each newest first. */
export function sorted(jobs: readonly Job[]): { open: Job[]; ended: Job[] } {
  const isOpen = (job: Job) => job.status === 'queued' || job.status === 'processing';
  const place = (job: Job) => (job.status === 'processing' ? 0 : job.queue_position || Infinity);
  const open = jobs.filter(isOpen).sort((a, b) => place(a) - place(b) || b.id - a.id);
  return { open, ended: jobs.filter((job) => !isOpen(job)) };
}

/** Return the jobs with the progress of a message. */
export function withProgress(jobs: readonly Job[], event: LiveEvents['job_progress']): Job[] {
  return jobs.map((job) =>
    job.job_id === event.job_id && (job.status === 'queued' || job.status === 'processing')
      ? {
          ...job,
          status: 'processing',
          queue_position: 0,
          progress_percentage: Math.max(job.progress_percentage, event.progress_percentage),
          current_step: event.current_step,
          estimated_completion: event.estimated_completion,
        }
      : job,
  );
}

/** Return the seconds until a job is expected to end. */
export function secondsLeft(job: Job, now: number): number | undefined {
  if (!job.estimated_completion) return undefined;
  const seconds = (Date.parse(job.estimated_completion) - now) / 1000;
  return seconds > 0 ? seconds : undefined;
}

/** Return whether a job can be started again: it has no result, and no later job replaces it. */
export function canRetry(job: Job, jobs: readonly Job[]): boolean {
  if (job.status !== 'failed' && job.status !== 'cancelled') return false;
  return !jobs.some((one) => one.transcription_id === job.transcription_id && one.id > job.id);
}

/** Return the name of the file of a job. */
export function fileName(job: Job): string {
  return job.file_info.file_path.replace(/^\/uploads\//, '');
}
