import { clock } from '../lib/i18n.svelte';
import { placesOf } from './diff';
import { wordsOf, type Segment } from './types';

type NameOf = (segment: Segment) => string;

/** Words of a transcript, from the first to the last, by their IDs. */
export interface Range {
  first: string;
  last: string;
}

/** Return segments as plain text: a paragraph per segment, with speaker and time. */
export function textOf(segments: readonly Segment[], nameOf: NameOf): string {
  return segments.map((one) => paragraph(nameOf(one), one.start_time, one.text)).join('\n\n');
}

/** Return a stretch of words as plain text, with speakers and times. */
export function textOfRange(segments: readonly Segment[], range: Range, nameOf: NameOf): string {
  const has = (id: string) => (one: Segment) => wordsOf(one).some((word) => word.id === id);
  const from = segments.findIndex(has(range.first));
  const to = segments.findIndex(has(range.last));
  if (from === -1 || to < from) return '';
  return segments
    .slice(from, to + 1)
    .map((one) => {
      const words = wordsOf(one);
      const places = placesOf(words, one.text);
      const first = Math.max(
        0,
        words.findIndex(({ id }) => id === range.first),
      );
      const last = words.findIndex(({ id }) => id === range.last);
      const end = last === -1 ? one.text.length : places[last]!.end;
      const start = words[first]?.start ?? one.start_time;
      return paragraph(nameOf(one), start, one.text.slice(places[first]?.start ?? 0, end));
    })
    .join('\n\n');
}

function paragraph(name: string, time: number, text: string): string {
  return `${name} (${clock(time)})\n${text.trim()}`;
}
