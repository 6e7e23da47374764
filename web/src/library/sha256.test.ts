import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { Sha256 } from './sha256';

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_003])('%d bytes in pieces', (size) => {
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) % 256);
  const sum = new Sha256();
  for (let at = 0; at < size; at += 37) sum.update(bytes.subarray(at, at + 37));
  expect(sum.digest()).toBe(createHash('sha256').update(bytes).digest('hex'));
});
