import type { components } from 'securetranscribe-js';

import type { Key } from '../lib/i18n.svelte';

export type Item = components['schemas']['TranscriptionItem'];
export type Job = Pick<
  components['schemas']['JobData'],
  | 'job_id'
  | 'transcription_id'
  | 'status'
  | 'queue_position'
  | 'progress_percentage'
  | 'current_step'
  | 'estimated_completion'
> & { error: { message: string } | null };

export interface Stage {
  kind: 'idle' | 'waiting' | 'running' | 'ready' | 'failed';
  key: Key;
  /** Place in the queue, from 1. */
  place?: number;
  percent?: number;
  /** Seconds until it is ready. */
  left?: number;
  /** Why it failed. */
  reason?: string;
}

const STEPS: Record<string, Key> = {
  Starting: 'library.stage.starting',
  'Recognizing speech': 'library.stage.recognizing',
  'Finding who speaks when': 'library.stage.turns',
  'Comparing voices': 'library.stage.voices',
  'Telling speakers apart': 'library.stage.speakers',
  'Assigning words to speakers': 'library.stage.merging',
};

/** Return the stage of a transcription. `wait` is the estimate of the queue, in seconds. */
export function stageOf(
  item: Pick<Item, 'status' | 'progress_percentage'>,
  job: Job | undefined,
  now: number,
  wait?: number,
): Stage {
  if (item.status === 'completed') return { kind: 'ready', key: 'library.stage.ready' };
  if (item.status === 'failed') {
    const reason = job?.error?.message;
    return { kind: 'failed', key: 'library.stage.failed', ...(reason ? { reason } : {}) };
  }
  if (job?.status === 'queued') return waiting(job, now, wait);
  if (job?.status === 'processing') {
    const left = leftOf(job, now);
    return {
      kind: 'running',
      key: STEPS[job.current_step] ?? 'library.stage.processing',
      percent: Math.round(job.progress_percentage),
      ...(left === undefined ? {} : { left }),
    };
  }
  if (item.status === 'processing') {
    const percent = Math.round(item.progress_percentage);
    return { kind: 'running', key: 'library.stage.processing', percent };
  }
  return { kind: 'idle', key: 'library.stage.idle' };
}

function waiting(job: Job, now: number, wait: number | undefined): Stage {
  const left = leftOf(job, now) ?? wait;
  return {
    kind: 'waiting',
    key: job.queue_position > 0 ? 'library.stage.place' : 'library.stage.waiting',
    ...(job.queue_position > 0 ? { place: job.queue_position } : {}),
    ...(left ? { left } : {}),
  };
}

function leftOf(job: Job, now: number): number | undefined {
  if (!job.estimated_completion) return undefined;
  const seconds = (Date.parse(job.estimated_completion) - now) / 1000;
  return seconds > 0 ? seconds : undefined;
}
