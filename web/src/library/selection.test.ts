import { expect, test } from 'vitest';

import { range, select } from './selection';

const ids = [9, 7, 5, 3, 1];

test('ranges go both ways and survive an item that is gone', () => {
  expect(range(ids, 7, 3)).toEqual([7, 5, 3]);
  expect(range(ids, 3, 7)).toEqual([7, 5, 3]);
  expect(range(ids, 8, 3)).toEqual([3]);
  expect(range(ids, 3, 8)).toEqual([]);
});

test('clicks with Shift select and clear ranges', () => {
  const one = select(ids, new Set(), { id: 7, on: true, shift: false, anchor: undefined });
  const three = select(ids, one, { id: 3, on: true, shift: true, anchor: 7 });
  expect([...three]).toEqual([7, 5, 3]);
  const left = select(ids, three, { id: 5, on: false, shift: true, anchor: 3 });
  expect([...left]).toEqual([7]);
});
