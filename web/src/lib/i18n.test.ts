import { expect, test } from 'vitest';

import { clock, locale, LOCALES, size, t, type Catalog } from './i18n.svelte';

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

test.each(Object.entries(catalogs))('%s has the plural forms of its numbers', (path, catalog) => {
  const rules = new Intl.PluralRules(path.split('/').at(-2));
  const needed = new Set(Array.from({ length: 201 }, (_, count) => rules.select(count)));
  const known = rules.resolvedOptions().pluralCategories;
  for (const [key, forms] of Object.entries(catalog)) {
    if (typeof forms === 'string') continue;
    expect([key, Object.keys(forms)]).toEqual([key, expect.arrayContaining(['other', ...needed])]);
    expect([key, known]).toEqual([key, expect.arrayContaining(Object.keys(forms))]);
  }
});

test('languages are found and name themselves', () => {
  expect(LOCALES).toMatchObject({ ar: 'العربية', en: 'English', fr: 'Français' });
  expect(Object.keys(LOCALES).length).toBe(Object.keys(catalogs).length);
});

test('values of another direction do not reorder the text', () => {
  locale.code = 'en';
  const isolate = (value: string) => `\u2068${value}\u2069`;
  expect(t('library.select', { title: 'Notes' })).toBe('Select Notes');
  expect(t('library.select', { title: 'لقاء' })).toBe(`Select ${isolate('لقاء')}`);
  locale.code = 'ar';
  locale.catalog = catalogs['../locales/ar/index.ts']!;
  expect(t('library.select', { title: 'Notes' })).toBe(`تحديد ${isolate('Notes')}`);
  expect(t('library.speakers', { count: 3 })).toBe('3 متحدثين');
  locale.catalog = english;
});

test.each([
  [0, '0:00'],
  [59.9, '0:59'],
  [187, '3:07'],
  [3787, '1:03:07'],
  [36_000, '10:00:00'],
])('%d s are %s', (seconds, text) => {
  locale.code = 'en';
  expect(clock(seconds)).toBe(text);
});

test('times have the digits of the language', () => {
  locale.code = 'fa';
  expect(clock(187)).toBe('۳:۰۷');
});

test('sizes are in the largest fitting unit', () => {
  locale.code = 'en';
  expect(size(0)).toBe('0 byte');
  expect(size(3_240_000)).toBe('3.2 MB');
});
