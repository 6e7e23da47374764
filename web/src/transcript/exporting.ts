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

const KEY = 'export';
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
  const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Choice>;
  return {
    ...FIRST,
    ...(FORMATS.includes(kept.format!) ? { format: kept.format! } : {}),
    ...(Array.isArray(kept.options)
      ? { options: OPTIONS.filter((one) => kept.options!.includes(one)) }
      : {}),
    tracked: kept.tracked === true,
  };
}

/** Keep the choices for the next export. Versions belong to one transcript. */
export function remember({ format, options, tracked }: Choice): void {
  localStorage.setItem(KEY, JSON.stringify({ format, options, tracked }));
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
