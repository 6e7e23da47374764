import { ApiError } from 'securetranscribe-js';

import { notices } from '../lib/notices.svelte';
import { Contradictions } from './contradictions.svelte';
import { Document } from './document.svelte';
import { Draft, type Conflict } from './draft.svelte';
import { Edits } from './edits.svelte';
import { Player } from './player.svelte';
import { Reprocessing } from './reprocessing.svelte';
import { Summarizing } from './summarizing.svelte';
import type { Range } from './text';
import { nextPlace, segmentAt, spokenAt } from './timeline';
import { isDoubtful, wordsOf, type Operation, type Segment } from './types';

export type DialogName =
  | 'speaker'
  | 'note'
  | 'history'
  | 'export'
  | 'help'
  | 'statistics'
  | 'reprocess'
  | 'sharing'
  | 'contradictions';

/** All that the parts of the page share. */
export class Work {
  readonly edits: Edits;
  readonly player: Player;
  readonly draft: Draft;
  readonly summary: Summarizing;
  readonly reprocessing: Reprocessing;
  readonly contradictions: Contradictions;
  /** ID of the segment that keys act on. */
  selected = $state('');
  /** Word that is looked for, and shown. */
  target = $state('');
  range = $state.raw<Range>();
  dialog = $state<DialogName>();
  conflict = $state.raw<Conflict>();
  finding = $state(false);
  readonly playingPlace = $derived.by(() => this.#playing());
  readonly playingSegment = $derived.by(() => this.document.segments[this.playingPlace]);
  readonly spoken = $derived.by(() => this.#spoken());
  /** Bring a segment into view. The list sets it. */
  show: (place: number, focus: boolean) => void = () => undefined;

  constructor(readonly document: Document) {
    this.edits = new Edits(document);
    this.player = new Player(document);
    this.draft = new Draft(document, this.edits, (conflict) => (this.conflict = conflict));
    this.summary = new Summarizing(this);
    this.reprocessing = new Reprocessing(this);
    this.contradictions = new Contradictions(this);
  }

  /** Return the segment that keys act on. */
  get current(): Segment | undefined {
    const { segments } = this.document;
    return segments.find((segment) => segment.id === this.selected) ?? segments[0];
  }

  /** Execute operations. Errors are shown. */
  async run(...operations: Operation[]): Promise<boolean> {
    return this.attempt(async () => {
      await this.draft.save();
      await this.edits.run(operations);
      if (operations.some(({ type }) => type.endsWith('_note'))) await this.document.readNotes();
      if (operations.some(({ type }) => type.includes('speaker'))) {
        await this.document.readSpeakers();
      }
    });
  }

  /** Show the error of an action. Return whether it succeeded. */
  async attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      notices.fail(error);
      if (error instanceof ApiError && error.status === 409) {
        await this.document.catchUp().catch(() => undefined);
      }
      return false;
    }
  }

  /** Take back or repeat the last batch. */
  async toggle(what: 'undo' | 'redo'): Promise<void> {
    await this.attempt(async () => {
      await this.draft.save();
      await this.edits[what]();
      this.draft.renew();
    });
  }

  /** Select the segment that is `step` further. */
  move(step: 1 | -1): void {
    const { segments } = this.document;
    const here = this.current ? this.document.placeOf(this.current.id) : 0;
    const place = Math.max(0, Math.min(segments.length - 1, here + step));
    this.select(place);
  }

  /** Go to a segment, or to the one at a time if it is gone, and play it. */
  jump(id: string, time: number): void {
    const { segments } = this.document;
    const known = this.document.placeOf(id);
    const place = known === -1 ? Math.max(0, segmentAt(segments, time)) : known;
    const segment = segments[place];
    if (!segment) return;
    this.selected = segment.id;
    this.show(place, false);
    this.player.play(known === -1 ? time : segment.start_time);
  }

  /** Select a segment and bring it into view. */
  select(place: number): void {
    const segment = this.document.segments[place];
    if (!segment) return;
    this.selected = segment.id;
    this.show(place, true);
  }

  /** Go to the next doubtful word behind the last one, or in the selected segment. */
  nextDoubtful(step: 1 | -1 = 1): boolean {
    const { segments } = this.document;
    const here = Math.max(0, this.document.placeOf(this.selected));
    const doubtful = (segment: Segment) => wordsOf(segment).filter(isDoubtful);
    const own = segments[here] ? doubtful(segments[here]) : [];
    const last = own.findIndex((word) => word.id === this.target);
    let word = last === -1 && step === -1 ? undefined : own[last + step];
    let place = here;
    if (!word) {
      place = nextPlace(segments, here, (segment) => doubtful(segment).length > 0, step);
      if (place === -1) return false;
      word = doubtful(segments[place]!).at(step === 1 ? 0 : -1)!;
    }
    this.select(place);
    this.target = word.id;
    this.player.seek(word.start);
    return true;
  }

  #playing(): number {
    return segmentAt(this.document.segments, this.player.time);
  }

  #spoken(): string | undefined {
    return this.playingSegment && spokenAt(this.playingSegment, this.player.time)?.id;
  }

  /** Stop playing and reading. */
  close(): void {
    this.player.close();
    this.reprocessing.close();
    this.document.close();
  }
}
