import { ApiError } from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { patiently } from './patience';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a busy server is asked again after the time that it names', async () => {
  const read = vi
    .fn<() => Promise<string>>()
    .mockRejectedValueOnce(new ApiError('RATE_LIMITED', 'Wait.', 429, {}, 7))
    .mockResolvedValue('text');
  const answer = patiently(read);
  await vi.advanceTimersByTimeAsync(6900);
  expect(read).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(await answer).toBe('text');
});

test('other errors are not repeated', async () => {
  const read = vi.fn(() => Promise.reject(new ApiError('NOT_FOUND', 'Gone.', 404)));
  await expect(patiently(read)).rejects.toThrow('Gone.');
  expect(read).toHaveBeenCalledTimes(1);
});
