import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { inTurn } from './in_turn';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Readings that are answered by hand, in the order of their beginning. */
function byHand() {
  const answers: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  const read = vi.fn(
    () => new Promise<string>((resolve, reject) => answers.push({ resolve, reject })),
  );
  return { answers, read };
}

test('calls during a reading share the next one, which begins after it', async () => {
  const { answers, read } = byHand();
  const reader = inTurn(read);
  const first = reader();
  const others = [reader(), reader()];
  await vi.advanceTimersByTimeAsync(100);
  expect(read).toHaveBeenCalledTimes(1);
  answers[0]!.resolve('old');
  await expect(first).resolves.toBe('old');
  await vi.advanceTimersByTimeAsync(0);
  expect(read).toHaveBeenCalledTimes(2);
  answers[1]!.resolve('new');
  await expect(Promise.all(others)).resolves.toEqual(['new', 'new']);
  void reader();
  expect(read).toHaveBeenCalledTimes(3);
});

test('a failed reading is told to its callers only', async () => {
  const { answers, read } = byHand();
  const reader = inTurn(read);
  const first = expect(reader()).rejects.toThrow('away');
  const second = reader();
  answers[0]!.reject(new Error('away'));
  await first;
  await vi.advanceTimersByTimeAsync(0);
  answers[1]!.resolve('there');
  await expect(second).resolves.toBe('there');
});

test('a reading that is never answered keeps others waiting for a while only', async () => {
  const { answers, read } = byHand();
  const reader = inTurn(read);
  void reader();
  const second = reader();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(read).toHaveBeenCalledTimes(2);
  answers[1]!.resolve('new');
  await expect(second).resolves.toBe('new');
});
