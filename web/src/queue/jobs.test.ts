import { expect, test } from 'vitest';

import { canRetry, fileName, secondsLeft, sorted, withProgress, type Job } from './jobs';

function job(id: number, changes: Partial<Job>): Job {
  return {
    id,
    job_id: `job_${id}`,
    transcription_id: id,
    session_id: 'session_1',
    queue_position: 0,
    priority: 5,
    status: 'queued',
    progress_percentage: 0,
    current_step: '',
    created_at: '2026-11-22T20:06:13Z',
    started_at: null,
    completed_at: null,
    file_info: { file_size: 1, file_duration: 30, file_path: '/uploads/a/b.wav' },
    estimated_completion: null,
    processing_time: null,
    stages: [],
    error: null,
    ...changes,
  };
}

test('running jobs come first, then waiting ones by place', () => {
  const jobs = [
    job(4, { queue_position: 2 }),
    job(3, { status: 'completed' }),
    job(2, { queue_position: 1 }),
    job(1, { status: 'processing' }),
  ];
  const { open, ended } = sorted(jobs);
  expect(open.map((one) => one.id)).toEqual([1, 2, 4]);
  expect(ended.map((one) => one.id)).toEqual([3]);
});

test('progress of a message never falls and never revives an ended job', () => {
  const event = {
    job_id: 'job_1',
    transcription_id: 1,
    progress_percentage: 20,
    current_step: 'Recognizing speech',
    estimated_completion: null,
  };
  const before = [job(1, { queue_position: 3, progress_percentage: 40 })];
  expect(withProgress(before, event)[0]).toMatchObject({
    status: 'processing',
    queue_position: 0,
    progress_percentage: 40,
    current_step: 'Recognizing speech',
  });
  const ended = [job(1, { status: 'cancelled' })];
  expect(withProgress(ended, event)).toEqual(ended);
});

test('time left is unknown without an estimate and after it', () => {
  const now = Date.parse('2026-11-22T20:06:00Z');
  const running = job(1, { estimated_completion: '2026-11-22T20:06:51Z' });
  expect(secondsLeft(running, now)).toBe(51);
  expect(secondsLeft(running, now + 60_000)).toBeUndefined();
  expect(secondsLeft(job(1, {}), now)).toBeUndefined();
});

test('only the last job of a recording can be retried, if it has no result', () => {
  const jobs = [
    job(3, { transcription_id: 9, status: 'failed' }),
    job(2, { transcription_id: 9, status: 'failed' }),
    job(1, { status: 'completed' }),
  ];
  expect(jobs.map((one) => canRetry(one, jobs))).toEqual([true, false, false]);
});

test('names of files are shown without the logical directory', () => {
  expect(fileName(job(1, {}))).toBe('a/b.wav');
});
