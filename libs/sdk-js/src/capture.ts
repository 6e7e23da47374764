import type {
  CaptureEnd,
  CaptureHandlers,
  CaptureStatus,
} from "./capture-status.js";
import type { CaptureData, CaptureTransport } from "./captures.js";
import type {
  CaptureOptions,
  CaptureStore,
  ChunkInfo,
  KeptCapture,
} from "./chunks.js";
import { ApiError, ConnectionError } from "./errors.js";
import { Alarm, isGone, patience } from "./patience.js";
import { ChunkQueue, type Waiting } from "./queue.js";

/** Chunks after which a capture can be large. */
const FEWEST_CHUNKS = 10;
/** Milliseconds between questions whether the server has finished. */
const FINISH_PAUSE = 1500;

/** A chunk that was sent. Without bytes, this device had lost it. */
interface Put {
  bytes: ArrayBuffer | undefined;
  idleUntil: string | undefined;
}

/**
 * Sound that is sent while it is made. Each chunk is kept on this device before it is sent, and
 * until the server has stored it durably. Whatever interrupts the sending, it goes on by itself.
 */
export class Capture {
  status: CaptureStatus;
  readonly #queue: ChunkQueue;
  #closed = false;
  #gaps = false;
  /** Chunks that are being sent, by number. */
  readonly #underway = new Map<number, Promise<Put>>();
  readonly #work = new Alarm();
  readonly #again = new Alarm();
  readonly #end: Promise<CaptureEnd>;
  #resolve!: (end: CaptureEnd) => void;
  #reject!: (error: unknown) => void;
  #running: Promise<void>;

  private constructor(
    private readonly transport: CaptureTransport,
    store: CaptureStore,
    kept: KeptCapture,
    private readonly handlers: CaptureHandlers,
    chunks: readonly ChunkInfo[],
  ) {
    this.#queue = new ChunkQueue(store, kept, chunks);
    this.status = {
      connected: true,
      problem: undefined,
      stopped: false,
      idleUntil: undefined,
      ...this.#queue.amounts,
    };
    this.#end = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to wait for the end.
    this.#end.catch(() => {});
    globalThis.addEventListener?.("online", this.retry);
    this.#running = this.#run();
  }

  /** Begin a capture, also without a connection. The server creates it once it is reached. */
  static async begin(
    transport: CaptureTransport,
    store: CaptureStore,
    options: CaptureOptions,
    handlers: CaptureHandlers = {},
  ): Promise<Capture> {
    const kept: KeptCapture = {
      key: crypto.randomUUID(),
      requestId: crypto.randomUUID(),
      options,
      startedAt: Date.now(),
      count: 0,
      seconds: 0,
      ended: false,
    };
    // Without a store, everything stays in memory.
    await store.save({ ...kept }).catch(() => {});
    return new Capture(transport, store, kept, handlers, []);
  }

  /**
   * Go on with a capture that was interrupted. What the server does not have is sent at once.
   * `known` is the state of the server, if it could be read.
   */
  static async resume(
    transport: CaptureTransport,
    store: CaptureStore,
    kept: KeptCapture,
    handlers: CaptureHandlers = {},
    known?: CaptureData,
  ): Promise<Capture> {
    const chunks = await store.chunks(kept.key);
    // The server has more than this device noted, if the store took no more before a crash.
    const had = known
      ? [known.next_chunk, ...known.missing.map((n) => n + 1)]
      : [];
    const count = Math.max(kept.count, ...had);
    return new Capture(transport, store, { ...kept, count }, handlers, chunks);
  }

  /** Name of the capture on this device. */
  get key(): string {
    return this.#queue.kept.key;
  }

  /** Name of the capture on the server, once it has created it. */
  get captureId(): string | undefined {
    return this.#queue.kept.captureId;
  }

  get options(): CaptureOptions {
    return this.#queue.kept.options;
  }

  /** Add sound. `startsStream` marks the first bytes of a recorder. */
  async push(
    bytes: ArrayBuffer,
    { seconds, startsStream }: { seconds: number; startsStream: boolean },
  ): Promise<void> {
    await this.#queue.add(bytes, seconds, startsStream);
    this.#change({});
    this.#work.ring();
  }

  /** Complete the capture once all of it has arrived. Recognition then starts. */
  async finish(): Promise<CaptureEnd> {
    await this.#queue.note({ ended: true });
    this.#work.ring();
    this.retry();
    return this.#end;
  }

  /**
   * Return the sound that only this device has, one file per stream, for example to save it where
   * the server refuses it.
   */
  async files(): Promise<Blob[]> {
    const streams = await this.#queue.streams();
    const { mediaType } = this.options;
    return streams.map((parts) => new Blob(parts, { type: mediaType }));
  }

