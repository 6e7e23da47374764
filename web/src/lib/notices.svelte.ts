import { ApiError, ConnectionError } from 'securetranscribe-js';

import { t } from './i18n.svelte';

export interface Notice {
  id: number;
  kind: 'info' | 'success' | 'danger';
  text: string;
  /** Something to do about it, for example to undo it. */
  action?: { label: string; run: () => void };
}

/** Milliseconds that a notice without an action stays. Errors stay until they are closed. */
const SHOWN = 6000;
const SHOWN_WITH_ACTION = 15_000;

class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #last = 0;

  /** Show a notice. */
  add(notice: Omit<Notice, 'id'>): void {
    const id = ++this.#last;
    this.list = [...this.list, { ...notice, id }];
    if (notice.kind !== 'danger') {
      setTimeout(() => this.remove(id), notice.action ? SHOWN_WITH_ACTION : SHOWN);
    }
  }

  /** Show an error with what to do about it. */
  fail(error: unknown): void {
    this.add({ kind: 'danger', text: textOf(error) });
  }

  /** Close a notice. */
  remove(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

/** Notices at the edge of the page. */
export const notices = new Notices();

/** Return the text of an error for people. */
export function textOf(error: unknown): string {
  if (error instanceof ConnectionError) return t('error.connection');
  if (error instanceof ApiError && error.status === 429) {
    return t('error.busy', { count: error.retryAfter ?? 60 });
  }
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return t('error.unexpected');
}
