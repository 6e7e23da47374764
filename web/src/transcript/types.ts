import type { components } from 'securetranscribe-js';

type Schemas = components['schemas'];

export type Segment = Schemas['TranscriptSegment'];
export type Word = Schemas['TranscriptWord'];
export type Note = Schemas['NoteData'];
export type Voice = Schemas['TranscriptVoice'];
export type Operation = Schemas['EditBody']['operations'][number];
export type EditData = Schemas['EditData'];
export type TranscriptData = Schemas['TranscriptData'];
export type Revision = Schemas['RevisionData'];
export type History = Schemas['HistoryData'];
export type Difference = Schemas['SegmentDifference'];
export type Comparison = Schemas['ComparisonData'];
export type Status = Schemas['StatusData'];

/** Words whose confidence is lower are doubtful. */
export const DOUBTFUL = 0.5;

/** Return whether a word is likely to be wrong. */
export function isDoubtful(word: Word): boolean {
  return word.confidence !== null && word.confidence < DOUBTFUL;
}

/** Return the words of a segment. */
export function wordsOf(segment: Pick<Segment, 'words'>): readonly Word[] {
  return segment.words ?? [];
}
