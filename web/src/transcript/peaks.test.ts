import { expect, test } from 'vitest';

import { columnsOf } from './peaks';

test('a column has the highest peak of its stretch', () => {
  const peaks = { perSecond: 2, values: Float32Array.from([0.1, 0.5, 0.2, 0.25, 0, 0.75]) };
  expect([...columnsOf(peaks, 3, 3)]).toEqual([0.5, 0.25, 0.75]);
  expect([...columnsOf(peaks, 6, 3)].map((value) => value > 0)).toEqual([
    true,
    true,
    true,
    true,
    false,
    true,
  ]);
  expect(columnsOf({ perSecond: 2, values: new Float32Array(0) }, 4, 3).length).toBe(4);
});
