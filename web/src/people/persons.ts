import type { components } from 'securetranscribe-js';

export type Person = components['schemas']['SpeakerData'];

/** Return the persons whose name or description contains a text, regardless of case and accents. */
export function matching(persons: readonly Person[], text: string): Person[] {
  const wanted = plain(text.trim());
  return persons.filter((person) =>
    plain(`${person.display_name} ${person.description ?? ''}`).includes(wanted),
  );
}

/** Return the person that an address names, such as `?person=12`. */
export function personOf(query: string): number | undefined {
  const value = new URLSearchParams(query).get('person');
  return value && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
