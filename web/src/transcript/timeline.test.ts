import { expect, test } from 'vitest';

import { segmentFrom } from './testing';
import { afterSilence, nextPlace, segmentAt, spokenAt, startedBy } from './timeline';

const segments = [
  segmentFrom('a', 'one two three', 1),
  segmentFrom('b', 'a long sentence with many words in it', 3),
  segmentFrom('c', 'yes', 4, { channel: 2 }),
  segmentFrom('d', 'later', 20),
];

test('the segment at a time is found, also where several overlap', () => {
  expect(segmentAt(segments, 0)).toBe(-1);
  expect(segmentAt(segments, 1.2)).toBe(0);
  expect(segmentAt(segments, 4.2)).toBe(2);
  expect(segmentAt(segments, 5)).toBe(1);
  expect(segmentAt(segments, 12)).toBe(2);
  expect(segmentAt(segments, 99)).toBe(3);
});

test('the word at a time is found', () => {
  expect(spokenAt(segments[0]!, 1.6)?.text).toBe('two');
  expect(spokenAt(segments[0]!, 0.5)).toBeUndefined();
  expect(startedBy([1, 2, 2, 3], 2, (value) => value)).toBe(3);
});

test('long pauses are skipped, speech and short ones are not', () => {
  expect(afterSilence(segments, 10)).toBe(19.75);
  expect(afterSilence(segments, 4.2)).toBeUndefined();
  expect(afterSilence(segments, 2.7)).toBeUndefined();
  expect(afterSilence(segments, 18.9)).toBeUndefined();
  expect(afterSilence(segments, 30)).toBeUndefined();
});

test('a search goes on from the start', () => {
  const starred = (segment: { id: string }) => segment.id === 'b';
  expect(nextPlace(segments, 2, starred)).toBe(1);
  expect(nextPlace(segments, 2, starred, -1)).toBe(1);
  expect(nextPlace(segments, 0, () => false)).toBe(-1);
});
