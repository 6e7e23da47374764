import {
  Capture,
  type CaptureData,
  type CaptureEnd,
  type CaptureOptions,
  type CaptureStatus,
  type KeptCapture,
} from 'securetranscribe-js';

import { store, transport } from './kept';

/** A recording of this tab that is being sent. */
export class Sending {
  status = $state.raw<CaptureStatus>()!;
  /** Whether its sound is complete, and only has to arrive. */
  ending = $state(false);
  readonly startedAt: number;
  /** The first part was finished by the server as this transcription. */
  onparted: ((transcriptionId: number | undefined) => void) | undefined;
  #capture!: Capture;
  #release: (() => void) | undefined;

  private constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** Begin a recording. */
  static async begin(options: CaptureOptions): Promise<Sending> {
    const sending = new Sending(Date.now());
    sending.#take(await Capture.begin(transport, store, options, sending.#handlers));
    await sending.#hold();
    return sending;
  }

  /** Go on with one that was interrupted. The caller holds its lock. */
  static async resume(kept: KeptCapture, known: CaptureData | undefined): Promise<Sending> {
    const sending = new Sending(kept.startedAt);
    sending.ending = kept.ended;
    const capture = await Capture.resume(transport, store, kept, sending.#handlers, known);
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
    this.#release?.();
  }

  retry(): void {
    this.#capture.retry();
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
