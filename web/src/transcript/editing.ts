import { wordAt } from './diff';
import { wordsOf, type Segment } from './types';
import type { Work } from './work.svelte';

/** Begin a new segment at a position in the text that is being edited. */
export async function splitAt(
  work: Work,
  id: string,
  text: string,
  position: number,
): Promise<void> {
  const before = text.slice(0, position).trimEnd();
  const after = text.slice(position).trimStart();
  if (before === '' || after === '') return;
  // A word that is split by the caret becomes two words first.
  const apart = /\S\s*$/u.test(text.slice(0, position)) ? `${before} ${after}` : text;
  work.draft.write(apart);
  work.draft.input(apart);
  await work.draft.save();
  const segment = work.document.segments.find((one) => one.id === id);
  if (!segment) return;
  const place = segment.text.length - lengthOfEnd(segment.text, after);
  const word = wordsOf(segment)[wordAt(wordsOf(segment), segment.text, place)];
  if (!word || word === wordsOf(segment)[0]) return;
  const { changed } = await work.edits.run([{ type: 'split_segment', word: word.id }]);
  const young = changed.find((one) => wordsOf(one)[0]?.id === word.id);
  if (young) await edit(work, young, 0);
}

/** Join the segment that is being edited with the one before it. */
export async function joinBefore(work: Work, id: string): Promise<void> {
  await work.draft.save();
  const { segments } = work.document;
  const second = segments[work.document.placeOf(id)];
  const first = second && previousOf(segments, second);
  if (!first) return;
  const caret = first.text.length;
  await work.edits.run([{ type: 'merge_segments', first: first.id, second: second.id }]);
  const joined = work.document.segments.find((one) => one.id === first.id);
  if (joined) await edit(work, joined, caret);
}

/** Give a stretch of the text that is edited, or all of it, to the speaker at a place of the panel. */
export async function giveText(
  work: Work,
  id: string,
  { start, end }: { start: number; end: number },
  place: number,
): Promise<void> {
  const voice = work.document.voices[place];
  await work.draft.save();
  const segment = work.document.segments.find((one) => one.id === id);
  if (!voice || !segment) return;
  const words = wordsOf(segment);
  const all = start === end;
  const first = words[all ? 0 : wordAt(words, segment.text, start)];
  const last = words[all ? words.length - 1 : wordAt(words, segment.text, end - 1)] ?? words.at(-1);
  if (!first || !last) return;
  const range = { first: first.id, last: last.id };
  await work.edits.run([{ type: 'set_speaker', ...range, speaker: voice.speaker_label }]);
  await work.document.readSpeakers();
  work.draft.renew();
}

/** Return the segment of the same channel before one. */
export function previousOf(segments: readonly Segment[], segment: Segment): Segment | undefined {
  let place = segments.indexOf(segment) - 1;
  while (place >= 0 && segments[place]!.channel !== segment.channel) place--;
  return segments[place];
}

/** Edit a segment, with the caret at a position. */
export async function edit(work: Work, segment: Segment, caret: number): Promise<void> {
  await work.draft.open(segment, caret);
  work.selected = segment.id;
  work.show(work.document.placeOf(segment.id), false);
}

/** Return how many letters at the end of a text make up `end`, apart from blanks. */
function lengthOfEnd(text: string, end: string): number {
  let rest = end.replace(/\s+/gu, '').length;
  let length = 0;
  while (rest > 0 && length < text.length) {
    length++;
    if (/\S/u.test(text[text.length - length]!)) rest--;
  }
  return length;
}
