import { wordsOf, type Operation, type Segment } from '../transcript/types';

/** A note or a bookmark that was made while people spoke. */
export interface LiveNote {
  key: string;
  /** Name of the recording in this browser. */
  recording: string;
  /** The transcription it belongs to, once it is known. */
  transcriptionId?: number;
  /** Seconds from the beginning of the recording. */
  at: number;
  /** Empty for a bookmark. */
  text: string;
  /** Milliseconds since 1970. */
  madeAt: number;
  /** Whether the transcript has it already, while the recording goes on. */
  written?: boolean;
}

/** Return the edits that write notes into a transcript. Bookmarks become stars. */
export function operationsFor(
  notes: readonly LiveNote[],
  segments: readonly Segment[],
): Operation[] {
  return notes.flatMap((note): Operation[] => {
    const segment = segmentAt(segments, note.at);
    if (!segment) return [];
    if (!note.text) return [{ type: 'set_starred', segment: segment.id, starred: true }];
    const words = wordsOf(segment);
    const word = words.findLast((one) => one.start <= note.at) ?? words[0];
    if (!word) return [];
    return [{ type: 'add_note', first: word.id, last: word.id, text: note.text }];
  });
}

/** Return the notes whose time a text reaches that is still growing. */
export function reached(
  notes: readonly LiveNote[],
  segments: readonly Segment[],
): readonly LiveNote[] {
  const until = Math.max(0, ...segments.map((one) => one.end_time));
  return notes.filter((note) => note.at < until);
}

/** Return the segment that is spoken at a time, or the last one before it. */
function segmentAt(segments: readonly Segment[], at: number): Segment | undefined {
  return segments.findLast((one) => one.start_time <= at) ?? segments[0];
}

/** Return kept notes, without what is not understood. */
export function notesFrom(text: string | null): readonly LiveNote[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kept) ? kept.filter(isNote) : [];
  } catch {
    return [];
  }
}

function isNote(value: unknown): value is LiveNote {
  const { key, recording, at, text, madeAt } = (value ?? {}) as Partial<LiveNote>;
  const named = typeof key === 'string' && typeof recording === 'string';
  return named && typeof at === 'number' && typeof text === 'string' && typeof madeAt === 'number';
}
