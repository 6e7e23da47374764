import type { SpeakerChoice } from '../library/speakers';
import type { SourceKind } from './source';

const KEY = 'record-options';

/** What the next recording has. The title is for one recording only. */
export interface RecordSettings {
  source: SourceKind;
  /** Empty for the browser's choice. */
  device: string;
  /** Empty for detection. */
  language: string;
  speakers: SpeakerChoice;
  voices: boolean;
}

const DEFAULTS: RecordSettings = {
  source: 'microphone',
  device: '',
  language: '',
  speakers: { number: '' },
  voices: true,
};

/** Settings that the browser keeps. */
export const settings = $state<RecordSettings>(saved());

export function saveSettings(): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}

function saved(): RecordSettings {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as object) };
  } catch {
    return { ...DEFAULTS };
  }
}
