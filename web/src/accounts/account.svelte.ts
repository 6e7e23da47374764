import { ApiError, AuthenticationError, type components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { inTurn } from '../lib/in_turn';
import { textOf } from '../lib/notices.svelte';

type Data = components['schemas']['AccountData'];
export type Workspace = components['schemas']['WorkspaceData'];
export type Providers = components['schemas']['ProvidersData'];
/** How somebody comes in who has no session yet. */
export type Way = 'sign-in' | 'setup' | 'reset';

class Account {
  /** The person who has signed in. There is none where people do not sign in. */
  data = $state.raw<Data>();
  readonly active = $derived(this.data?.workspaces.find((one) => one.active));
  /** Whether the person may change what the workspace has. Open sessions may. */
  readonly edits = $derived(!this.data || (!!this.active && this.active.role !== 'viewer'));
  /** Whether the person manages the workspace. Open sessions do. */
  readonly manages = $derived(!this.data || this.active?.role === 'manager');
  /** Whether the person administers the deployment. */
  readonly administers = $derived(this.data?.user.administrator ?? false);
  #moving = false;

  /** Read the account with its workspaces. */
  readonly read = inTurn(async (): Promise<void> => {
    this.data = (await client.call(api.GET('/api/auth/me'))).data;
  });

  /** Read the account. If the workspace of before is gone, work in another one. */
  async settle(): Promise<void> {
    await this.read();
    if (this.active) return;
    await this.#switch(await this.#another());
    await this.read();
  }

  /** Read the account after its rights have changed, and begin again in another workspace. */
  async follow(): Promise<void> {
    const before = this.active?.workspace_id;
    if (!this.data || this.#moving) return;
    await this.read();
    if (!this.#moving && this.active?.workspace_id !== before) location.assign('/');
  }

  /** Work in another workspace. All pages are about it from then on. */
  async enter(workspace: Workspace): Promise<void> {
    await this.#move(() => this.#switch(workspace.workspace_id));
  }

  /** Do something that ends the membership in a workspace. */
  async depart(workspace: Workspace, action: () => Promise<unknown>): Promise<void> {
    if (!workspace.active) {
      await action();
      await this.read();
      return;
    }
    await this.#move(async () => {
      // Before it is gone, since nothing can be asked in a workspace that is.
      await this.#switch(await this.#another(workspace));
      try {
        await action();
      } catch (error) {
        await this.#switch(workspace.workspace_id);
        throw error;
      }
    });
  }

  /** Sign out, also at the provider with which the person signed in. */
  async leave(): Promise<void> {
    const { data } = await client.call(api.POST('/api/auth/oidc/sign-out'));
    location.assign(data.redirect_url ?? '/');
  }

  async #move(action: () => Promise<void>): Promise<void> {
    this.#moving = true;
    try {
      await action();
      location.assign('/');
    } catch (error) {
      this.#moving = false;
      throw error;
    }
  }

  async #switch(workspace_id: string): Promise<void> {
    const path = { workspace_id };
    await client.call(api.POST('/api/workspaces/{workspace_id}/switch', { params: { path } }));
  }

  /** Return another workspace of the person, which is made if there is none. */
  async #another(besides?: Workspace): Promise<string> {
    const found = this.data?.workspaces.find((one) => one.workspace_id !== besides?.workspace_id);
    if (found) return found.workspace_id;
    const body = { name: this.data?.user.display_name ?? '' };
    return (await client.call(api.POST('/api/workspaces', { body }))).data.workspace_id;
  }
}

/** The account of the person at this browser. */
export const account = new Account();

/** Return the way in that an address names. */
export function wayOf(path: string): Way | undefined {
  const [, name] = /^\/(setup|reset)\/?$/.exec(path) ?? [];
  return name as Way | undefined;
}

/**
 * Take up the session, or make one where people do not sign in. The first requests of a new
 * browser would each make one, if they were sent at the same time. Return how to come in if
 * somebody has to sign in first.
 */
export async function arrive(): Promise<Way | undefined> {
  const way = wayOf(location.pathname);
  if (way) return way;
  try {
    const { data } = await client.call(api.GET('/api/sessions/current'));
    if (data.is_authenticated) await account.settle();
  } catch (error) {
    if (error instanceof AuthenticationError) return 'sign-in';
    // Whatever needs the server next reports why it cannot have it.
  }
  return undefined;
}

/** Return the text of a refused sign-in for people. */
export function refusalOf(error: unknown, way: Way): string {
  if (error instanceof AuthenticationError) return t(`signin.${way}.wrong`);
  if (error instanceof ApiError && error.status === 503 && error.retryAfter) {
    return t('signin.locked', { count: Math.ceil(error.retryAfter / 60) });
  }
  return textOf(error);
}
