import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import { People, type Trashed } from './people.svelte';

afterEach(() => vi.restoreAllMocks());

test('what was undone is not in the trash any more', async () => {
  const trashed = [{ id: 4, kind: 'deletion', name: 'Ann' } as Trashed];
  const persons: unknown[] = [];
  const answered = (data: unknown) =>
    Promise.resolve({ data: { data, pagination: { pages: 1 } }, response: new Response() });
  vi.spyOn(api, 'GET').mockImplementation(((url: string) =>
    answered(url === '/api/speakers/trash' ? [...trashed] : persons)) as never);
  vi.spyOn(api, 'POST').mockImplementation(((url: string, options: unknown) => {
    expect(url).toBe('/api/speakers/trash/{trash_id}/restore');
    expect(options).toEqual({ params: { path: { trash_id: 4 } } });
    trashed.pop();
    persons.push({ id: 1 });
    return answered({ id: 1 });
  }) as never);

  const people = new People();
  await people.read();
  expect(people.trash).toHaveLength(1);
  expect(await people.restore(people.trash[0]!)).toBe(true);
  expect(people.trash).toEqual([]);
  expect(people.list).toEqual([{ id: 1 }]);
});
