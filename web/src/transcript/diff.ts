import { wordsOf, type Operation, type Segment, type Word } from './types';

/** What is compared of a segment. */
export type Written = Pick<Segment, 'id' | 'text' | 'words'>;

/** A stretch of words with the text to write in its place. Either may be empty. */
interface Change {
  /** Numbers of the first word and of the word after the last. */
  from: number;
  to: number;
  text: string;
}

/** Products of lengths above this are compared by their common ends only. */
const MOST_CELLS = 250_000;

/**
 * Return the operations that turn the words of a segment into a text.
 *
 * Words that are equal stay as they are, with their times: `a b c` and `"a x c"` replace `b`.
 */
export function operationsOf(segment: Written, text: string): Operation[] {
  const words = wordsOf(segment);
  const spaced = tokens(segment.text).length >= words.length;
  const changes = spaced
    ? changesOf(
        words.map((word) => word.text.trim()),
        tokens(text),
      )
    : unspaced(words, text);
  return changes.map((change) => operation(segment.id, words, change));
}

/** Return whether two texts differ in more than blanks. */
export function differs(one: string, other: string): boolean {
  return tokens(one).join('') !== tokens(other).join('');
}

function operation(segment: string, words: readonly Word[], change: Change): Operation {
  const { from, to, text } = change;
  if (from === to) {
    return { type: 'insert_words', segment, after: words[from - 1]?.id ?? null, text };
  }
  const first = words[from]!.id;
  const last = words[to - 1]!.id;
  if (text === '') return { type: 'delete_words', first, last };
  return { type: 'replace_words', first, last, text };
}

function tokens(text: string): string[] {
  return text.split(/\s+/u).filter(Boolean);
}

/** Return what differs between two lists of words, neighbors together. */
export function changesOf(before: readonly string[], after: readonly string[]): Change[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  const old = before.slice(start, before.length - end);
  const young = after.slice(start, after.length - end);
  if (old.length === 0 && young.length === 0) return [];
  if (old.length * young.length > MOST_CELLS) {
    return [{ from: start, to: start + old.length, text: young.join(' ') }];
  }
  return collect(old, young, start);
}

/** Walk along the longest common subsequence. */
function collect(old: readonly string[], young: readonly string[], shift: number): Change[] {
  const lengths = common(old, young);
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  let open: { from: number; words: string[] } | undefined;
  const close = () => {
    if (open) changes.push({ from: open.from, to: shift + i, text: open.words.join(' ') });
    open = undefined;
  };
  while (i < old.length || j < young.length) {
    if (i < old.length && j < young.length && old[i] === young[j]) {
      close();
      i++;
      j++;
      continue;
    }
    open ??= { from: shift + i, words: [] };
    const skipOld =
      i < old.length && (j === young.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!);
    if (skipOld) i++;
    else open.words.push(young[j++]!);
  }
  close();
  return changes;
}

/** Return the length of the longest common subsequence of all endings. */
function common(old: readonly string[], young: readonly string[]): Uint32Array[] {
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint32Array(young.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = young.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        old[i] === young[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}

/** Keep the words at both ends of a text in a language without blanks, and replace those between. */
function unspaced(words: readonly Word[], text: string): Change[] {
  let rest = text.trim();
  let from = 0;
  while (from < words.length && rest.startsWith(words[from]!.text.trim())) {
    rest = rest.slice(words[from]!.text.trim().length).trimStart();
    from++;
  }
  let to = words.length;
  while (to > from && rest.endsWith(words[to - 1]!.text.trim())) {
    rest = rest.slice(0, rest.length - words[to - 1]!.text.trim().length).trimEnd();
    to--;
  }
  return from === to && rest === '' ? [] : [{ from, to, text: rest }];
}

/** Return two texts word by word: words that are in both, and those of only one. */
export function piecesOf(
  before: string,
  after: string,
): { same: string; old: string; young: string }[] {
  const words = tokens(before);
  const pieces: { same: string; old: string; young: string }[] = [];
  let place = 0;
  for (const { from, to, text } of changesOf(words, tokens(after))) {
    const same = words.slice(place, from).join(' ');
    pieces.push({ same, old: words.slice(from, to).join(' '), young: text });
    place = to;
  }
  return [...pieces, { same: words.slice(place).join(' '), old: '', young: '' }];
}

/** Return the number of the word that contains or follows a position in the text of a segment. */
export function wordAt(words: readonly Word[], text: string, position: number): number {
  const places = placesOf(words, text);
  const found = places.findIndex(({ end }) => position < end);
  return found === -1 ? words.length : found;
}

/** Return where each word of a segment lies in its text, in order. */
export function placesOf(words: readonly Word[], text: string): { start: number; end: number }[] {
  let position = 0;
  return words.map((word) => {
    const bare = word.text.trim();
    const found = text.indexOf(bare, position);
    const start = found === -1 ? position : found;
    position = Math.min(text.length, start + bare.length);
    return { start, end: position };
  });
}
