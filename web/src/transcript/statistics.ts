import { wordsOf, type Segment } from './types';

/** What one person says. Times are in seconds. */
export interface Figures {
  label: string;
  /** Time in which the person speaks. */
  seconds: number;
  /** Part of the time of all, 0 to 1. */
  share: number;
  words: number;
  perMinute: number;
  longestTurn: number;
  /** Time in which others speak as well. */
  overlap: number;
}

/** Figures of a conversation. */
export interface Statistics {
  people: Figures[];
  /** Time in which nobody speaks. */
  silence: number;
  /** Time in which several people speak. */
  overlap: number;
}

interface Stretch {
  label: string;
  start: number;
  end: number;
}

/** Return the figures of a conversation, with people in order of first appearance. */
export function statisticsOf(segments: readonly Segment[], duration: number): Statistics {
  const spoken = segments.filter((segment) => segment.text.trim() !== '');
  const words = new Map<string, number>();
  for (const segment of spoken) {
    const label = segment.speaker_label;
    words.set(label, (words.get(label) ?? 0) + wordsOf(segment).length);
  }
  const turns = longestTurns(spoken);
  const { alone, together, silence, overlap } = swept(stretchesOf(spoken), duration);
  const secondsOf = (label: string) => (alone.get(label) ?? 0) + (together.get(label) ?? 0);
  const labels = [...new Set([...words.keys(), ...alone.keys(), ...together.keys()])];
  const total = labels.reduce((sum, label) => sum + secondsOf(label), 0);
  const people = labels.map((label) => {
    const seconds = secondsOf(label);
    const count = words.get(label) ?? 0;
    return {
      label,
      seconds,
      share: total > 0 ? seconds / total : 0,
      words: count,
      perMinute: seconds > 0 ? (count * 60) / seconds : 0,
      longestTurn: turns.get(label) ?? 0,
      overlap: together.get(label) ?? 0,
    };
  });
  return { people, silence, overlap };
}

/** Return when who speaks: in their segments, and during words of others. */
function stretchesOf(segments: readonly Segment[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const segment of segments) {
    const own = segment.speaker_label;
    stretches.push({ label: own, start: segment.start_time, end: segment.end_time });
    for (const { speakers, start, end } of wordsOf(segment)) {
      for (const label of speakers) {
        if (label !== own) stretches.push({ label, start, end });
      }
    }
  }
  return stretches;
}

/** Return the length of the longest turn of each person: segments without others between them. */
function longestTurns(segments: readonly Segment[]): Map<string, number> {
  const longest = new Map<string, number>();
  let [label, start, end] = ['', 0, 0];
  for (const segment of segments) {
    const same = segment.speaker_label === label;
    label = segment.speaker_label;
    start = same ? start : segment.start_time;
    end = same ? Math.max(end, segment.end_time) : segment.end_time;
    longest.set(label, Math.max(longest.get(label) ?? 0, end - start));
  }
  return longest;
}

/** Walk along the time, and add up how long who speaks alone, and together with others. */
function swept(stretches: readonly Stretch[], duration: number) {
  const events = stretches
    .flatMap(({ label, start, end }) => [
      { time: start, label, step: 1 },
      { time: Math.max(start, end), label, step: -1 },
    ])
    .sort((one, other) => one.time - other.time || one.step - other.step);
  const alone = new Map<string, number>();
  const together = new Map<string, number>();
  const active = new Map<string, number>();
  let [silence, overlap, now] = [0, 0, 0];
  for (const { time, label, step } of events) {
    const passed = Math.max(0, time - now);
    if (active.size === 0) silence += passed;
    if (active.size > 1) overlap += passed;
    const sums = active.size > 1 ? together : alone;
    for (const one of active.keys()) sums.set(one, (sums.get(one) ?? 0) + passed);
    const count = (active.get(label) ?? 0) + step;
    if (count > 0) active.set(label, count);
    else active.delete(label);
    now = Math.max(now, time);
  }
  return { alone, together, silence: silence + Math.max(0, duration - now), overlap };
}
