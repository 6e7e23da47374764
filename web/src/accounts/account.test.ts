import { ApiError, AuthenticationError, ServiceUnavailableError } from 'securetranscribe-js';
import { expect, test } from 'vitest';

import { refusalOf, wayOf } from './account.svelte';

test.each([
  ['/setup', 'setup'],
  ['/reset/', 'reset'],
  ['/', undefined],
  ['/resets', undefined],
  ['/reset/more', undefined],
])('the way in at %s', (path, way) => {
  expect(wayOf(path)).toBe(way);
});

test('a refusal says what to do', () => {
  const wrong = new AuthenticationError('AUTHENTICATION_ERROR', 'no', 401);
  expect(refusalOf(wrong, 'sign-in')).toContain('Check both');
  expect(refusalOf(wrong, 'reset')).toContain('administrator');
  const locked = new ServiceUnavailableError('SERVICE_UNAVAILABLE', 'no', 503, {}, 61);
  expect(refusalOf(locked, 'sign-in')).toContain('2 minutes');
  expect(refusalOf(new ApiError('CONFLICT', 'The name is taken.', 409), 'setup')).toBe(
    'The name is taken.',
  );
});
