import { expect, test } from 'vitest';

import { addressOf, bulkFilter, filterCount, listQuery, parseView, searchQuery } from './view';

test('an address names a view and is named by it', () => {
  const address = '/?view=trash&q=budget+%22next+year%22&tag=7&folder=0&favorite=1&sort=title';
  const view = parseView(address.slice(1));
  expect(view).toMatchObject({
    trash: true,
    query: 'budget "next year"',
    tag: 7,
    folder: 0,
    favorite: true,
    sort: 'title',
  });
  expect(addressOf(view)).toBe(address);
  expect(addressOf(parseView(''))).toBe('/');
});

test('what an address has wrong is left out', () => {
  const view = parseView('?tag=x&status=lost&from=yesterday&sort=best&to=2026-01-31');
  expect(view).toEqual({ ...parseView(''), to: '2026-01-31' });
  expect(filterCount(view)).toBe(1);
});

test('lists, searches and changes of many get the same filters', () => {
  const view = parseView('?tag=7&folder=3&status=failed&language=de&speaker=Liam&q= budget ');
  expect(listQuery(view)).toEqual({
    sort: 'newest',
    tag_id: [7],
    folder_id: 3,
    status_filter: 'failed',
    language: 'de',
    speaker: 'Liam',
  });
  expect(searchQuery(view, 'Q3')).toEqual({
    q: 'budget',
    tag: 'Q3',
    folder_id: 3,
    status: 'failed',
    language: 'de',
    speaker: 'Liam',
  });
  expect(bulkFilter(view)).toEqual({
    tag_ids: [7],
    folder_id: 3,
    status: 'failed',
    language: 'de',
    speaker: 'Liam',
  });
});

test('a range of days has its whole last day', () => {
  const { from, to } = listQuery(parseView('?from=2026-03-01&to=2026-03-01'));
  expect(Date.parse(to!) - Date.parse(from!)).toBe(24 * 3600 * 1000 - 1);
});
