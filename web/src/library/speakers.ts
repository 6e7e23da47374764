/** Number of people that a person expects in a recording. */
export interface SpeakerChoice {
  /** A number, `between` for the bounds, or empty to find it out. */
  number: string;
  least?: number | null;
  most?: number | null;
}

/** Numbers of speakers as the API takes them. */
export interface SpeakerNumbers {
  num_speakers?: number;
  min_speakers?: number;
  max_speakers?: number;
}

/** Numbers to choose from. Greater ones are bounds. */
export const NUMBERS = Array.from({ length: 10 }, (_, index) => index + 1);
export const MOST_SPEAKERS = 50;

/** Return the numbers of a choice. Bounds that are given in reverse order are exchanged. */
export function speakerNumbers({ number, least, most }: SpeakerChoice): SpeakerNumbers {
  if (number === '') return {};
  if (number !== 'between') return { num_speakers: Number(number) };
  const [low, high] = [bound(least), bound(most)];
  if (low && high) return { min_speakers: Math.min(low, high), max_speakers: Math.max(low, high) };
  return { ...(low ? { min_speakers: low } : {}), ...(high ? { max_speakers: high } : {}) };
}

/** Return a bound that the API takes, or `undefined` without one. */
function bound(value: number | null | undefined): number | undefined {
  return value ? Math.min(MOST_SPEAKERS, Math.max(1, Math.round(value))) : undefined;
}