  /** Delete everything that the server and this device have of it. */
  async discard(): Promise<void> {
    this.#close();
    await this.#running;
    try {
      const { captureId } = this;
      if (captureId) await this.transport.discard(captureId);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        this.#closed = false;
        globalThis.addEventListener?.("online", this.retry);
        this.#running = this.#run();
        throw error;
      }
    }
    await this.#queue.remove();
  }

  /** Try again at once if it waits or has stopped. */
  readonly retry = (): void => this.#again.ring();

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      if (!this.#queue.first && !this.#queue.kept.ended) {
        await this.#work.wait();
        continue;
      }
      try {
        await this.#step();
        failures = 0;
        this.#change({ connected: true, problem: undefined, stopped: false });
      } catch (error) {
        await this.#recover(error, failures++);
      }
    }
  }

  async #step(): Promise<void> {
    const { captureId, options, requestId } = this.#queue.kept;
    if (!captureId) {
      const made = await this.transport.create(options, requestId);
      await this.#queue.note({ captureId: made.capture_id });
    } else if (this.#queue.first) {
      await this.#send(captureId);
    } else {
      await this.#finish(captureId);
    }
  }

  /** Send waiting chunks, several at a time if the transport takes them. Return after the first. */
  async #send(id: string): Promise<void> {
    let done: Put | void = undefined;
    while (!done && !this.#closed) {
      const first = this.#fill(id);
      // Sound that is recorded meanwhile is sent at once.
      done = await Promise.race([first, this.#work.wait()]);
    }
    if (!done) return;
    this.#underway.delete(this.#queue.first!.number);
    if (done.bytes) this.status.idleUntil = done.idleUntil;
    await this.#queue.shift(done.bytes);
  }

  /** Begin to send what may be sent now. Return the outcome of the first chunk. */
  #fill(id: string): Promise<Put> {
    for (const chunk of this.#queue.firsts(this.transport.window ?? 1)) {
      if (this.#underway.has(chunk.number)) continue;
      const put = this.#put(id, chunk);
      // Its error counts once it is the first.
      put.catch(() => {});
      this.#underway.set(chunk.number, put);
    }
    return this.#underway.get(this.#queue.first!.number)!;
  }

  async #put(id: string, chunk: Waiting): Promise<Put> {
    const bytes = await this.#queue.bytesOf(chunk);
    if (!bytes) return { bytes, idleUntil: undefined };
    const { number, startsStream } = chunk;
    const data = await this.transport.put(id, number, bytes, startsStream);
    return { bytes, idleUntil: data.idle_until };
  }

  async #finish(id: string): Promise<void> {
    let data = await this.transport.finish(
      id,
      this.#queue.kept.count,
      this.#gaps,
    );
    while (data.state === "finishing" && !this.#closed) {
      await this.#again.wait(FINISH_PAUSE);
      data = await this.transport.get(id);
    }
    if (!this.#closed) await this.#conclude(data);
  }

  async #conclude(data: Partial<CaptureData>): Promise<void> {
    this.#close();
    await this.#queue.remove();
    if (data.transcription_id) {
      const jobId = data.job_id ?? undefined;
      this.#resolve({ transcriptionId: data.transcription_id, jobId });
    } else {
      const { code = "UNKNOWN", message = "The recording was not accepted." } =
        data.error ?? {};
      this.#reject(new ApiError(code, message, 422));
    }
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    this.#underway.clear();
    if (error instanceof ApiError && error.status === 409) {
      // Chunks that the store did not take before a crash never come.
      if (Array.isArray(error.details.missing) && !this.#gaps) {
        this.#gaps = true;
        return;
      }
    }
    if (isGone(error)) return this.#part(error);
    if (this.#isFull(error)) return this.#divide(failures);
    const seconds = patience(error, failures);
    this.#change({
      connected: !(error instanceof ConnectionError),
      problem: error instanceof Error ? error : new Error(String(error)),
      stopped: seconds === undefined,
    });
    if (this.#closed) return;
    await this.#again.wait(seconds === undefined ? undefined : seconds * 1000);
  }

  async #part(error: ApiError): Promise<void> {
    const found = Number(error.details.transcription_id) || undefined;
    if (!this.#queue.first) {
      const { code, message } = error;
      const reason = { code, message };
      await this.#conclude({ transcription_id: found, error: reason });
      return;
    }
    await this.#goOn(found);
  }

  /** Whether the capture is as large as the server takes one. A short one has another reason. */
  #isFull(error: unknown): boolean {
    if (!(error instanceof ApiError) || error.status !== 413) return false;
    return (this.#queue.first?.number ?? 0) >= FEWEST_CHUNKS;
  }

  /** Finish the capture with what the server has, and go on with another one. */
  async #divide(failures: number): Promise<void> {
    const count = this.#queue.first!.number;
    try {
      const data = await this.transport.finish(this.captureId!, count, true);
      await this.#goOn(data.transcription_id ?? undefined);
    } catch (error) {
      await this.#recover(error, failures);
    }
  }

  async #goOn(before: number | undefined): Promise<void> {
    await this.#queue.startOver();
    this.#gaps = false;
    this.handlers.parted?.(before);
    this.#change({});
  }

  #change(changes: Partial<CaptureStatus>): void {
    this.status = { ...this.status, ...changes, ...this.#queue.amounts };
    this.handlers.changed?.(this.status);
  }

  #close(): void {
    this.#closed = true;
    globalThis.removeEventListener?.("online", this.retry);
    this.#work.ring();
    this.#again.ring();
  }
}
