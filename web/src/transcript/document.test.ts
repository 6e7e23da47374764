import { afterEach, expect, test, vi } from 'vitest';

import { api } from '../lib/client';
import { Document } from './document.svelte';

afterEach(() => void vi.restoreAllMocks());

test('a late answer about the speakers does not replace a newer one', async () => {
  const answers: ((name: string) => void)[] = [];
  vi.spyOn(api, 'GET').mockImplementation(
    (() =>
      new Promise((resolve) => {
        answers.push((name) => {
          const data = { data: [{ speaker_label: 'Speaker_1', name }] };
          resolve({ data, response: new Response() });
        });
      })) as never,
  );
  const document = new Document(1);
  const readings = [document.readSpeakers(), document.readSpeakers()];
  // The second one was sent after a name was taken back. Its answer would come first.
  answers[1]?.('Speaker_1');
  answers[0]!('Diane');
  await readings[0];
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]!('Speaker_1');
  await Promise.all(readings);
  expect(document.names.get('Speaker_1')).toBe('Speaker_1');
});
