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
  'textgrid',
  'eaf',
  'ctm',
  'stm',
  'ttml',
  'fcpxml',
  'edl',
  'maxqda',
  'atlasti',
  'nvivo',
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
/** Characters of a document that are shown before it is downloaded. */
const MOST_PREVIEWED = 5000;
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

/** Return the parameters of a document. */
export function queryOf(choice: Choice) {
  return {
    export_format: choice.format,
    include_options: [...choice.options],
    ...(choice.version === 'machine' ? { version: 'machine' as const } : {}),
    ...(typeof choice.version === 'number' ? { revision: choice.version } : {}),
    ...(choice.tracked && canTrack(choice) ? { changes: 'tracked' as const } : {}),
  };
}

/** Return the address of a document. */
export function addressOf(id: number, choice: Choice): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(queryOf(choice))) {
    for (const one of [value].flat()) query.append(name, String(one));
  }
  return `/api/transcription/export/${id}?${query}`;
}

/** Return whether documents of a format are text that can be shown. */
export function isText(format: Format): boolean {
  return !['docx', 'pdf', 'zip'].includes(format);
}

/** Return the beginning of a long document, and whether there is more. */
export function beginningOf(text: string): { text: string; cut: boolean } {
  const beginning = text.slice(0, MOST_PREVIEWED);
  return { text: beginning, cut: beginning.length < text.length };
}
