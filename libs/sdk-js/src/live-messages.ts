import type { Camelized } from "./names.js";
import type { LiveState } from "./live.js";

/** Options of a live session. Those of its transcription are those of an upload. */
export interface LiveOptions {
  /** `webm_opus`, `ogg_opus` and `mp4` as browsers record it, or samples without a container. */
  encoding: "webm_opus" | "ogg_opus" | "mp4" | "linear16" | "float32";
  /** Samples per second, 8000 to 48000. Required for samples without a container. */
  sampleRate?: number;
  /** 1 (default) or 2. Two channels are two parties, unless `channels` is `mix`. */
  channelCount?: number;
  title?: string;
  /** Language code. Without it, the language is detected. */
  language?: string;
  channels?: "auto" | "mix" | "separate";
  phrases?: string[];
  voiceMemory?: boolean;
  numSpeakers?: number;
  minSpeakers?: number;
  maxSpeakers?: number;
  diarize?: boolean;
  model?: string;
  priority?: number;
  /** Whether the recording is processed at its end. True by default. */
  autoStart?: boolean;
  /** A key of your choice. With that of an earlier session, it is resumed. */
  requestId?: string;
}

/** A session that another page or process has begun. */
export interface LiveResumption {
  captureId: string;
  /** Last `sequence` that was received. By default 0, which returns all results again. */
  afterSequence?: number;
}

/** The capture of a live session. */
export interface LiveCapture {
  capture_id: string;
  title: string;
  state: "receiving" | "finishing" | "completed" | "rejected" | "discarded";
  next_chunk: number;
  idle_until: string;
  job_id: string | null;
  /** Why no recording could be made, for users. */
  error: string | null;
}

/** Text of an utterance, or of a piece of a long one. Times are in seconds. */
export interface LiveText {
  segment: number;
  /** Null for drafts. */
  sequence: number | null;
  text: string;
  words: {
    text: string;
    start_time: number;
    end_time: number;
    confidence: number;
  }[];
  start_time: number | null;
  end_time: number | null;
  language: string | null;
  channel: number | null;
  speaker: string | null;
  /** Whether it goes on with the sentence of the segment before it in its channel. */
  continues: boolean;
}

/** Data of the server's messages in a live session, by type. */
export interface LiveMessages {
  begun: {
    capture: LiveCapture;
    transcription_id: number;
    last_sequence: number;
  };
  acknowledged: { next_chunk: number; missing: number[] };
  draft: LiveText;
  final: LiveText;
  speaker: { segment: number; sequence: number; speaker: string };
  /** Seconds by which results are behind the sound. */
  lag: { text: number; speakers: number | null };
  notice: {
    code:
      | "recognizing"
      | "recognizers_busy"
      | "no_recognizer"
      | "not_recognizable"
      | "chunks_missing";
    message: string;
  };
  ended: { capture: LiveCapture; transcription_id: number | null };
  error: { code: string; message: string; details: Record<string, unknown> };
}

export interface LiveSessionEvents extends Omit<LiveMessages, "error"> {
  /** The connection opened or was lost, or the session has ended. */
  state: LiveState;
}

/** How a live session ended. `transcriptionId` is null if it was discarded. */
export type LiveEnd = Camelized<LiveMessages["ended"]>;
