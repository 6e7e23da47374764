import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';
import { account, type Workspace } from './account.svelte';

export type Member = components['schemas']['MemberData'];
export type Role = Member['role'];

/** Roles in a workspace, from the one that may least. */
export const ROLES: readonly Role[] = ['viewer', 'editor', 'manager'];

/** The members of a workspace, with what its managers do with them. */
export class Members extends ServerState {
  list = $state.raw<readonly Member[]>([]);

  constructor(readonly workspace: Workspace) {
    super();
  }

  /** Add a user, by name or e-mail address, or change the role of a member. */
  async set(user_id: string, role: Role): Promise<void> {
    const path = { workspace_id: this.workspace.workspace_id, user_id };
    const url = '/api/workspaces/{workspace_id}/members/{user_id}';
    await client.call(api.PUT(url, { params: { path }, body: { role } }));
    await Promise.all([this.read(), account.read()]);
  }

  /** Remove a member. */
  async remove(member: Member): Promise<void> {
    await this.#delete(member.user_id);
    await Promise.all([this.read(), account.read()]);
  }

  /** Leave the workspace. The pages show another one then. */
  async leave(): Promise<void> {
    const own = account.data?.user.user_id ?? '';
    await account.depart(this.workspace, () => this.#delete(own));
  }

  protected async load(): Promise<void> {
    const path = { workspace_id: this.workspace.workspace_id };
    const url = '/api/workspaces/{workspace_id}/members';
    this.list = (await client.call(api.GET(url, { params: { path } }))).data.members;
  }

  async #delete(user_id: string): Promise<void> {
    const path = { workspace_id: this.workspace.workspace_id, user_id };
    const url = '/api/workspaces/{workspace_id}/members/{user_id}';
    await client.call(api.DELETE(url, { params: { path } }));
  }
}
