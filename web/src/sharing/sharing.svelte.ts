import type { components } from 'securetranscribe-js';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';

type Schemas = components['schemas'];
export type Share = Schemas['ShareData'];
export type Link = Schemas['gateway__api__sharing_models__LinkData'];
export type Use = Schemas['LinkUseData'];
export type Role = Share['role'];

/** With whom a transcription is shared, and its links. */
export class Sharing extends ServerState {
  shares = $state.raw<readonly Share[]>([]);
  links = $state.raw<readonly Link[]>([]);
  readonly #params: { path: { transcription_id: number } };

  constructor(id: number) {
    super();
    this.#params = { path: { transcription_id: id } };
  }

  /** Share with a user, by name or e-mail address, or with a workspace, by its identifier. */
  async share(grantee: { user: string } | { workspace_id: string }, role: Role): Promise<void> {
    const body = { ...grantee, role };
    const url = '/api/transcriptions/{transcription_id}/shares';
    await client.call(api.POST(url, { params: this.#params, body }));
    await this.read();
  }

  /** End a share. Return whether it succeeded. */
  end(share: Share): Promise<boolean> {
    const path = { ...this.#params.path, share_id: share.id };
    const url = '/api/transcriptions/{transcription_id}/shares/{share_id}';
    return this.act(client.call(api.DELETE(url, { params: { path } })));
  }

  /** Make a link. Return its address, which nobody can ask for later. */
  async link(body: {
    name: string;
    expires_in_days: number;
    password: string | null;
    without_audio: boolean;
  }): Promise<string> {
    const url = '/api/transcriptions/{transcription_id}/links';
    const { data } = await client.call(api.POST(url, { params: this.#params, body }));
    await this.read();
    return new URL(data.path, location.origin).href;
  }

  /** End a link. Return whether it succeeded. */
  revoke(link: Link): Promise<boolean> {
    const path = { ...this.#params.path, link_id: link.id };
    const url = '/api/transcriptions/{transcription_id}/links/{link_id}';
    return this.act(client.call(api.DELETE(url, { params: { path } })));
  }

  /** Return the last attempts to open a link. */
  async uses(link: Link): Promise<readonly Use[]> {
    const path = { ...this.#params.path, link_id: link.id };
    const url = '/api/transcriptions/{transcription_id}/links/{link_id}/uses';
    return (await client.call(api.GET(url, { params: { path } }))).data;
  }

  protected async load(): Promise<void> {
    const links = '/api/transcriptions/{transcription_id}/links';
    const shares = '/api/transcriptions/{transcription_id}/shares';
    this.links = (await client.call(api.GET(links, { params: this.#params }))).data;
    // Without accounts, there is nobody to share with by name.
    if (!account.data) return;
    this.shares = (await client.call(api.GET(shares, { params: this.#params }))).data;
  }
}
