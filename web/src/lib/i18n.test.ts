import { expect, test } from 'vitest';

import { clock, locale, size, t, type Catalog } from './i18n.svelte';

const catalogs = import.meta.glob<Catalog>('../locales/*/index.ts', {
  eager: true,
  import: 'default',
});
const english = catalogs['../locales/en/index.ts']!;
const values = (text: Catalog[string]) =>
  [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map((found) => found[1]);

test('texts have plural forms and values', () => {
  locale.code = 'en';
  expect(t('error.busy', { count: 1 })).toBe('The server is busy. Try again in 1 second.');
  expect(t('error.busy', { count: 1200 })).toBe('The server is busy. Try again in 1,200 seconds.');
});

test.each(Object.entries(catalogs))('%s has all texts with their values', (_, catalog) => {
  expect(Object.keys(catalog).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(catalog)) {
    expect([key, ...new Set(values(text).sort())]).toEqual([
      key,
      ...new Set(values(english[key]!).sort()),
    ]);
  }
});

test.each([
  [0, '0:00'],
  [59.9, '0:59'],
  [187, '3:07'],
  [3787, '1:03:07'],
  [36_000, '10:00:00'],
])('%d s are %s', (seconds, text) => {
  expect(clock(seconds)).toBe(text);
});

test('sizes are in the largest fitting unit', () => {
  locale.code = 'en';
  expect(size(0)).toBe('0 byte');
  expect(size(3_240_000)).toBe('3.2 MB');
});
