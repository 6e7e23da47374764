import { expect, test } from 'vitest';

import { changesOf, operationsOf, piecesOf, placesOf, wordAt } from './diff';
import { segmentFrom, wordsFrom } from './testing';

const words = wordsFrom('the quick brown fox jumps');
const segment = { ...segmentFrom('s', 'the quick brown fox jumps'), words };

test('an unchanged text needs no operation', () => {
  expect(operationsOf(segment, ' the  quick brown\nfox jumps ')).toEqual([]);
});

test('a changed word is replaced by itself', () => {
  expect(operationsOf(segment, 'the quick red fox jumps')).toEqual([
    { type: 'replace_words', first: 'w2', last: 'w2', text: 'red' },
  ]);
});

test('words are inserted behind the word before, or at the beginning', () => {
  expect(operationsOf(segment, 'And the quick brown fox jumps high')).toEqual([
    { type: 'insert_words', segment: 's', after: null, text: 'And' },
    { type: 'insert_words', segment: 's', after: 'w4', text: 'high' },
  ]);
});

test('missing words are deleted', () => {
  expect(operationsOf(segment, 'the fox jumps')).toEqual([
    { type: 'delete_words', first: 'w1', last: 'w2' },
  ]);
  expect(operationsOf(segment, '')).toEqual([{ type: 'delete_words', first: 'w0', last: 'w4' }]);
});

test('changes far apart stay apart', () => {
  expect(operationsOf(segment, 'a quick brown fox jumped over')).toEqual([
    { type: 'replace_words', first: 'w0', last: 'w0', text: 'a' },
    { type: 'replace_words', first: 'w4', last: 'w4', text: 'jumped over' },
  ]);
});

test('a segment without words gets its first ones', () => {
  expect(operationsOf({ ...segment, text: '', words: [] }, 'Hello there')).toEqual([
    { type: 'insert_words', segment: 's', after: null, text: 'Hello there' },
  ]);
});

test('a language without blanks keeps the words at both ends', () => {
  const japanese = wordsFrom('今日 は とても いい 天気 です ね みんな 元気', 'j');
  const text = japanese.map((word) => word.text).join('');
  const written = { id: 's', text, words: japanese };
  expect(operationsOf(written, text)).toEqual([]);
  const changed = operationsOf(written, text.replace('天気', '気分'));
  expect(changed).toEqual([{ type: 'replace_words', first: 'j4', last: 'j4', text: '気分' }]);
});

test('applying the changes gives the text, whatever it is', () => {
  const alphabet = ['a', 'b', 'c', 'd'];
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 300; round++) {
    const before = Array.from({ length: random(9) }, () => alphabet[random(4)]!);
    const after = Array.from({ length: random(9) }, () => alphabet[random(4)]!);
    const result = [...before];
    for (const { from, to, text } of changesOf(before, after).reverse()) {
      result.splice(from, to - from, ...text.split(' ').filter(Boolean));
    }
    expect(result).toEqual(after);
  }
});

test('a word that is written apart is a change', () => {
  expect(operationsOf(segment, 'the quick brown f ox jumps')).toEqual([
    { type: 'replace_words', first: 'w3', last: 'w3', text: 'f ox' },
  ]);
});

test('two texts are shown word by word', () => {
  expect(piecesOf('a b c d', 'a x c d e')).toEqual([
    { same: 'a', old: 'b', young: 'x' },
    { same: 'c d', old: '', young: 'e' },
    { same: '', old: '', young: '' },
  ]);
});

test('places of words and the word at a position', () => {
  expect(placesOf(words, 'the quick brown fox jumps')[1]).toEqual({ start: 4, end: 9 });
  expect(wordAt(words, 'the quick brown fox jumps', 0)).toBe(0);
  expect(wordAt(words, 'the quick brown fox jumps', 4)).toBe(1);
  expect(wordAt(words, 'the quick brown fox jumps', 9)).toBe(2);
  expect(wordAt(words, 'the quick brown fox jumps', 25)).toBe(5);
});
