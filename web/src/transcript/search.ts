import type { Segment } from './types';

/** A hit in the text of a segment. */
export interface Hit {
  place: number;
  start: number;
  end: number;
}

export interface Wanted {
  query: string;
  matchCase: boolean;
  wholeWords: boolean;
}

/** Return the first `most` hits of a text, by segments in order. */
export function hitsOf(segments: readonly Segment[], wanted: Wanted, most = 1000): Hit[] {
  if (wanted.query.trim() === '') return [];
  const escaped = wanted.query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const source = wanted.wholeWords ? `(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])` : escaped;
  const pattern = new RegExp(source, wanted.matchCase ? 'gu' : 'giu');
  const hits: Hit[] = [];
  for (const [place, { text }] of segments.entries()) {
    for (const found of text.matchAll(pattern)) {
      if (hits.length === most) return hits;
      hits.push({ place, start: found.index, end: found.index + found[0].length });
    }
  }
  return hits;
}
