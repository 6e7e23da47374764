import type { LiveText } from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { textOf } from './text';
import { LiveWords, type LiveSource } from './words.svelte';

const handlers = new Map<string, (data: never) => void>();
const source: LiveSource = {
  on: (type, handler) => {
    handlers.set(type, handler as (data: never) => void);
    return () => {};
  },
};
let words: LiveWords;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['requestAnimationFrame'] });
  words = new LiveWords(source);
});

afterEach(() => vi.useRealTimers());

function tell(type: string, data: unknown): void {
  handlers.get(type)!(data as never);
}

function say(type: 'draft' | 'final', segment: number, text: string): void {
  const times = { start_time: segment, end_time: segment + 1, words: [] };
  const about = { language: 'en', channel: null, speaker: null, continues: false };
  const sequence = type === 'final' ? segment : null;
  tell(type, { segment, sequence, text, ...times, ...about } satisfies LiveText);
}

function shown(): string[] {
  vi.advanceTimersToNextFrame();
  return words.utterances.map(({ pieces }) => textOf(pieces));
}

const begin = (lastSequence: number) =>
  tell('begun', { transcription_id: 7, last_sequence: lastSequence });

test('drafts and finals are shown, and only new finals are announced', () => {
  begin(1);
  say('final', 1, 'From before.');
  say('draft', 2, 'Hello');
  expect(shown()).toEqual(['From before.', 'Hello']);
  say('final', 2, 'Hello.');
  expect(shown()).toEqual(['From before.', 'Hello.']);
  expect(words.newest).toEqual([{ key: 2, text: 'Hello.' }]);
  expect(words.transcriptionId).toBe(7);
});

test('another worker makes drafts void and ends the notice', () => {
  begin(0);
  say('draft', 1, 'Hello');
  tell('notice', { code: 'no_recognizer', message: '' });
  expect(words.notice).toBe('no_recognizer');
  tell('notice', { code: 'recognizing', message: '' });
  expect(words.notice).toBeUndefined();
  expect(shown()).toEqual([]);
});

test('missing chunks are no news for people', () => {
  begin(0);
  tell('notice', { code: 'chunks_missing', message: '' });
  expect(words.notice).toBeUndefined();
});

test('the state of the session is known', () => {
  tell('state', 'lost');
  tell('lag', { text: 12, speakers: null });
  tell('unavailable', new Error('No.'));
  expect(words).toMatchObject({ connection: 'lost', lag: 12, unavailable: new Error('No.') });
  begin(0);
  expect(words.unavailable).toBeUndefined();
  tell('ended', { transcription_id: 7 });
  expect(words.ended).toBe(true);
});
