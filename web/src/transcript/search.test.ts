import { expect, test } from 'vitest';

import { hitsOf } from './search';
import { segmentFrom } from './testing';

const segments = [
  segmentFrom('a', 'Ann can. Can Ann?', 0),
  segmentFrom('b', 'Cannes (2+2)', 9),
  segmentFrom('c', 'über Übermut', 20),
];
const found = (query: string, more = {}) =>
  hitsOf(segments, { query, matchCase: false, wholeWords: false, ...more }).map(
    ({ place, start }) => `${place}:${start}`,
  );

test('hits are found in all segments', () => {
  expect(found('can')).toEqual(['0:4', '0:9', '1:0']);
  expect(found('can', { matchCase: true })).toEqual(['0:4']);
  expect(found('can', { wholeWords: true })).toEqual(['0:4', '0:9']);
  expect(found('über', { wholeWords: true })).toEqual(['2:0']);
});

test('signs stand for themselves, and blanks find nothing', () => {
  expect(found('(2+2)')).toEqual(['1:7']);
  expect(found('  ')).toEqual([]);
  expect(hitsOf(segments, { query: 'n', matchCase: false, wholeWords: false }, 2)).toHaveLength(2);
});
