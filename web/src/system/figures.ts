import type { components } from 'securetranscribe-js';

import { locale } from '../lib/i18n.svelte';

type Schemas = components['schemas'];
export type SystemState = Schemas['SystemData'];
export type Storage = Schemas['StorageData'];
export type Item = Schemas['ItemData'];
export type Period = Schemas['ThroughputData'];
export type Workspace = Schemas['WorkspaceFiguresData'];

/** A bar of a period, in parts of the tallest one. Failed jobs are on top of completed ones. */
export interface Bar {
  completed: number;
  failed: number;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** Return a length of time in its largest unit, such as `7 days` or `1.5 hours`. */
export function span(seconds: number): string {
  const [unit, size] = UNITS.find(([, one]) => seconds >= one) ?? (['second', 1] as const);
  return (seconds / size).toLocaleString(locale.code, {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    maximumFractionDigits: seconds < 60 ? 0 : 1,
  });
}

/** Return the bars of periods. Without any job, all are empty. */
export function barsOf(periods: readonly Period[]): Bar[] {
  const most = Math.max(1, ...periods.map((one) => one.completed + one.failed));
  return periods.map(({ completed, failed }) => ({
    completed: completed / most,
    failed: failed / most,
  }));
}

/** Return the sums of periods. */
export function sumOf(periods: readonly Period[]): {
  completed: number;
  failed: number;
  sound: number;
} {
  const sum = { completed: 0, failed: 0, sound: 0 };
  for (const one of periods) {
    sum.completed += one.completed;
    sum.failed += one.failed;
    sum.sound += one.sound_duration;
  }
  return sum;
}

/** Return a key that tells an item from all others. */
export function keyOf(item: Pick<Item, 'service' | 'step' | 'item'>): string {
  return JSON.stringify([item.service, item.step, item.item]);
}
