import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import { placeFor, type Contradiction } from './contradictions';
import { Contradictions } from './contradictions.svelte';
import { segmentFrom } from './testing';
import type { Work } from './work.svelte';

afterEach(() => void vi.restoreAllMocks());

const segments = [segmentFrom('a', 'one two three', 1), segmentFrom('b', 'four', 10)];
const lost = (start: number) => placeFor({ kind: 'words', placed: false, start }, segments);

test('lost words are inserted where they were said', () => {
  expect(lost(1.6)).toEqual({ after: 'a.1' });
  expect(lost(8)).toEqual({ after: 'a.2' });
  expect(lost(0.2)).toEqual({ segment: 'a' });
  expect(placeFor({ kind: 'words', placed: false, start: 1 }, [])).toEqual({});
});

test('other edits need no place', () => {
  expect(placeFor({ kind: 'words', placed: true, start: 1 }, segments)).toEqual({});
  expect(placeFor({ kind: 'note', placed: false, start: 1 }, segments)).toEqual({});
});

test('an answer from before a decision does not bring it back', async () => {
  const ids = (...all: number[]) => all.map((id) => ({ id }) as Contradiction);
  const answers: ((open: Contradiction[]) => void)[] = [];
  vi.spyOn(api, 'GET').mockImplementation(
    (() =>
      new Promise((resolve) => {
        answers.push((conflicts) =>
          resolve({ data: { data: { conflicts } }, response: new Response() }),
        );
      })) as never,
  );
  const decided = { data: { data: { revision: 1 } }, response: new Response() };
  vi.spyOn(api, 'POST').mockResolvedValue(decided as never);
  const work = {
    document: { id: 1, machines: 2, revision: 1, segments: [] },
    draft: { close: () => Promise.resolve() },
    edits: { queue: (run: () => Promise<unknown>) => run() },
    attempt: (action: () => Promise<unknown>) => action().then(() => true),
  } as unknown as Work;
  const contradictions = new Contradictions(work);
  contradictions.open = ids(1, 2);
  const reading = contradictions.read();
  await contradictions.resolve(contradictions.open[0]!, 'mine');
  answers[0]!(ids(1, 2));
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  expect(contradictions.open).toEqual(ids(2));
  answers[1]!(ids(2));
  await reading;
  expect(contradictions.open).toEqual(ids(2));
});
