import { expect, test } from 'vitest';

import { placeFor } from './contradictions';
import { segmentFrom } from './testing';

const segments = [segmentFrom('a', 'one two three', 1), segmentFrom('b', 'four', 10)];
const lost = (start: number) => placeFor({ kind: 'words', placed: false, start }, segments);

test('lost words are inserted where they were said', () => {
  expect(lost(1.6)).toEqual({ after: 'a.1' });
  expect(lost(8)).toEqual({ after: 'a.2' });
  expect(lost(0.2)).toEqual({ segment: 'a' });
  expect(placeFor({ kind: 'words', placed: false, start: 1 }, [])).toEqual({});
});

test('other edits need no place', () => {
  expect(placeFor({ kind: 'words', placed: true, start: 1 }, segments)).toEqual({});
  expect(placeFor({ kind: 'note', placed: false, start: 1 }, segments)).toEqual({});
});
