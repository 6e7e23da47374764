import type { components } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';
import type { Role } from './sharing.svelte';

export type SharedItem = components['schemas']['SharedItem'];

/** Transcripts of others that they share with the person at this browser. */
export class WithMe extends ServerState {
  list = $state.raw<readonly SharedItem[]>([]);

  protected async load(): Promise<void> {
    this.list = await sharedItems();
  }
}

/** Return what others permit the person to do with a transcript. Nothing for those of the workspace. */
export async function shareOf(id: number): Promise<Role | undefined> {
  // Without accounts, things are shared by links only.
  if (!account.data) return undefined;
  return (await sharedItems()).find((item) => item.id === id)?.role;
}

async function sharedItems(): Promise<readonly SharedItem[]> {
  return (await client.call(api.GET('/api/shared'))).data;
}
