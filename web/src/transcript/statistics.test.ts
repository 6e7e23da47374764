import { expect, test } from 'vitest';

import { statisticsOf } from './statistics';
import { segmentFrom } from './testing';
import type { Segment } from './types';

function by(label: string, id: string, start: number, end: number, more = {}): Segment {
  const segment = segmentFrom(id, 'one two three', start, { end_time: end, ...more });
  const words = segment.words!.map((word) => ({ ...word, speakers: [label] }));
  return { ...segment, speaker_label: label, words };
}

test('times, words and turns are added up per person', () => {
  const segments = [
    by('A', 'a', 0, 10),
    by('A', 'b', 12, 20),
    by('B', 'c', 20, 26),
    by('A', 'd', 30, 36),
  ];
  const { people, silence, overlap } = statisticsOf(segments, 40);
  expect(people).toEqual([
    {
      label: 'A',
      seconds: 24,
      share: 0.8,
      words: 9,
      perMinute: 22.5,
      longestTurn: 20,
      overlap: 0,
    },
    { label: 'B', seconds: 6, share: 0.2, words: 3, perMinute: 30, longestTurn: 6, overlap: 0 },
  ]);
  expect([silence, overlap]).toEqual([10, 0]);
});

test('overlapping segments count for both', () => {
  const { people, overlap, silence } = statisticsOf([by('A', 'a', 0, 10), by('B', 'b', 8, 12)], 12);
  expect(people.map((one) => [one.label, one.seconds, one.overlap])).toEqual([
    ['A', 10, 2],
    ['B', 4, 2],
  ]);
  expect([overlap, silence]).toEqual([2, 0]);
});

test('who speaks during words of others is heard', () => {
  const segment = by('A', 'a', 0, 2);
  segment.words![1]!.speakers = ['A', 'B'];
  const { people, overlap } = statisticsOf([segment], 2);
  expect(people.map((one) => [one.label, one.words])).toEqual([
    ['A', 3],
    ['B', 0],
  ]);
  expect(overlap).toBeCloseTo(0.4);
});

test('overlapping segments of one person are no overlap, and empty ones no speech', () => {
  const segments = [by('A', 'a', 0, 4), by('A', 'b', 2, 6), by('B', 'c', 6, 9, { text: ' ' })];
  const { people, overlap, silence } = statisticsOf(segments, 10);
  expect(people.map((one) => [one.label, one.seconds, one.longestTurn])).toEqual([['A', 6, 6]]);
  expect([overlap, silence]).toEqual([0, 4]);
  expect(statisticsOf([], 3)).toEqual({ people: [], silence: 3, overlap: 0 });
});
