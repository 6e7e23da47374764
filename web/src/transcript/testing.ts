import type { Segment, Word } from './types';

/** Return words of a text, half a second each, for tests. */
export function wordsFrom(text: string, prefix = 'w', start = 0): Word[] {
  return text.split(' ').map((one, number) => ({
    id: `${prefix}${number}`,
    text: one,
    start: start + number / 2,
    end: start + number / 2 + 0.4,
    confidence: 0.9,
    edited: false,
    edited_revision: null,
    speakers: ['Speaker_1'],
  }));
}

/** Return a segment of a text, for tests. */
export function segmentFrom(
  id: string,
  text: string,
  start = 0,
  more: Partial<Segment> = {},
): Segment {
  const words = wordsFrom(text, `${id}.`, start);
  return {
    id,
    speaker: 'Speaker_1',
    speaker_label: 'Speaker_1',
    text,
    start_time: start,
    end_time: words[words.length - 1]!.end,
    confidence: 0.9,
    language: 'en',
    channel: null,
    reviewed: false,
    starred: false,
    words,
    ...more,
  };
}
