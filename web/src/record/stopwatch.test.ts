import { expect, test } from 'vitest';

import { Stopwatch } from './stopwatch';

test('only the time that it runs counts', () => {
  let now = 1000;
  const watch = new Stopwatch(() => now);
  watch.start();
  now += 2500;
  watch.start();
  expect(watch.seconds).toBe(2.5);
  watch.stop();
  now += 60_000;
  expect(watch.seconds).toBe(2.5);
  watch.start();
  now += 500;
  expect(watch.seconds).toBe(3);
  watch.reset(7);
  now += 500;
  expect(watch.seconds).toBe(7);
});
