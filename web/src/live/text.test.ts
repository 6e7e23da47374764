import type { LiveText } from 'securetranscribe-js';
import { beforeEach, expect, test } from 'vitest';

import { LiveTranscript, tailOf, textOf, type Utterance } from './text';

let transcript: LiveTranscript;

beforeEach(() => {
  transcript = new LiveTranscript();
  transcript.begin('one');
});

function textAt(segment: number, text: string, more: Partial<LiveText> = {}): LiveText {
  return {
    segment,
    sequence: null,
    text,
    words: [],
    start_time: segment,
    end_time: segment + 1,
    language: 'en',
    channel: null,
    speaker: null,
    continues: false,
    ...more,
  };
}

const draft = (...parts: Parameters<typeof textAt>) =>
  transcript.put(textAt(...parts), { final: false });
const final = (...parts: Parameters<typeof textAt>) =>
  transcript.put(textAt(...parts), { final: true });
const shown = () => transcript.utterances().map(({ pieces }) => textOf(pieces));
const drafts = () =>
  transcript.utterances().flatMap(({ pieces }) => pieces.filter((one) => !one.final));

test('a draft is replaced by the next one, and by the final text', () => {
  draft(1, 'the sense');
  draft(1, 'the tents are');
  expect(shown()).toEqual(['the tents are']);
  final(1, 'The tents are old.');
  draft(1, 'the tents');
  expect(shown()).toEqual(['The tents are old.']);
  expect(drafts()).toEqual([]);
});

test('an empty draft takes its segment back', () => {
  final(1, 'One.');
  draft(2, 'uh');
  draft(2, '');
  expect(shown()).toEqual(['One.']);
});

test('segments that go on are one utterance, others begin one', () => {
  final(1, 'The tents');
  final(2, 'are old', { continues: true });
  draft(3, 'and wet', { continues: true });
  draft(4, 'Yes');
  expect(shown()).toEqual(['The tents are old and wet', 'Yes']);
  expect(transcript.utterances()[0]).toMatchObject({ key: 1, start: 1 });
});

test('channels are parties of their own, in the order of their times', () => {
  final(1, 'Hello', { channel: 1, start_time: 0 });
  final(2, 'Good morning', { channel: 2, start_time: 4 });
  final(3, 'there.', { channel: 1, start_time: 2, continues: true });
  expect(shown()).toEqual(['Hello there.', 'Good morning']);
  expect(transcript.utterances().map((one) => one.channel)).toEqual([1, 2]);
});

test('a speaker names an utterance without a change of its text', () => {
  final(1, 'Hello');
  final(2, 'there', { continues: true });
  transcript.name(2, 'Ada');
  expect(transcript.utterances()[0]!.speaker).toBe('Ada');
  transcript.name(1, 'Grace');
  transcript.name(9, 'Nobody');
  expect(transcript.utterances()[0]!.speaker).toBe('Grace');
  expect(shown()).toEqual(['Hello there']);
});

test('a resumption repeats results once, without earlier drafts', () => {
  final(1, 'Hello');
  draft(2, 'the old');
  transcript.begin('one');
  final(1, 'Hello');
  expect(shown()).toEqual(['Hello']);
  transcript.begin('another');
  expect(shown()).toEqual([]);
});

test('a draft without words has its place behind everything else', () => {
  final(1, 'One.');
  draft(7, 'two', { start_time: null, end_time: null });
  expect(shown()).toEqual(['One.', 'two']);
  expect(transcript.end).toBe(2);
});

test('scripts without blanks have none between segments', () => {
  final(1, '你好');
  final(2, '世界', { continues: true });
  final(3, 'OK', { continues: true });
  expect(shown()).toEqual(['你好世界 OK']);
});

test('the tail has about so many characters, and at least one utterance', () => {
  for (const segment of [1, 2, 3, 4]) final(segment, 'x'.repeat(100));
  const keys = (most: number) => tailOf(transcript.utterances(), most).map(keyOf);
  expect(keys(150)).toEqual([3, 4]);
  expect(keys(20)).toEqual([4]);
  expect(keys(9000)).toEqual([1, 2, 3, 4]);
  expect(tailOf([], 20)).toEqual([]);
});

const keyOf = ({ key }: Utterance) => key;
