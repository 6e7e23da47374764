import { expect, test } from 'vitest';

import { pieces } from './marks';

const shown = (text: string, marks: { start: number; end: number }[]) =>
  pieces(text, marks)
    .map((piece) => (piece.marked ? `[${piece.text}]` : piece.text))
    .join('');

test('marked words are told from the rest', () => {
  expect(shown('the budget of next year', [])).toBe('the budget of next year');
  const marks = [
    { start: 14, end: 18 },
    { start: 4, end: 10 },
    { start: 8, end: 10 },
  ];
  expect(shown('the budget of next year', marks)).toBe('the [budget] of [next] year');
});

test('positions count characters, not their halves', () => {
  expect(shown('🎧🎧 budget', [{ start: 3, end: 9 }])).toBe('🎧🎧 [budget]');
});

test('long texts are cut around the first mark', () => {
  const text = `${'a'.repeat(300)}budget${'b'.repeat(300)}`;
  const cut = shown(text, [{ start: 300, end: 306 }]);
  expect(cut).toBe(`…${'a'.repeat(60)}[budget]${'b'.repeat(174)}…`);
});
