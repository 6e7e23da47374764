import {
  Capture,
  type CaptureData,
  type CaptureEnd,
  type CaptureOptions,
  type CaptureStatus,
  type KeptCapture,
  type LiveCaptures,
} from 'securetranscribe-js';

import { client } from '../lib/client';
import { LiveWords } from '../live/words.svelte';
import { store, transport } from './kept';

/** A recording of this tab that is being sent. */
export class Sending {
  status = $state.raw<CaptureStatus>()!;
  /** Whether its sound is complete, and only has to arrive. */
  ending = $state(false);
  readonly startedAt: number;
  /** Its words while they are spoken, if they are shown. */
  readonly words: LiveWords | undefined;
  /** The first part was finished by the server as this transcription. */
  onparted: ((transcriptionId: number | undefined) => void) | undefined;
  #capture!: Capture;
  #release: (() => void) | undefined;
  readonly #live: LiveCaptures | undefined;

  private constructor(startedAt: number, { live }: CaptureOptions) {
    this.startedAt = startedAt;
    if (!live) return;
    this.#live = client.liveCaptures();
    this.words = new LiveWords(this.#live);
    // The connection is back, so that nothing has to wait any longer.
    this.#live.on('begun', () => this.#capture?.retry());
  }

  /** Begin a recording. */
  static async begin(options: CaptureOptions): Promise<Sending> {
    const sending = new Sending(Date.now(), options);
    const used = sending.#live ?? transport;
    sending.#take(await Capture.begin(used, store, options, sending.#handlers));
    await sending.#hold();
    return sending;
  }

  /** Go on with one that was interrupted. The caller holds its lock. */
  static async resume(kept: KeptCapture, known: CaptureData | undefined): Promise<Sending> {
    const sending = new Sending(kept.startedAt, kept.options);
    sending.ending = kept.ended;
    const used = sending.#live ?? transport;
    const capture = await Capture.resume(used, store, kept, sending.#handlers, known);
    sending.#take(capture);
    return sending;
  }

  get key(): string {
    return this.#capture.key;
  }

  get options(): CaptureOptions {
    return this.#capture.options;
  }

  get captureId(): string | undefined {
    return this.#capture.captureId;
  }

  /** Add the bytes of a recorder. */
  push(bytes: ArrayBuffer, about: { seconds: number; startsStream: boolean }): Promise<void> {
    return this.#capture.push(bytes, about);
  }

  /** End it, and return the transcription once everything has arrived. */
  async finish(): Promise<CaptureEnd> {
    this.ending = true;
    try {
      return await this.#capture.finish();
    } finally {
      this.#live?.close();
      this.#release?.();
    }
  }

  /** Return the sound that the server does not have, one file per stream. */
  files(): Promise<Blob[]> {
    return this.#capture.files();
  }

  /** Delete it here and on the server. */
  async discard(): Promise<void> {
    await this.#capture.discard();
    this.#live?.close();
    this.#release?.();
  }

  retry(): void {
    this.#capture.retry();
  }

  /** Get the words of an earlier visit, and those that come. */
  followWords(): void {
    if (this.captureId) this.#live?.resume(this.captureId);
  }

  /** Try to get words again. */
  retryWords(): void {
    this.#live?.retry();
  }

  /** Keep other tabs from sending it, as long as this one is open. */
  async #hold(): Promise<void> {
    await new Promise<void>((held) => {
      void owning(this.key, async () => {
        held();
        await new Promise<void>((release) => (this.#release = release));
      });
    });
  }

  /** Call `release` once it has ended here. */
  onrelease(release: () => void): void {
    this.#release = release;
  }

  get #handlers() {
    return {
      changed: (status: CaptureStatus) => (this.status = status),
      parted: (transcriptionId: number | undefined) => this.onparted?.(transcriptionId),
    };
  }

  #take(capture: Capture): void {
    this.#capture = capture;
    this.status = capture.status;
  }
}

/** Run `task` while no other tab sends the recording. It waits until the others are closed. */
export async function owning(key: string, task: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return task();
  await navigator.locks.request(`capture:${key}`, task);
}
