import { ApiError } from 'securetranscribe-js';
import { expect, test, vi } from 'vitest';

import { notices } from './notices.svelte';
import { ServerState } from './server_state.svelte';

const refusal = new ApiError('NOT_FOUND', 'It is away.', 404);

class Numbers extends ServerState {
  value = 0;
  broken = false;

  protected async load(): Promise<void> {
    if (this.broken) throw refusal;
    this.value += 1;
  }
}

test('it is read at the beginning and on each return, until the page is left', async () => {
  const numbers = new Numbers();
  const stop = numbers.watch();
  await vi.waitFor(() => expect(numbers.loaded).toBe(true));
  expect(numbers.value).toBe(1);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(numbers.value).toBe(2);
  stop();
  document.dispatchEvent(new Event('visibilitychange'));
  expect(numbers.value).toBe(2);
});

test('a failed reading is shown, and the next one makes up for it', async () => {
  const numbers = new Numbers();
  numbers.broken = true;
  const shown = notices.list.length;
  await numbers.read();
  expect([numbers.failed, numbers.loaded]).toEqual([true, false]);
  expect(notices.list).toHaveLength(shown + 1);
  numbers.broken = false;
  await numbers.read();
  expect([numbers.failed, numbers.loaded]).toEqual([false, true]);
});

test('it is read again after an action that succeeded', async () => {
  const numbers = new Numbers();
  expect(await numbers.act(Promise.resolve())).toBe(true);
  expect(numbers.value).toBe(1);
  expect(await numbers.act(Promise.reject(refusal))).toBe(false);
  expect(numbers.value).toBe(1);
});
