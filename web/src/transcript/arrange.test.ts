import { expect, test } from 'vitest';

import { arrange, readingOf } from './arrange';
import { segmentFrom } from './testing';
import type { Comparison } from './types';

const segments = [segmentFrom('a', 'one', 0), segmentFrom('b', 'two', 5), segmentFrom('c', 'x', 9)];

test('changed segments take the place of those before', () => {
  const result = arrange(segments, { changed: [segmentFrom('b', 'deux', 5)], removed: [] });
  expect(result.map((segment) => segment.text)).toEqual(['one', 'deux', 'x']);
  expect(result[0]).toBe(segments[0]);
});

test('a split adds a segment, a merge removes one', () => {
  const split = arrange(segments, { changed: [segmentFrom('d', 'new', 6)], removed: [] });
  expect(split.map((segment) => segment.id)).toEqual(['a', 'b', 'd', 'c']);
  const merged = arrange(split, { changed: [segmentFrom('b', 'two new', 5)], removed: ['d'] });
  expect(merged.map((segment) => segment.id)).toEqual(['a', 'b', 'c']);
});

function comparison(more: Partial<Comparison>): Comparison {
  return {
    transcription_id: 1,
    from_revision: 1,
    to_revision: 2,
    differences: [],
    speakers: [],
    notes: [],
    next_cursor: null,
    ...more,
  };
}

test('only the stretch that differs is read', () => {
  const [a, b] = segments as [never, never];
  const difference = { before: [a, b], after: [a], pieces: [], changes: [], revision: 2 };
  expect(readingOf(comparison({ differences: [difference] }))).toEqual({
    from: 0,
    to: 0.4,
    removed: ['b'],
    speakers: false,
  });
});

test('all is read again if there is too much, or speakers were merged', () => {
  expect(readingOf(comparison({ next_cursor: 'more' }))).toBeUndefined();
  const merged = { label: 'A', before: 'A', after: 'B', before_label: 'A', after_label: 'B' };
  expect(readingOf(comparison({ speakers: [merged] }))).toBeUndefined();
});
