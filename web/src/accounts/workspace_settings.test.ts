import { expect, test } from 'vitest';

import { shownOf, valueOf } from './workspace_settings.svelte';

test('sizes are typed in gigabytes', () => {
  expect(shownOf('stored_bytes', 2_500_000_000)).toBe(2.5);
  expect(valueOf('stored_bytes', 2.5)).toBe(2_500_000_000);
  expect(shownOf('trash_days', 7)).toBe(7);
  expect(valueOf('trash_days', 7)).toBe(7);
});

test.each([null, undefined, NaN])('%s stands for the setting of the deployment', (typed) => {
  expect(valueOf('trash_days', typed)).toBeNull();
});
