import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';

type Schemas = components['schemas'];
export type Settings = Schemas['WorkspaceSettingsData'];
export type Fields = Schemas['WorkspaceSettingsFields'];
export type Field = keyof Fields;

const GIGABYTE = 1000 ** 3;
/** Fields that managers change, and those that administrators of the deployment change. */
export const TIMES = [
  'recording_hours',
  'unprocessed_days',
  'transcription_days',
  'trash_days',
] as const;
export const QUOTAS = ['stored_bytes', 'queued_minutes', 'queue_weight'] as const;
export type NumberField = (typeof TIMES)[number] | (typeof QUOTAS)[number];

/** Return a value as people type it: sizes in gigabytes. */
export function shownOf(field: NumberField, value: number | null): number | null {
  return value !== null && field === 'stored_bytes' ? value / GIGABYTE : value;
}

/** Return a typed value as the server takes it. Nothing stands for the deployment's setting. */
export function valueOf(field: NumberField, typed: number | null | undefined): number | null {
  if (typed === null || typed === undefined || Number.isNaN(typed)) return null;
  return field === 'stored_bytes' ? Math.round(typed * GIGABYTE) : typed;
}

/** The settings of a workspace, with those of the deployment. */
export class WorkspaceSettings extends ServerState {
  data = $state.raw<Settings>();

  constructor(private readonly workspace_id: string) {
    super();
  }

  /** Change some of them. Null means the deployment's setting. */
  async save(body: Partial<Fields>): Promise<void> {
    const path = { workspace_id: this.workspace_id };
    const url = '/api/workspaces/{workspace_id}/settings';
    this.data = (await client.call(api.PUT(url, { params: { path }, body }))).data;
  }

  protected async load(): Promise<void> {
    const path = { workspace_id: this.workspace_id };
    const url = '/api/workspaces/{workspace_id}/settings';
    this.data = (await client.call(api.GET(url, { params: { path } }))).data;
  }
}
