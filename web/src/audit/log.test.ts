import { ApiError } from 'securetranscribe-js';
import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import { AuditLog, type Entry } from './log.svelte';
import { parseView } from './view';

afterEach(() => void vi.restoreAllMocks());

test('entries of another view do not stay when those of a new one cannot be read', async () => {
  const entries = [{ id: 'e1' } as unknown as Entry];
  const get = vi.spyOn(api, 'GET').mockImplementation((() => {
    const data = { data: { entries, cursor: null } };
    return Promise.resolve({ data, response: new Response() });
  }) as never);
  const log = new AuditLog();
  await log.show(parseView(''));
  expect([log.loaded, log.entries]).toEqual([true, entries]);

  get.mockRejectedValue(new ApiError('SERVICE_UNAVAILABLE', 'It is away.', 503));
  await log.read();
  expect([log.loaded, log.failed]).toEqual([true, true]);
  await log.show(parseView('from=2026-11-01'));
  expect([log.loaded, log.failed]).toEqual([false, true]);
});
