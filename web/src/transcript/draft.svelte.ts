import { ApiError } from 'securetranscribe-js';

import { differs, operationsOf } from './diff';
import type { Document } from './document.svelte';
import type { Edits } from './edits.svelte';
import type { Segment } from './types';

/** Two texts of a segment that was changed in two places at once. */
export interface Conflict {
  segment: string;
  base: string;
  mine: string;
  /** `undefined` if the segment is not there any more. */
  theirs: string | undefined;
}

/** Milliseconds without a key after which the text is saved. */
const PAUSE = 900;

/** The text of the segment that is being edited. */
export class Draft {
  /** ID of the segment, empty while none is edited. */
  segment = $state('');
  /** Whether there are letters that were not sent. */
  dirty = $state(false);
  /** Where to put the caret when the editor opens. */
  caret = 0;
  /** Write a text into the editor. It sets it. */
  write: (text: string) => void = () => undefined;
  #base: Segment | undefined;
  #revision = 0;
  #text = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | undefined;

  constructor(
    private readonly document: Document,
    private readonly edits: Edits,
    private readonly ask: (conflict: Conflict) => void,
  ) {}

  get text(): string {
    return this.#text;
  }

  /** Edit a segment. The one before is saved first. */
  async open(segment: Segment, caret = 0): Promise<void> {
    if (this.segment === segment.id) return;
    await this.close();
    this.caret = caret;
    this.#take(segment);
    this.segment = segment.id;
  }

  /** Take the text of the editor, to be saved after a pause. */
  input(text: string): void {
    this.#text = text;
    this.dirty = (this.#base !== undefined && differs(this.#base.text, text)) || this.#spaces(text);
    clearTimeout(this.#timer);
    if (this.dirty) this.#timer = setTimeout(() => void this.save().catch(() => undefined), PAUSE);
  }

  /** Save, and stop editing. */
  async close(): Promise<void> {
    await this.save();
    this.segment = '';
    this.#base = undefined;
  }

  /** Send what differs. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    if (!this.#base || !this.dirty) return;
    this.#saving = this.#send(this.#base, this.#text).finally(() => (this.#saving = undefined));
    await this.#saving;
  }

  /** Show the segment as it is now, for example after an undo. */
  renew(): void {
    if (!this.segment || this.dirty) return;
    const found = this.document.segments.find((segment) => segment.id === this.segment);
    if (!found) {
      this.segment = '';
      this.#base = undefined;
    } else if (found.text !== this.#text) {
      this.#take(found);
      this.write(found.text);
    } else {
      this.#take(found);
    }
  }

  /** End a conflict. */
  async resolve(conflict: Conflict, take: 'mine' | 'theirs'): Promise<void> {
    const found = this.document.segments.find((segment) => segment.id === conflict.segment);
    this.dirty = false;
    if (!found) {
      this.segment = '';
      return;
    }
    this.segment = found.id;
    this.#take(found);
    if (take === 'mine') {
      this.input(conflict.mine);
      await this.save();
    } else {
      this.write(found.text);
    }
  }

  async #send(base: Segment, text: string): Promise<void> {
    const operations = operationsOf(base, text);
    if (operations.length === 0) {
      this.dirty = false;
      return;
    }
    try {
      const edit = await this.edits.run(operations, this.#revision);
      this.#saved(base.id, text, edit.revision);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      await this.document.catchUp();
      const current = this.document.segments.find((segment) => segment.id === base.id);
      const mine = this.segment === base.id ? this.#text : text;
      this.dirty = false;
      this.ask({ segment: base.id, base: base.text, mine, theirs: current?.text });
    }
  }

  /** Go on from what was saved. Others may have changed other words of the segment. */
  #saved(id: string, sent: string, revision: number): void {
    const found = this.document.segments.find((segment) => segment.id === id);
    if (this.segment !== id) return;
    if (!found) {
      this.dirty = false;
      this.segment = '';
      return;
    }
    const typed = this.#text;
    this.#take(found);
    this.#revision = Math.max(revision, this.document.revision);
    if (!differs(found.text, sent)) {
      this.input(typed);
    } else if (typed === sent) {
      this.write(found.text);
    } else {
      this.ask({ segment: id, base: sent, mine: typed, theirs: found.text });
    }
  }

  #take(segment: Segment): void {
    this.#base = segment;
    this.#revision = this.document.revision;
    this.#text = segment.text;
    this.dirty = false;
  }

  /** Return whether words were written apart or together. */
  #spaces(text: string): boolean {
    return this.#base !== undefined && operationsOf(this.#base, text).length > 0;
  }
}
