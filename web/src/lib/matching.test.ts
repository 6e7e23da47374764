import { expect, test } from 'vitest';

import { matching } from './matching';

const RULES = [
  { heard: 'cooper netties', meant: 'Kubernetes' },
  { heard: 'Muller', meant: 'Müller' },
];
const texts = ({ heard, meant }: (typeof RULES)[number]) => [heard, meant];

test.each([
  ['', RULES],
  ['  ', RULES],
  ['KUBER', [RULES[0]]],
  ['netties', [RULES[0]]],
  ['müller', [RULES[1]]],
  ['nothing', []],
])('texts that contain %j', (wanted, found) => {
  expect(matching(RULES, texts, wanted)).toEqual(found);
});
