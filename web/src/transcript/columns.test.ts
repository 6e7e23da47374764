import { expect, test } from 'vitest';

import { highestOf, looksOf } from './columns';

test('a column has the highest value of its stretch', () => {
  const values = Float32Array.from([0.1, 0.5, 0.2, 0.25, 0, 0.75]);
  expect([...highestOf(values, 3)]).toEqual([0.5, 0.25, 0.75]);
  expect([...highestOf(values, 12)].filter((value) => value === 0.5)).toHaveLength(2);
  expect([...highestOf([], 2)]).toEqual([0, 0]);
});

test('a column has the look of the speaker between two times', () => {
  const segments = [
    { start_time: 0, end_time: 2, speaker_label: 'SPEAKER_01' },
    { start_time: 3, end_time: 5, speaker_label: 'SPEAKER_02' },
    { start_time: 7.1, end_time: 7.2, speaker_label: 'SPEAKER_01' },
  ];
  expect([...looksOf(segments, 8, 0, 8)]).toEqual([0, 0, -1, 1, 1, -1, -1, 0]);
  expect([...looksOf(segments, 4, 4, 6)]).toEqual([1, 1, -1, -1]);
});
