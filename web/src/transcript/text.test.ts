import { expect, test } from 'vitest';

import { segmentFrom } from './testing';
import { textOf, textOfRange } from './text';

const segments = [
  segmentFrom('a', 'Good morning to all', 61),
  segmentFrom('b', 'Thank you', 70, { speaker: 'Ada' }),
  segmentFrom('c', 'Let us begin', 80),
];
const nameOf = ({ speaker }: { speaker: string }) => speaker;

test('a segment is copied with speaker and time', () => {
  expect(textOf(segments.slice(1, 2), nameOf)).toBe('Ada (1:10)\nThank you');
});

test('a selection begins and ends with its words', () => {
  expect(textOfRange(segments, { first: 'a.2', last: 'c.1' }, nameOf)).toBe(
    'Speaker_1 (1:02)\nto all\n\nAda (1:10)\nThank you\n\nSpeaker_1 (1:20)\nLet us',
  );
  expect(textOfRange(segments, { first: 'a.1', last: 'a.2' }, nameOf)).toBe(
    'Speaker_1 (1:01)\nmorning to',
  );
  expect(textOfRange(segments, { first: 'x', last: 'c.1' }, nameOf)).toBe('');
});
