import type { Comparison, EditData, Segment } from './types';

/** Return the segments after an edit: changed ones in place of those before, in order of time. */
export function arrange(
  segments: readonly Segment[],
  { changed, removed }: Pick<EditData, 'changed' | 'removed'>,
): Segment[] {
  const gone = new Set(removed);
  const young = new Map(changed.map((segment) => [segment.id, segment]));
  const result: Segment[] = [];
  for (const segment of segments) {
    const replacement = young.get(segment.id);
    if (replacement) result.push(replacement);
    else if (!gone.has(segment.id)) result.push(segment);
    young.delete(segment.id);
  }
  result.push(...young.values());
  return result.sort((one, other) => one.start_time - other.start_time);
}

/** What to read of a later revision, or `undefined` if all of it must be read. */
export interface Reading {
  from: number;
  to: number;
  removed: string[];
  /** Whether names, or what each speaker says, have changed. */
  speakers: boolean;
}

/** Stretches longer than this many seconds are read with everything else. */
const LONGEST = 1800;

/** Return what to read to follow a comparison of the revision at hand with a later one. */
export function readingOf(comparison: Comparison): Reading | undefined {
  const moved = comparison.speakers.some((one) => one.before_label !== one.after_label);
  if (comparison.next_cursor !== null || moved) return undefined;
  const after = comparison.differences.flatMap((difference) => difference.after);
  const kept = new Set(after.map((segment) => segment.id));
  const removed = comparison.differences
    .flatMap((difference) => difference.before.map((segment) => segment.id))
    .filter((id) => !kept.has(id));
  const speakers =
    comparison.speakers.length > 0 ||
    comparison.differences.some(({ changes }) => changes.includes('speaker'));
  if (after.length === 0) return { from: 0, to: 0, removed, speakers };
  const from = Math.min(...after.map((segment) => segment.start_time));
  const to = Math.max(...after.map((segment) => segment.end_time));
  return to - from > LONGEST ? undefined : { from, to, removed, speakers };
}
