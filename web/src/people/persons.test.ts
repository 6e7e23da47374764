import { expect, test } from 'vitest';

import { matching, personOf, type Person } from './persons';

const person = (display_name: string, description: string | null = null) =>
  ({ display_name, description }) as Person;

test.each([
  ['zoe', ['Zoë']],
  [' ANN ', ['Anna', 'Joanna']],
  ['sales', ['Joanna']],
  ['', ['Anna', 'Zoë', 'Joanna']],
])('%s finds %s', (text, names) => {
  const persons = [person('Anna'), person('Zoë'), person('Joanna', 'Sales')];
  expect(matching(persons, text).map((one) => one.display_name)).toEqual(names);
});

test('an address names a person by number only', () => {
  expect(personOf('?person=12')).toBe(12);
  expect(personOf('?person=x')).toBeUndefined();
  expect(personOf('')).toBeUndefined();
});
