import { expect, test } from 'vitest';

import { Pace } from './pace';

test('speed and time left follow the last seconds', () => {
  const pace = new Pace();
  pace.note(0, 0);
  expect(pace.speed).toBeUndefined();
  for (let second = 1; second <= 10; second++) pace.note(second * 100, second * 1000);
  expect(pace.speed).toBe(100);
  for (let second = 11; second <= 30; second++) {
    pace.note(1000 + (second - 10) * 300, second * 1000);
  }
  expect(pace.speed).toBe(300);
  expect(pace.left(7600)).toBe(2);
});

test('a transfer that begins again has no speed of before', () => {
  const pace = new Pace();
  pace.note(500, 0);
  pace.note(900, 1000);
  pace.note(100, 2000);
  expect(pace.speed).toBeUndefined();
  pace.note(300, 3000);
  expect(pace.speed).toBe(200);
});
