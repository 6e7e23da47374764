import type { LiveText } from 'securetranscribe-js';

/** Letters and signs of scripts without blanks between words. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\u3000-\u303f\uff00-\uffef]/u;

/** Text of one segment, as part of an utterance. */
export interface Piece {
  segment: number;
  text: string;
  /** Whether it stays as it is. */
  final: boolean;
  /** Seconds from the beginning of the recording. */
  start: number;
  end: number;
}

/** What one person said without a pause. */
export interface Utterance {
  /** Its first segment. */
  key: number;
  start: number;
  pieces: readonly Piece[];
  speaker: string | undefined;
  /** 1 or 2 where each party has a channel of its own. */
  channel: number | undefined;
  language: string | undefined;
}

interface Kept extends Piece {
  speaker: string | undefined;
  channel: number | undefined;
  language: string | undefined;
  continues: boolean;
}

/** The text of a live session, made of its messages. */
export class LiveTranscript {
  readonly #segments = new Map<number, Kept>();
  /** Segments in the order in which they were spoken. */
  #order: Kept[] = [];
  #captureId: string | undefined;

  /** Begin the text of a capture. That of another one is forgotten, and no draft lasts. */
  begin(captureId: string): void {
    if (captureId !== this.#captureId) this.#clear();
    this.#captureId = captureId;
    this.forgetDrafts();
  }

  /** Put a text in place of the draft of its segment. */
  put(text: LiveText, { final }: { final: boolean }): void {
    const before = this.#segments.get(text.segment);
    // A draft may arrive behind the final text.
    if (before?.final && !final) return;
    if (before) this.#take(before);
    if (!text.text) return;
    const start = text.start_time ?? this.end;
    this.#insert({
      segment: text.segment,
      text: text.text,
      final,
      start,
      end: text.end_time ?? start,
      speaker: text.speaker ?? before?.speaker,
      channel: text.channel ?? undefined,
      language: text.language ?? undefined,
      continues: text.continues,
    });
  }

  /** Name the speaker of a segment. */
  name(segment: number, speaker: string): void {
    const found = this.#segments.get(segment);
    if (!found) return;
    this.#take(found);
    this.#insert({ ...found, speaker });
  }

  /** Take back all drafts, which another worker does not know. */
  forgetDrafts(): void {
    for (const one of this.#order.filter((kept) => !kept.final)) this.#take(one);
  }

  /** Seconds until which there is text. */
  get end(): number {
    return this.#order.at(-1)?.end ?? 0;
  }

  /** Return all utterances in order. */
  utterances(): Utterance[] {
    const made: Utterance[] = [];
    for (const { continues, speaker, channel, language, ...piece } of this.#order) {
      const open = made.at(-1);
      if (open && continues && open.channel === channel) {
        open.pieces = [...open.pieces, piece];
        open.speaker ??= speaker;
      } else {
        const { segment: key, start } = piece;
        made.push({ key, start, pieces: [piece], speaker, channel, language });
      }
    }
    return made;
  }

  #clear(): void {
    this.#segments.clear();
    this.#order = [];
  }

  #take(kept: Kept): void {
    this.#segments.delete(kept.segment);
    this.#order.splice(this.#order.lastIndexOf(kept), 1);
  }

  #insert(kept: Kept): void {
    this.#segments.set(kept.segment, kept);
    const before = this.#order.findLastIndex((one) => compare(one, kept) < 0);
    this.#order.splice(before + 1, 0, kept);
  }
}

/** Return the blank in front of a piece, which some scripts do not have. */
export function blankBefore(pieces: readonly Piece[], at: number): string {
  const before = pieces[at - 1]?.text.at(-1);
  if (before === undefined) return '';
  return UNSPACED.test(before) && UNSPACED.test(pieces[at]!.text[0]!) ? '' : ' ';
}

/** Return the text of an utterance. */
export function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }, at) => blankBefore(pieces, at) + text).join('');
}

/** Return the last utterances that have about so many characters. */
export function tailOf(utterances: readonly Utterance[], most: number): readonly Utterance[] {
  let length = 0;
  const from = utterances.findLastIndex(({ pieces }) => {
    length += textOf(pieces).length;
    return length >= most;
  });
  return utterances.slice(Math.max(0, from));
}

function compare(one: Kept, other: Kept): number {
  return one.start - other.start || one.segment - other.segment;
}
