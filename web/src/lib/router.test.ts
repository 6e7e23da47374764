import { expect, test } from 'vitest';

import { routeOf, timeOf } from './router.svelte';

test.each([
  ['/', { page: 'library' }],
  ['/people', { page: 'people' }],
  ['/record', { page: 'record' }],
  ['/queue/', { page: 'queue' }],
  ['/vocabulary', { page: 'vocabulary' }],
  ['/session', { page: 'session' }],
  ['/system', { page: 'system' }],
  ['/with-me', { page: 'with-me' }],
  ['/with-me/7', { page: 'with-me', id: 7 }],
  ['/account', { page: 'account' }],
  ['/workspace', { page: 'workspace' }],
  ['/webhooks', { page: 'webhooks' }],
  ['/users', { page: 'users' }],
  ['/audit', { page: 'audit' }],
  ['/t/67', { page: 'transcript', id: 67 }],
  ['/t/x', { page: 'missing' }],
  ['/t', { page: 'missing' }],
  ['/t/67/more', { page: 'missing' }],
  ['/docs', { page: 'missing' }],
])('the page of %s', (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

test.each([
  ['#t=83.2', 83.2],
  ['#t=0', 0],
  ['#t=', undefined],
  ['#t=-1', undefined],
  ['', undefined],
])('the time of %s', (fragment, seconds) => {
  expect(timeOf(fragment)).toBe(seconds);
});
