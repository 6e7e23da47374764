import { expect, test } from 'vitest';

import { labelOf } from './keynames';

test('keys are shown as they are written on them', () => {
  expect(['Ctrl+Shift+z', ' ', 'Alt+ArrowUp', 'F13', '+', 'Ctrl++'].map(labelOf)).toEqual([
    'Ctrl+Shift+Z',
    'Space',
    'Alt+↑',
    'F13',
    '+',
    'Ctrl++',
  ]);
});
