/** Number of colors and patterns in `colors.css`. */
const LOOKS = 8;

/** Return the number of the color and pattern of a speaker: that of its label. */
export function lookOf(label: string): number {
  const number = Number(/(\d+)$/.exec(label)?.[1] ?? 0);
  return (number + LOOKS - 1) % LOOKS;
}

/** Return how a time is named in an address. */
export function fragmentOf(time: number): string {
  return `#t=${Math.max(0, Math.round(time * 10) / 10)}`;
}
