import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import { grouped, placeOf, Search, type Hit } from './search.svelte';
import { parseView } from './view';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const hit = (transcription_id: number, start_time: number | null) =>
  ({ transcription_id, start_time, title: `Title ${transcription_id}`, created_at: '' }) as Hit;

test('hits are shown by transcription, best first', () => {
  const groups = grouped([hit(2, 1), hit(1, 5), hit(2, 9)]);
  expect(groups.map((group) => [group.id, group.hits.length])).toEqual([
    [2, 2],
    [1, 1],
  ]);
});

test('a hit leads to its place', () => {
  expect(placeOf(hit(7, 81.4))).toBe('/t/7#t=81.4');
  expect(placeOf(hit(7, null))).toBe('/t/7');
});

/** Answer searches one after the other: whether everything is indexed, and the hits. */
function answered(...answers: ['behind' | 'complete', Hit[]][]) {
  vi.useFakeTimers();
  return vi.spyOn(api, 'GET').mockImplementation((() => {
    const [state, hits] = answers.shift()!;
    const coverage = { state, indexed: 0, total: 1 };
    const data = { data: { hits, cursor: null, text: coverage, semantic: coverage } };
    return Promise.resolve({ data, response: new Response() });
  }) as never);
}

test('a search is repeated until everything is indexed', async () => {
  const get = answered(['behind', []], ['behind', []], ['complete', [hit(1, 2)]]);
  const search = new Search();
  search.show(parseView('?q=word'), undefined);
  await vi.advanceTimersByTimeAsync(300);
  expect([get.mock.calls.length, search.state]).toEqual([1, 'ready']);
  await vi.advanceTimersByTimeAsync(2000);
  expect([get.mock.calls.length, search.hits.length]).toEqual([2, 0]);
  await vi.advanceTimersByTimeAsync(4000);
  expect([get.mock.calls.length, search.hits.length]).toEqual([3, 1]);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(get).toHaveBeenCalledTimes(3);
});

test('nothing is searched for once the page is left', async () => {
  const get = answered(['behind', []]);
  const search = new Search();
  search.show(parseView('?q=word'), undefined);
  await vi.advanceTimersByTimeAsync(300);
  search.close();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(get).toHaveBeenCalledTimes(1);
});
