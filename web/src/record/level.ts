/** How loud a sound is, for people who cannot see the meter. */
export type Loudness = 'silent' | 'quiet' | 'good' | 'loud';

/** Levels in decibels below the loudest possible sound. */
const FLOOR = -60;
const QUIET = -42;
const CLIPPED = 0.985;
/** Seconds that a loudness must last, so that it is not told again with each word. */
const STEADY = 3;

/** Return the level of samples between -1 and 1, as a part of the meter's length. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR));
}

/** Return whether samples are cut off, since they are too loud. */
export function isClipped(samples: Float32Array): boolean {
  return samples.some((sample) => Math.abs(sample) >= CLIPPED);
}

/** Follows the loudness of speech, whose pauses count only once they are long. */
export class LoudnessGauge {
  loudness: Loudness = 'good';
  #clipped = -Infinity;
  #heard = { good: 0, quiet: 0 };

  /** Note the level at a time in seconds, and return the loudness. */
  note(level: number, clipped: boolean, seconds: number): Loudness {
    if (clipped) this.#clipped = seconds;
    if (level > 0) this.#heard.quiet = seconds;
    if (level > 1 - QUIET / FLOOR) this.#heard.good = seconds;
    if (seconds - this.#clipped < STEADY) this.loudness = 'loud';
    else if (seconds - this.#heard.good < 2 * STEADY) this.loudness = 'good';
    else if (seconds - this.#heard.quiet < 2 * STEADY) this.loudness = 'quiet';
    else this.loudness = 'silent';
    return this.loudness;
  }
}
