import { expect, test } from 'vitest';

import { locale } from '../lib/i18n.svelte';
import { barsOf, keyOf, span, sumOf, type Period } from './figures';

function period(completed: number, failed: number, sound_duration = 0): Period {
  return { start: '2026-11-22T20:05:00Z', completed, failed, sound_duration };
}

test.each([
  [0.4, '0 seconds'],
  [59, '59 seconds'],
  [90, '1.5 minutes'],
  [3600, '1 hour'],
  [604_800, '7 days'],
])('%d s are %s', (seconds, text) => {
  locale.code = 'en';
  expect(span(seconds)).toBe(text);
});

test('bars are parts of the tallest one', () => {
  expect(barsOf([period(3, 1), period(0, 0), period(2, 0)])).toEqual([
    { completed: 0.75, failed: 0.25 },
    { completed: 0, failed: 0 },
    { completed: 0.5, failed: 0 },
  ]);
  expect(barsOf([period(0, 0)])).toEqual([{ completed: 0, failed: 0 }]);
});

test('periods are summed up', () => {
  expect(sumOf([period(3, 1, 60), period(2, 0, 30)])).toEqual({
    completed: 5,
    failed: 1,
    sound: 90,
  });
});

test('items differ by service, step and name', () => {
  const item = { service: 'speakers', step: 'outbox', item: '1' };
  expect(keyOf(item)).not.toBe(keyOf({ ...item, service: 'gateway' }));
  expect(keyOf({ ...item, step: 'outbox,1' })).not.toBe(keyOf({ ...item, item: '1,outbox' }));
});
