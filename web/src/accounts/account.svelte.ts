import { ApiError, AuthenticationError, type components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
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

  /** Read the account with its workspaces. */
  async read(): Promise<void> {
    this.data = (await client.call(api.GET('/api/auth/me'))).data;
  }

  /** Work in another workspace. All pages are about it from then on. */
  async enter(workspace: Workspace): Promise<void> {
    const path = { workspace_id: workspace.workspace_id };
    await client.call(api.POST('/api/workspaces/{workspace_id}/switch', { params: { path } }));
    location.assign('/');
  }

  /** Sign out, also at the provider with which the person signed in. */
  async leave(): Promise<void> {
    const { data } = await client.call(api.POST('/api/auth/oidc/sign-out'));
    location.assign(data.redirect_url ?? '/');
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
    if (data.is_authenticated) await account.read();
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
