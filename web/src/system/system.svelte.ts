import { ApiError } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { inTurn } from '../lib/in_turn';
import { notices, textOf } from '../lib/notices.svelte';
import type { Item, Storage, SystemState, Workspace } from './figures';

const KEY = 'admin-token';
/** Milliseconds between two readings while the page is visible. */
const PAUSE = 5000;
/** Storage, workspaces and items set aside change slowly, and are read every so many times. */
const SLOWLY = 4;
/** Workspaces on a page of their list. */
const PER_PAGE = 20;

/** The sign-in of an administrator needs no token. */
const headersOf = (token: string): Record<string, string> =>
  token ? { 'X-Admin-Token': token } : {};

/** The system as administrators see it. The token is kept by this tab only. */
export class System {
  token = $state(sessionStorage.getItem(KEY) ?? '');
  state = $state.raw<SystemState>();
  storage = $state.raw<Storage>();
  items = $state.raw<readonly Item[]>();
  silent = $state.raw<readonly string[]>([]);
  workspaces = $state.raw<readonly Workspace[]>();
  /** Number of all workspaces, also of those that are not shown. */
  workspaceCount = $state(0);
  /** When the figures were read. */
  readAt = $state<string>();
  /** Why the last reading failed. */
  failure = $state('');
  #turn = 0;
  #pages = 1;

  /** Read again and again while the page is visible. Return a function that ends this. */
  watch(): () => void {
    const read = () => document.visibilityState === 'visible' && void this.read();
    const timer = setInterval(read, PAUSE);
    document.addEventListener('visibilitychange', read);
    read();
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', read);
    };
  }

  /** Whether there is anything to show who asks: a token, or the sign-in of an administrator. */
  get permitted(): boolean {
    return this.token !== '' || account.administers;
  }

  /** Use a token if it is the right one. Return whether it is. */
  async enter(token: string): Promise<boolean> {
    try {
      await this.#readState(token);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.token = token;
    sessionStorage.setItem(KEY, token);
    this.#turn = 0;
    await this.read();
    return true;
  }

  /** Forget the token and everything that it has shown. */
  forget(): void {
    sessionStorage.removeItem(KEY);
    this.token = '';
    this.state = this.storage = this.items = this.workspaces = this.readAt = undefined;
    this.silent = [];
    this.#pages = 1;
    this.failure = '';
  }

  /** Read the figures. */
  readonly read = inTurn(async (): Promise<void> => {
    const token = this.token;
    if (!this.permitted) return;
    const slowly = this.#turn++ % SLOWLY === 0 || !this.items;
    try {
      await this.#readState(token);
      if (slowly) await this.#readSlowly();
      this.failure = '';
    } catch (error) {
      if (token === this.token) this.#fail(error);
    }
  });

  /** Try items of a step again, all of them without a name. */
  async retry(service: string, step: string, item: string): Promise<void> {
    try {
      const body = { service, step, item };
      const url = '/api/admin/set-aside/retry';
      await client.call(api.POST(url, { headers: this.#headers, body }));
      notices.add({ kind: 'success', text: t('system.retried') });
      await this.#readItems();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        // Somebody else was faster.
        await this.#readItems().catch(() => undefined);
      }
      notices.fail(error);
    }
  }

  /** Show further workspaces. */
  async moreWorkspaces(): Promise<void> {
    try {
      await this.#readWorkspaces(this.#pages + 1);
    } catch (error) {
      notices.fail(error);
    }
  }

  get #headers(): Record<string, string> {
    return headersOf(this.token);
  }

  async #readState(token: string): Promise<void> {
    const options = { headers: headersOf(token) };
    const state = await client.call(api.GET('/api/admin/system', options));
    // It may have been forgotten meanwhile.
    if (this.token && token !== this.token) return;
    this.state = state.data;
    this.readAt = state.timestamp;
    this.failure = '';
  }

  async #readSlowly(): Promise<void> {
    const options = { headers: this.#headers };
    const [storage] = await Promise.all([
      client.call(api.GET('/api/admin/storage', options)),
      this.#readItems(),
      this.#readWorkspaces(this.#pages),
    ]);
    this.storage = storage.data;
  }

  async #readWorkspaces(pages: number): Promise<void> {
    const token = this.token;
    const found: Workspace[] = [];
    let total = 0;
    for (let page = 1; page <= pages; page++) {
      const params = { query: { page, per_page: PER_PAGE } };
      const options = { headers: headersOf(token), params };
      const answer = await client.call(api.GET('/api/admin/workspaces', options));
      found.push(...answer.data.workspaces);
      total = answer.pagination.total;
      if (found.length >= total) break;
    }
    // It may have been forgotten meanwhile, or further ones shown.
    if (token !== this.token || pages < this.#pages) return;
    this.#pages = pages;
    this.workspaces = found;
    this.workspaceCount = total;
  }

  async #readItems(): Promise<void> {
    const options = { headers: this.#headers };
    const { data } = await client.call(api.GET('/api/admin/set-aside', options));
    this.items = data.items;
    this.silent = data.silent_services;
  }

  #fail(error: unknown): void {
    if (error instanceof ApiError && error.status === 403) {
      this.forget();
      this.failure = t('system.refused');
    } else {
      this.failure = textOf(error);
    }
  }
}
