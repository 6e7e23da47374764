import { expect, test } from 'vitest';

import type { Segment } from '../transcript/types';
import { notesFrom, operationsFor, reached, type LiveNote } from './notes';

const note = (at: number, text = ''): LiveNote => ({
  key: `note-${at}`,
  recording: 'one',
  at,
  text,
  madeAt: 0,
});

const segment = (id: string, start: number, words: [string, number][]): Segment =>
  ({
    id,
    start_time: start,
    end_time: start + 1,
    words: words.map(([name, from]) => ({ id: name, start: from })),
  }) as unknown as Segment;

const SEGMENTS = [
  segment('1', 0.5, [
    ['1.1', 0.5],
    ['1.2', 1.5],
    ['1.3', 2.5],
  ]),
  segment('2', 8, [['2.1', 8]]),
];

test('a note belongs to the word that was said when it was made', () => {
  expect(operationsFor([note(2, 'Ask Ada'), note(30, 'End')], SEGMENTS)).toEqual([
    { type: 'add_note', first: '1.2', last: '1.2', text: 'Ask Ada' },
    { type: 'add_note', first: '2.1', last: '2.1', text: 'End' },
  ]);
});

test('a note in a pause belongs to the word before, and one before everything to the first', () => {
  expect(operationsFor([note(7, 'Pause'), note(0, 'Before')], SEGMENTS)).toEqual([
    { type: 'add_note', first: '1.3', last: '1.3', text: 'Pause' },
    { type: 'add_note', first: '1.1', last: '1.1', text: 'Before' },
  ]);
});

test('a bookmark stars its segment', () => {
  expect(operationsFor([note(9)], SEGMENTS)).toEqual([
    { type: 'set_starred', segment: '2', starred: true },
  ]);
});

test('a transcript without words takes no notes', () => {
  expect(operationsFor([note(1, 'Nobody spoke')], [])).toEqual([]);
});

test('notes wait until the text of a live session reaches them', () => {
  expect(reached([note(2), note(8.5), note(9.5)], SEGMENTS)).toEqual([note(2), note(8.5)]);
  expect(reached([note(0)], [])).toEqual([]);
});

test('damaged notes are left out', () => {
  expect(notesFrom(JSON.stringify([note(1, 'Good'), { key: 'x' }, null, 7]))).toEqual([
    note(1, 'Good'),
  ]);
  expect(notesFrom('{')).toEqual([]);
  expect(notesFrom(null)).toEqual([]);
  expect(notesFrom('"text"')).toEqual([]);
});
