import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import { Recordings } from './recordings.svelte';
import { parseView } from './view';

afterEach(() => void vi.restoreAllMocks());

test('an answer from before a change does not take it back', async () => {
  const answers: (() => void)[] = [];
  vi.spyOn(api, 'GET').mockImplementation(
    (() =>
      new Promise((resolve) => {
        const transcriptions = [1, 2].map((id) => ({ id, status: 'completed', favorite: false }));
        const data = { data: { transcriptions, total: 2, next_cursor: null } };
        answers.push(() => resolve({ data, response: new Response() }));
      })) as never,
  );
  const recordings = new Recordings();
  const shown = recordings.show(parseView(''));
  answers[0]!();
  await shown;
  const refreshed = recordings.refresh();
  recordings.drop([2]);
  recordings.patch(1, { favorite: true });
  answers[1]!();
  await refreshed;
  expect(recordings.items).toMatchObject([{ id: 1, favorite: true }]);
  expect([recordings.total, recordings.state]).toEqual([1, 'ready']);
});
