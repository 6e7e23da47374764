import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { notices } from '../lib/notices.svelte';
import { ServerState } from '../lib/server_state.svelte';
import type { Person } from './persons';

export type Observation = components['schemas']['ObservationData'];
export type Trashed = components['schemas']['TrashedSpeakerData'];

const PER_PAGE = 200;
const RECORDINGS = 1000;

/** Persons whose voices are known, of the workspace or, in open mode, of the server. */
export class People extends ServerState {
  list = $state.raw<readonly Person[]>([]);
  /** What was deleted, merged or given away in the last 30 days, newest first. */
  trash = $state.raw<readonly Trashed[]>([]);
  /** Titles of this session's recordings by their number. */
  recordings = $state.raw<ReadonlyMap<number, string>>(new Map());

  override watch(): () => void {
    void this.#readRecordings();
    return super.watch();
  }

  create(name: string): Promise<boolean> {
    return this.act(client.call(api.POST('/api/speakers', { body: { name } })));
  }

  rename(person: Person, name: string): Promise<boolean> {
    const params = { path: { speaker_id: person.id } };
    return this.act(client.call(api.PUT('/api/speakers/{speaker_id}', { params, body: { name } })));
  }

  /** Move everything that `source` has learned into `person`, and delete `source`. */
  merge(person: Person, source: number): Promise<boolean> {
    const params = { path: { speaker_id: person.id } };
    const body = { source_speaker_id: source };
    return this.act(client.call(api.POST('/api/speakers/{speaker_id}/merge', { params, body })));
  }

  /** Move some of what a person has learned to another one, who is made if the name is new. */
  split(person: Person, observations: number[], name: string): Promise<boolean> {
    const params = { path: { speaker_id: person.id } };
    const body = { observation_ids: observations, name };
    return this.act(client.call(api.POST('/api/speakers/{speaker_id}/split', { params, body })));
  }

  /** Forget a person, or only stop recognizing the voice. */
  remove(person: Person, permanent: boolean): Promise<boolean> {
    const params = { path: { speaker_id: person.id }, query: { permanent } };
    return this.act(client.call(api.DELETE('/api/speakers/{speaker_id}', { params })));
  }

  /** Undo a deletion, a merge or a split. */
  restore(entry: Trashed): Promise<boolean> {
    const params = { path: { trash_id: entry.id } };
    return this.act(client.call(api.POST('/api/speakers/trash/{trash_id}/restore', { params })));
  }

  /** Learn the voice in a file. */
  enroll(person: Person, file: File): Promise<boolean> {
    const form = new FormData();
    form.set('file', file);
    const params = { path: { speaker_id: person.id } };
    return this.act(
      client.call(
        api.POST('/api/speakers/{speaker_id}/enroll', {
          params,
          body: form as never,
          bodySerializer: (body) => body as unknown as FormData,
        }),
      ),
    );
  }

  /** Return what a person has learned, newest first. */
  async observations(person: Person): Promise<readonly Observation[]> {
    const params = { path: { speaker_id: person.id }, query: { per_page: PER_PAGE } };
    const call = api.GET('/api/speakers/{speaker_id}/observations', { params });
    return (await client.call(call)).data;
  }

  removeObservation(person: Person, observation: number): Promise<boolean> {
    const params = { path: { speaker_id: person.id, observation_id: observation } };
    return this.act(
      client.call(
        api.DELETE('/api/speakers/{speaker_id}/observations/{observation_id}', { params }),
      ),
    );
  }

  protected async load(): Promise<void> {
    const found: Person[] = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const query = { page, per_page: PER_PAGE };
      const answer = await client.call(api.GET('/api/speakers', { params: { query } }));
      found.push(...answer.data);
      pages = answer.pagination.pages;
    }
    const query = { per_page: PER_PAGE };
    const { data } = await client.call(api.GET('/api/speakers/trash', { params: { query } }));
    this.list = found;
    this.trash = data;
  }

  async #readRecordings(): Promise<void> {
    try {
      const params = { query: { limit: RECORDINGS } };
      const { data } = await client.call(api.GET('/api/transcription/list', { params }));
      this.recordings = new Map(
        data.transcriptions.map((one) => [one.id, one.title || one.original_filename]),
      );
    } catch (error) {
      notices.fail(error);
    }
  }
}
