import { expect, test } from 'vitest';

import { locale } from '../lib/i18n.svelte';
import { languages, roughly } from './languages';

test('languages have names in the language of the page', () => {
  locale.code = 'de';
  expect(languages().find(({ code }) => code === 'fr')?.name).toBe('Französisch');
  locale.code = 'en';
  expect(languages()[0]!.name).toBe('Afrikaans');
});

test.each([
  [0.2, '1 sec'],
  [43, '45 sec'],
  [200, '3 min'],
  [9000, '2.5 hr'],
])('%d s are %s', (seconds, text) => {
  locale.code = 'en';
  expect(roughly(seconds)).toBe(text);
});
