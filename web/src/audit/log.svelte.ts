import type { components } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';
import { selectionOf, type AuditView } from './view';

export type Entry = components['schemas']['AuditEntryData'];

const PAGE = 50;
const USERS = 100;

/** The entries of a view, the latest first. */
export class AuditLog extends ServerState {
  entries = $state.raw<readonly Entry[]>([]);
  /** Cursor of further entries, if there are any. */
  cursor = $state.raw<string | null>(null);
  /** Names of people by identifier. */
  names = $state.raw<ReadonlyMap<string, string>>(new Map());
  #view: AuditView | undefined;
  /** The view that the entries are those of. */
  #shown: AuditView | undefined;

  /** Show other entries. */
  async show(view: AuditView): Promise<void> {
    const people = this.#view?.deployment !== view.deployment;
    this.#view = view;
    await Promise.all([this.read(), people ? this.#readNames(view.deployment) : undefined]);
  }

  /** Read the entries of the view again. Those of another one do not stay if that fails. */
  override async read(): Promise<void> {
    const view = this.#view;
    await super.read();
    if (this.failed && view === this.#view && view !== this.#shown) this.loaded = false;
  }

  /** Show earlier entries too. */
  async more(): Promise<void> {
    const view = this.#view;
    if (!view || this.cursor === null) return;
    await this.attempt(async () => {
      const { entries, cursor } = await this.#page(view, this.cursor ?? '');
      if (view !== this.#view) return;
      this.entries = [...this.entries, ...entries];
      this.cursor = cursor;
    });
  }

  protected async load(): Promise<void> {
    const view = this.#view;
    if (!view) return;
    const { entries, cursor } = await this.#page(view, '');
    // Another view may have been chosen meanwhile.
    if (view !== this.#view) return;
    this.entries = entries;
    this.cursor = cursor;
    this.#shown = view;
  }

  async #page(view: AuditView, cursor: string) {
    const query = { ...selectionOf(view), limit: PAGE, cursor };
    return (await client.call(api.GET('/api/audit', { params: { query } }))).data;
  }

  /** Read who there is. Without their names, people are shown by their identifiers. */
  async #readNames(deployment: boolean): Promise<void> {
    if (!account.data) return;
    try {
      const people = deployment ? await this.#users() : await this.#members();
      this.names = new Map(people.map((one) => [one.user_id, one.display_name]));
    } catch {
      this.names = new Map();
    }
  }

  /** All users, page by page. */
  async #users() {
    const users: components['schemas']['UserList']['users'] = [];
    for (let page = 1; ; page += 1) {
      const query = { query: '', page, per_page: USERS };
      const answer = await client.call(api.GET('/api/users', { params: { query } }));
      users.push(...answer.data.users);
      if (!answer.pagination.has_next) return users;
    }
  }

  async #members() {
    const path = { workspace_id: account.active?.workspace_id ?? '' };
    const url = '/api/workspaces/{workspace_id}/members';
    return (await client.call(api.GET(url, { params: { path } }))).data.members;
  }
}
