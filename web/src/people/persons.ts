import type { components } from 'securetranscribe-js';

import { matching as containing } from '../lib/matching';

export type Person = components['schemas']['SpeakerData'];

/** Return the persons whose name or description contains a text, regardless of case and accents. */
export function matching(persons: readonly Person[], text: string): readonly Person[] {
  return containing(persons, (one) => [`${one.display_name} ${one.description ?? ''}`], text);
}

/** Return the person that an address names, such as `?person=12`. */
export function personOf(query: string): number | undefined {
  const value = new URLSearchParams(query).get('person');
  return value && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
