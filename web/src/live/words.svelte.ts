import type { LiveCapture, LiveCaptureEvents, LiveState } from 'securetranscribe-js';

import { LiveTranscript, type Utterance } from './text';

interface Events extends Omit<LiveCaptureEvents, 'acknowledged' | 'begun' | 'ended'> {
  /** Only those who record learn the capture. */
  begun: { capture?: LiveCapture; transcription_id: number; last_sequence: number };
  ended: { transcription_id: number | null };
}
type Notice = LiveCaptureEvents['notice']['code'];

/** Messages of a live session, for its recorder or for those who follow. */
export interface LiveSource {
  on<Type extends keyof Events>(type: Type, handler: (data: Events[Type]) => void): () => void;
}

/** Final texts that screen readers may still have to read. */
const ANNOUNCED = 4;

/** The text of a live session as it is shown. */
export class LiveWords {
  utterances = $state.raw<readonly Utterance[]>([]);
  /** The newest final texts, for screen readers. */
  newest = $state.raw<readonly { key: number; text: string }[]>([]);
  connection = $state<LiveState>('connecting');
  /** Seconds by which the text is behind the sound. */
  lag = $state(0);
  /** Why there is no text now. */
  notice = $state<Notice>();
  /** Why there is no text for the rest of the recording. */
  unavailable = $state.raw<unknown>();
  transcriptionId = $state<number>();
  /** Whether the session has ended. */
  ended = $state(false);
  readonly #transcript = new LiveTranscript();
  /** Results up to this sequence are repeated ones. */
  #known = 0;
  #planned = false;

  constructor(source: LiveSource) {
    source.on('begun', ({ capture, transcription_id, last_sequence }) => {
      this.#known = last_sequence;
      this.transcriptionId = transcription_id;
      this.unavailable = undefined;
      this.ended = false;
      this.#transcript.begin(capture?.capture_id ?? '');
      this.#show();
    });
    source.on('draft', (text) => {
      this.notice = undefined;
      this.#transcript.put(text, { final: false });
      this.#show();
    });
    source.on('final', (text) => {
      this.notice = undefined;
      this.#transcript.put(text, { final: true });
      if (text.text && text.sequence! > this.#known) this.#announce(text.segment, text.text);
      this.#show();
    });
    source.on('speaker', ({ segment, speaker }) => {
      this.#transcript.name(segment, speaker);
      this.#show();
    });
    source.on('lag', ({ text }) => (this.lag = text));
    source.on('notice', ({ code }) => {
      if (code === 'chunks_missing') return;
      this.notice = code === 'recognizing' ? undefined : code;
      if (code !== 'recognizing') return;
      this.#transcript.forgetDrafts();
      this.#show();
    });
    source.on('ended', () => (this.ended = true));
    source.on('state', (state) => (this.connection = state));
    source.on('unavailable', (reason) => (this.unavailable = reason));
  }

  #announce(key: number, text: string): void {
    this.newest = [...this.newest, { key, text }].slice(-ANNOUNCED);
  }

  /** Show what has arrived, once per picture of the screen. */
  #show(): void {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.utterances = this.#transcript.utterances();
    });
  }
}
