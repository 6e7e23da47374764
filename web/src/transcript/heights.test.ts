import { expect, test } from 'vitest';

import { Heights } from './heights';

const ids = Array.from({ length: 1000 }, (_, number) => `s${number}`);

test('rows begin after the heights before them', () => {
  const heights = new Heights(50);
  heights.arrange(ids);
  expect(heights.total).toBe(50_000);
  expect(heights.measure('s3', 80)).toBe(true);
  expect(heights.measure('s3', 80.2)).toBe(false);
  expect(heights.before(3)).toBe(150);
  expect(heights.before(4)).toBe(230);
  expect(heights.total).toBe(50_030);
});

test('the row at a distance is found', () => {
  const heights = new Heights(50);
  heights.arrange(ids);
  heights.measure('s0', 10);
  heights.measure('s1', 0);
  expect(heights.at(0)).toBe(0);
  expect(heights.at(9.9)).toBe(0);
  expect(heights.at(10)).toBe(2);
  expect(heights.at(1e9)).toBe(999);
  expect(heights.at(-5)).toBe(0);
  for (let place = 2; place < 1000; place += 97) {
    expect(heights.at(heights.before(place))).toBe(place);
  }
});

test('rows that stay keep their heights', () => {
  const heights = new Heights(50);
  heights.arrange(ids);
  heights.measure('s2', 90);
  heights.arrange(['s2', 's5']);
  expect(heights.total).toBe(140);
  heights.arrange([]);
  expect(heights.total).toBe(0);
  expect(heights.at(10)).toBe(0);
});
