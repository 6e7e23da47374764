export const FORMATS = [
  'docx',
  'pdf',
  'txt',
  'md',
  'srt',
  'vtt',
  'csv',
  'json',
  'rttm',
  'zip',
] as const;
export const OPTIONS = [
  'timestamps',
  'confidence',
  'words',
  'speaker_stats',
  'meeting_summary',
  'action_items',
] as const;
export type Format = (typeof FORMATS)[number];
export type Option = (typeof OPTIONS)[number];

/** Choices of the export dialog. */
export interface Choice {
  format: Format;
  options: readonly Option[];
  /** The newest revision, the machine's, or the one of this number. */
  version: 'newest' | 'machine' | number;
  tracked: boolean;
}

/** Choices that people have given a name. */
export interface Preset {
  name: string;
  format: Format;
  options: readonly Option[];
  tracked: boolean;
}

const KEY = 'export';
const PRESETS = 'export-presets';
/** Presets that are kept. */
const MOST_PRESETS = 50;
const FIRST: Choice = {
  format: 'docx',
  options: ['timestamps'],
  version: 'newest',
  tracked: false,
};

/** Return whether changes can be marked in a format. */
export function canTrack(choice: Pick<Choice, 'format' | 'version'>): boolean {
  return ['docx', 'md', 'zip'].includes(choice.format) && choice.version !== 'machine';
}

/** Return the choices of the last export. */
export function remembered(): Choice {
  return { ...FIRST, ...understood(read(KEY)) };
}

/** Keep the choices for the next export. Versions belong to one transcript. */
export function remember({ format, options, tracked }: Choice): void {
  localStorage.setItem(KEY, JSON.stringify({ format, options, tracked }));
}

/** Return the presets, by name. */
export function presets(): Preset[] {
  const kept = read(PRESETS);
  if (!Array.isArray(kept)) return [];
  return kept
    .filter((one: Partial<Preset> | null) => typeof one?.name === 'string' && one.name !== '')
    .map((one: Partial<Preset>) => {
      const { format, options, tracked } = { ...FIRST, options: [], ...understood(one) };
      return { name: one.name!, format, options, tracked };
    });
}

/** Keep choices under a name, in place of those that have it. Return all presets. */
export function keepPreset(name: string, { format, options, tracked }: Choice): Preset[] {
  const others = presets().filter((one) => one.name !== name);
  const all = [...others, { name, format, options, tracked }].slice(-MOST_PRESETS);
  return stored(all.sort((one, other) => one.name.localeCompare(other.name)));
}

/** Forget a preset. Return the others. */
export function forgetPreset(name: string): Preset[] {
  return stored(presets().filter((one) => one.name !== name));
}

function stored(all: Preset[]): Preset[] {
  localStorage.setItem(PRESETS, JSON.stringify(all));
  return all;
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}');
  } catch {
    return {};
  }
}

/** Return what is understood of kept choices. */
function understood(value: unknown): Partial<Pick<Choice, 'format' | 'options' | 'tracked'>> {
  const kept = (value ?? {}) as Partial<Choice>;
  return {
    ...(FORMATS.includes(kept.format!) ? { format: kept.format! } : {}),
    ...(Array.isArray(kept.options)
      ? { options: OPTIONS.filter((one) => kept.options!.includes(one)) }
      : {}),
    tracked: kept.tracked === true,
  };
}

/** Return the address of a document. */
export function addressOf(id: number, choice: Choice): string {
  const query = new URLSearchParams({ export_format: choice.format });
  for (const option of choice.options) query.append('include_options', option);
  if (choice.version === 'machine') query.set('version', 'machine');
  else if (choice.version !== 'newest') query.set('revision', String(choice.version));
  if (choice.tracked && canTrack(choice)) query.set('changes', 'tracked');
  return `/api/transcription/export/${id}?${query}`;
}
