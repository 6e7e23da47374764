import { expect, test } from 'vitest';

import { stageOf, type Item, type Job } from './stages';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const item = (status: Item['status']) => ({ id: 1, status, progress_percentage: 5 }) as Item;
const job = (changes: Partial<Job>): Job => ({
  job_id: 'job_1',
  transcription_id: 1,
  status: 'processing',
  queue_position: 0,
  progress_percentage: 41.6,
  current_step: 'Recognizing speech',
  estimated_completion: '2026-01-01T12:01:30Z',
  error: null,
  ...changes,
});

test('a recording that waits has its place and time left', () => {
  const waiting = job({ status: 'queued', queue_position: 3, estimated_completion: null });
  expect(stageOf(item('pending'), waiting, NOW, 120)).toEqual({
    kind: 'waiting',
    key: 'library.stage.place',
    place: 3,
    left: 120,
  });
});

test('a recording in progress has its step', () => {
  expect(stageOf(item('processing'), job({}), NOW)).toEqual({
    kind: 'running',
    key: 'library.stage.recognizing',
    percent: 42,
    left: 90,
  });
  const unknown = job({ current_step: 'Polishing', estimated_completion: null });
  expect(stageOf(item('processing'), unknown, NOW).key).toBe('library.stage.processing');
  expect(stageOf(item('processing'), undefined, NOW).percent).toBe(5);
});

test('the end of a recording counts more than a job of before', () => {
  expect(stageOf(item('completed'), job({}), NOW).kind).toBe('ready');
  const failed = job({ status: 'failed', error: { message: 'No speech.' } });
  expect(stageOf(item('failed'), failed, NOW)).toEqual({
    kind: 'failed',
    key: 'library.stage.failed',
    reason: 'No speech.',
  });
  expect(stageOf(item('pending'), job({ status: 'cancelled' }), NOW).kind).toBe('idle');
});
