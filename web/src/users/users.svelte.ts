import type { components } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';

type Schemas = components['schemas'];
export type User = Schemas['ListedUserData'];

const PAGE = 50;

export interface NewUser {
  name: string;
  display_name: string | null;
  email: string;
  administrator: boolean;
}

export interface Change {
  display_name?: string;
  email?: string;
  administrator?: boolean;
  disabled?: boolean;
}

/** The users of the deployment, as administrators see and change them. */
export class Users extends ServerState {
  list = $state.raw<readonly User[]>([]);
  total = $state(0);
  /** Part of a name or an e-mail address. */
  query = $state('');
  #pages = 1;

  /** Show those whose name or e-mail address has a text. */
  async find(query: string): Promise<void> {
    this.query = query;
    this.#pages = 1;
    await this.read();
  }

  /** Show further ones. */
  async more(): Promise<void> {
    this.#pages += 1;
    await this.read();
  }

  /** Create a user. Return the address at which the user sets a password. */
  async create(body: NewUser): Promise<string> {
    const { data } = await client.call(api.POST('/api/users', { body }));
    await this.read();
    return addressOf(data.link);
  }

  /** Change a user. */
  async change(user: User, body: Change): Promise<void> {
    const path = { user_id: user.user_id };
    await client.call(api.PUT('/api/users/{user_id}', { params: { path }, body }));
    await this.read();
    if (user.user_id === account.data?.user.user_id) await account.read();
  }

  /** Return an address at which a user sets a new password. Earlier ones end. */
  async link(user: User): Promise<string> {
    const path = { user_id: user.user_id };
    const url = '/api/users/{user_id}/reset-link';
    return addressOf((await client.call(api.POST(url, { params: { path } }))).data);
  }

  /** Delete a user for good. */
  async remove(user: User): Promise<void> {
    const path = { user_id: user.user_id };
    await client.call(api.DELETE('/api/users/{user_id}', { params: { path } }));
    if (user.user_id === account.data?.user.user_id) location.assign('/');
    else await this.read();
  }

  protected async load(): Promise<void> {
    const { query } = this;
    const found: User[] = [];
    let total = 0;
    for (let page = 1; page <= this.#pages; page++) {
      const params = { query: { query, page, per_page: PAGE } };
      const answer = await client.call(api.GET('/api/users', { params }));
      found.push(...answer.data.users);
      total = answer.pagination.total;
      if (found.length >= total) break;
    }
    // Somebody may have typed more meanwhile.
    if (query !== this.query) return;
    this.list = found;
    this.total = total;
  }
}

const addressOf = (link: Schemas['gateway__api__account_models__LinkData']): string =>
  new URL(link.path, location.origin).href;
