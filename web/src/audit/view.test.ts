import { expect, test } from 'vitest';

import { addressOf, parseView, selectionOf } from './view';

const ALL = { deployment: false, from: '', to: '', user: '', kind: '', outcome: '' };

test.each([
  ['', ALL],
  ['?of=deployment', { ...ALL, deployment: true }],
  [
    '?from=2026-11-01&to=2026-11-30&user=user_1&kind=transcription&outcome=refused',
    {
      ...ALL,
      from: '2026-11-01',
      to: '2026-11-30',
      user: 'user_1',
      kind: 'transcription',
      outcome: 'refused',
    },
  ],
])('the view of %s', (query, view) => {
  expect(parseView(query)).toEqual(view);
  expect(addressOf(view)).toBe(`/audit${query.replace('?', query ? '?' : '')}`);
});

test('what an address cannot mean is left out', () => {
  expect(parseView('?from=yesterday&user=a%20b&outcome=odd&of=all')).toEqual(ALL);
});

test('a last day is selected to its end', () => {
  const selection = selectionOf({ ...ALL, from: '2026-11-30', to: '2026-11-30', kind: 'user' });
  expect(Date.parse(selection.to!) - Date.parse(selection.from!)).toBe(24 * 3600_000);
  expect(selection.action).toBe('user.');
  expect(selectionOf(ALL)).toEqual({});
});
