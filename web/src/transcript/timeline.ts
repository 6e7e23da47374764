import { wordsOf, type Segment, type Word } from './types';

/** Return the number of items that start at a time or before. Items are in order of their start. */
export function startedBy<Item>(
  items: readonly Item[],
  time: number,
  start: (item: Item) => number,
): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (start(items[middle]!) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Segments looked at before the one that started last, because those of other channels overlap. */
const OVERLAPPING = 20;

/** Return the place of the segment that is spoken at a time, or of the last one before. */
export function segmentAt(segments: readonly Segment[], time: number): number {
  const last = startedBy(segments, time, (segment) => segment.start_time) - 1;
  for (let place = last; place >= 0 && place > last - OVERLAPPING; place--) {
    if (segments[place]!.end_time > time) return place;
  }
  return last;
}

/** Return the word that is spoken at a time, or the last one before it in the segment. */
export function spokenAt(segment: Segment, time: number): Word | undefined {
  const words = wordsOf(segment);
  return words[startedBy(words, time, (word) => word.start) - 1];
}

/** Pauses longer than this are skipped. */
const LONG_PAUSE = 1.5;
/** Seconds before speech at which playing goes on. */
const LEAD = 0.25;

/** Return where to go on playing if nobody speaks at a time, otherwise `undefined`. */
export function afterSilence(segments: readonly Segment[], time: number): number | undefined {
  const next = segments[startedBy(segments, time, (segment) => segment.start_time)];
  if (!next) return undefined;
  const current = segments[segmentAt(segments, time)];
  const spoken = current ? quietSince(current, time) : 0;
  const target = next.start_time - LEAD;
  return time - spoken > 0.3 && target - time > LONG_PAUSE ? target : undefined;
}

/** Return since when nobody speaks. */
function quietSince(segment: Segment, time: number): number {
  return segment.end_time > time ? time : segment.end_time;
}

/** Return the place of the next segment after `place` for which `test` holds, from the start again at the end. */
export function nextPlace<Item>(
  items: readonly Item[],
  place: number,
  test: (item: Item) => boolean,
  step: 1 | -1 = 1,
): number {
  for (let distance = 1; distance <= items.length; distance++) {
    const next = (((place + step * distance) % items.length) + items.length) % items.length;
    if (test(items[next]!)) return next;
  }
  return -1;
}
