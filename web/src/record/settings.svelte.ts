import { liveEncodingOf, type CaptureOptions } from 'securetranscribe-js';

import { speakerNumbers, type SpeakerChoice } from '../library/speakers';
import { mediaType, type SourceKind } from './source';

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
  /** Whether words are shown while they are spoken. */
  words: boolean;
}

const DEFAULTS: RecordSettings = {
  source: 'microphone',
  device: '',
  language: '',
  speakers: { number: '' },
  voices: true,
  words: true,
};

/** Settings that the browser keeps. */
export const settings = $state<RecordSettings>(saved());

export function saveSettings(): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}

/** Return the options of a recording that begins now. */
export function optionsOf(title: string): CaptureOptions {
  const { source, language, speakers, voices, words } = settings;
  const numbers = speakerNumbers(speakers);
  return {
    mediaType: mediaType(),
    title: title.trim() || undefined,
    language: language || undefined,
    channels: source === 'both' ? 'separate' : undefined,
    numSpeakers: numbers.num_speakers,
    minSpeakers: numbers.min_speakers,
    maxSpeakers: numbers.max_speakers,
    voiceMemory: voices,
    live: words && canShowWords(),
  };
}

/** Whether the browser records sound that can be read while it is made. */
export function canShowWords(): boolean {
  return liveEncodingOf(mediaType()) !== undefined;
}

function saved(): RecordSettings {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as object) };
  } catch {
    return { ...DEFAULTS };
  }
}
