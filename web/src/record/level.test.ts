import { expect, test } from 'vitest';

import { isClipped, levelOf, LoudnessGauge } from './level';

const tone = (amplitude: number) =>
  Float32Array.from({ length: 480 }, (_, at) => amplitude * Math.sin((at * Math.PI) / 24));

test('the level of silence is none, and that of the loudest sound is nearly all', () => {
  expect(levelOf(new Float32Array(480))).toBe(0);
  expect(levelOf(tone(1))).toBeCloseTo(0.95, 2);
  expect(levelOf(tone(0.001))).toBe(0);
  expect(levelOf(tone(0.1))).toBeCloseTo(0.616, 2);
  expect(levelOf(new Float32Array())).toBe(0);
});

test('cut off samples are noticed', () => {
  expect(isClipped(tone(0.9))).toBe(false);
  expect(isClipped(tone(1))).toBe(true);
});

test('pauses of speech do not change its loudness', () => {
  const gauge = new LoudnessGauge();
  expect(gauge.note(0.6, false, 1)).toBe('good');
  expect(gauge.note(0, false, 4)).toBe('good');
  expect(gauge.note(0, false, 8)).toBe('silent');
  expect(gauge.note(0.1, false, 9)).toBe('quiet');
  expect(gauge.note(0.6, true, 10)).toBe('loud');
  expect(gauge.note(0.6, false, 14)).toBe('good');
});
