import { expect, test } from 'vitest';

import { patience, refusalOf } from './refusal';

const answered = (status: number, body: string, header?: string) => {
  const response = {
    getStatus: () => status,
    getBody: () => body,
    getHeader: () => header,
  };
  return Object.assign(new Error('refused'), { originalResponse: response });
};

test('a refused file has the reason of the server and no other attempt', () => {
  const refusal = refusalOf(answered(400, '{"error": {"message": "This is not audio."}}'));
  expect(refusal).toEqual({ status: 400, message: 'This is not audio.', retryAfter: undefined });
  expect(patience(refusal, 0)).toBeUndefined();
});

test('a full server is asked again when it wants to', () => {
  expect(patience(refusalOf(answered(429, '', '17')), 0)).toBe(17);
  expect(patience(refusalOf(answered(503, 'no JSON')), 2)).toBe(4);
});

test('a lost network is tried later each time', () => {
  const lost = refusalOf(new Error('offline'));
  expect(lost.status).toBe(0);
  expect([0, 1, 2, 10].map((attempt) => patience(lost, attempt))).toEqual([1, 2, 4, 30]);
});
