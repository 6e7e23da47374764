import type { components } from 'securetranscribe-js';

import { segmentAt, spokenAt } from './timeline';
import type { Segment } from './types';

/** An edit that a new machine version contradicts, or that has no place in it. */
export type Contradiction = components['schemas']['ConflictData'];

/**
 * Return where to insert the text of a person that has no place in the transcript: behind the word
 * that is said at its time, or at the beginning of the next segment. Other edits need none.
 */
export function placeFor(
  one: Pick<Contradiction, 'kind' | 'placed' | 'start'>,
  segments: readonly Segment[],
): { after?: string; segment?: string } {
  if (one.kind !== 'words' || one.placed) return {};
  const segment = segments[Math.max(0, segmentAt(segments, one.start))];
  if (!segment) return {};
  const before = spokenAt(segment, one.start);
  return before ? { after: before.id } : { segment: segment.id };
}
