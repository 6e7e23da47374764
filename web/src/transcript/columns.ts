import { lookOf } from './speakers';
import type { Segment } from './types';

/** Return the highest of the values in each of `columns` equal stretches. */
export function highestOf(values: ArrayLike<number>, columns: number): Float32Array {
  const result = new Float32Array(columns);
  const width = values.length / columns;
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(column * width);
    const to = Math.max(from + 1, Math.floor((column + 1) * width));
    for (let i = from; i < to && i < values.length; i++) {
      result[column] = Math.max(result[column]!, values[i]!);
    }
  }
  return result;
}

/**
 * Return the look of the speaker in each of `columns` equal stretches between two times, -1 where
 * nobody speaks.
 */
export function looksOf(
  segments: readonly Pick<Segment, 'start_time' | 'end_time' | 'speaker_label'>[],
  columns: number,
  start: number,
  end: number,
): Int8Array {
  const looks = new Int8Array(columns).fill(-1);
  const perSecond = columns / (end - start);
  for (const segment of segments) {
    if (segment.start_time >= end || segment.end_time <= start) continue;
    const from = Math.max(0, Math.floor((segment.start_time - start) * perSecond));
    const to = Math.max(from + 1, Math.ceil((segment.end_time - start) * perSecond));
    looks.fill(lookOf(segment.speaker_label), from, to);
  }
  return looks;
}
