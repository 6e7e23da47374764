import { ApiError } from 'securetranscribe-js';
import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import type { Workspace } from './figures';
import { System } from './system.svelte';

const ALL = Array.from({ length: 45 }, (_, place) => ({ workspace_id: `w${place}` }) as Workspace);

/** Answer reads of a system with many workspaces. */
function serve() {
  return vi.spyOn(api, 'GET').mockImplementation(((url: string, options: unknown) => {
    const body: Record<string, unknown> = { data: { items: [], silent_services: [] } };
    if (url === '/api/admin/workspaces') {
      const { page, per_page } = (options as { params: { query: Record<string, number> } }).params
        .query;
      body.data = { workspaces: ALL.slice((page! - 1) * per_page!, page! * per_page!) };
      body.pagination = { total: ALL.length };
    }
    return Promise.resolve({ data: body, response: new Response() });
  }) as never);
}

afterEach(() => {
  vi.restoreAllMocks();
  sessionStorage.clear();
});

test('workspaces are shown page by page, and read again with all that is shown', async () => {
  const get = serve();
  const system = new System();
  await system.enter('a token');
  expect(system.workspaces).toEqual(ALL.slice(0, 20));
  expect(system.workspaceCount).toBe(45);
  await system.moreWorkspaces();
  await system.moreWorkspaces();
  expect(system.workspaces).toEqual(ALL);
  for (let turn = 0; turn < 4; turn++) await system.read();
  expect(system.workspaces).toEqual(ALL);
  expect(get).toHaveBeenLastCalledWith(
    '/api/admin/workspaces',
    expect.objectContaining({ headers: { 'X-Admin-Token': 'a token' } }),
  );
});

test('workspaces are gone with the token', async () => {
  serve();
  const system = new System();
  await system.enter('a token');
  system.forget();
  expect(system.workspaces).toBeUndefined();
});

test('a refused page of workspaces leaves the others', async () => {
  const get = serve();
  const system = new System();
  await system.enter('a token');
  get.mockRejectedValueOnce(new ApiError('UNAVAILABLE', 'no', 503));
  await system.moreWorkspaces();
  expect(system.workspaces).toEqual(ALL.slice(0, 20));
});
