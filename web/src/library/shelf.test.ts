import { expect, test } from 'vitest';

import { pathOf } from './shelf.svelte';

const folder = (folder_id: number, name: string, parent_id: number | null) => ({
  folder_id,
  name,
  parent_id,
  transcription_count: 0,
});

test('the path of a folder has those it lies in', () => {
  const folders = [folder(1, 'Clients', null), folder(2, 'North', 1), folder(3, 'Loop', 3)];
  expect(pathOf(folders, 2)).toBe('Clients / North');
  expect(pathOf(folders, 9)).toBe('');
  expect(pathOf(folders, 3)).toContain('Loop');
});
