import { expect, test } from 'vitest';

import { grouped, placeOf, type Hit } from './search.svelte';

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
