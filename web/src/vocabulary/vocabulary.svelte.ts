import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import { ServerState } from '../lib/server_state.svelte';

export type Term = components['schemas']['TermData'];
export type Correction = components['schemas']['CorrectionData'];
export type Suggestion = components['schemas']['SuggestionData'];

const PER_PAGE = 200;

/** Names, terms and corrections of this session. */
export class Vocabulary extends ServerState {
  terms = $state.raw<readonly Term[]>([]);
  corrections = $state.raw<readonly Correction[]>([]);
  suggestions = $state.raw<readonly Suggestion[]>([]);

  /** Add a term. Return whether it succeeded. */
  addTerm(text: string, language: string): Promise<boolean> {
    return this.act(client.call(api.POST('/api/vocabulary/terms', { body: { text, language } })));
  }

  async removeTerm(term: Term): Promise<void> {
    const params = { path: { term_id: term.term_id } };
    const removed = await this.act(
      client.call(api.DELETE('/api/vocabulary/terms/{term_id}', { params })),
    );
    if (removed) {
      this.#offerUndo(term.text, () => void this.addTerm(term.text, term.language ?? ''));
    }
  }

  /** Add a correction, or replace the one with this number. Return whether it succeeded. */
  putCorrection(
    body: components['schemas']['CorrectionBody'],
    replaced: number | undefined,
  ): Promise<boolean> {
    if (replaced === undefined) {
      return this.act(client.call(api.POST('/api/vocabulary/corrections', { body })));
    }
    const params = { path: { correction_id: replaced } };
    return this.act(
      client.call(api.PUT('/api/vocabulary/corrections/{correction_id}', { params, body })),
    );
  }

  async removeCorrection(correction: Correction): Promise<void> {
    const params = { path: { correction_id: correction.correction_id } };
    const removed = await this.act(
      client.call(api.DELETE('/api/vocabulary/corrections/{correction_id}', { params })),
    );
    const { heard, meant, language, match_case } = correction;
    const body = { heard, meant, language: language ?? '', match_case };
    if (removed) this.#offerUndo(heard, () => void this.putCorrection(body, undefined));
  }

  accept(suggestion: Suggestion): Promise<boolean> {
    const params = { path: { suggestion_id: suggestion.suggestion_id } };
    return this.act(
      client.call(api.POST('/api/vocabulary/suggestions/{suggestion_id}/accept', { params })),
    );
  }

  dismiss(suggestion: Suggestion): Promise<boolean> {
    const params = { path: { suggestion_id: suggestion.suggestion_id } };
    return this.act(
      client.call(api.POST('/api/vocabulary/suggestions/{suggestion_id}/dismiss', { params })),
    );
  }

  /** Add the rows of a table. */
  async add(file: File): Promise<void> {
    try {
      const body = { csv: await file.text() };
      const { data } = await client.call(api.POST('/api/vocabulary/import', { body }));
      const count = data.added_terms + data.added_corrections;
      const text = t('vocabulary.imported', { count, skipped: data.skipped });
      notices.add({ kind: 'success', text });
    } catch (error) {
      notices.fail(error);
      return;
    }
    await this.read();
  }

  #offerUndo(text: string, run: () => void): void {
    notices.add({
      kind: 'info',
      text: t('vocabulary.deleted', { text }),
      action: { label: t('vocabulary.undo'), run },
    });
  }

  protected async load(): Promise<void> {
    const [terms, corrections, suggestions] = await Promise.all([
      readAll(async (query) => {
        const { data } = await client.call(api.GET('/api/vocabulary/terms', { params: { query } }));
        return { items: data.terms, total: data.total };
      }),
      readAll(async (query) => {
        const { data } = await client.call(
          api.GET('/api/vocabulary/corrections', { params: { query } }),
        );
        return { items: data.corrections, total: data.total };
      }),
      client.call(api.GET('/api/vocabulary/suggestions')),
    ]);
    this.terms = terms;
    this.corrections = corrections;
    this.suggestions = suggestions.data.suggestions;
  }
}

/** Return the items of all pages. */
async function readAll<Item>(
  page: (query: { limit: number; offset: number }) => Promise<{ items: Item[]; total: number }>,
): Promise<Item[]> {
  const found: Item[] = [];
  for (let total = 1; found.length < total;) {
    const answer = await page({ limit: PER_PAGE, offset: found.length });
    if (answer.items.length === 0) break;
    found.push(...answer.items);
    total = answer.total;
  }
  return found;
}
