import type { CaptureData, CaptureTransport } from "./captures";
import {
  infoOf,
  type CaptureOptions,
  type CaptureStore,
  type ChunkInfo,
  type KeptCapture,
  type KeptChunk,
} from "./chunks";
import { ApiError, ConnectionError } from "./errors";
import { Alarm, patience } from "./patience";

/** Where a capture stands. */
export interface CaptureStatus {
  /** Whether the server was reached last time. */
  connected: boolean;
  /** Why the server did not take a chunk last time. */
  problem: Error | undefined;
  /** Whether sending has stopped because of that, until `retry`. */
  stopped: boolean;
  /** Seconds and bytes of sound that the server does not have yet. */
  waitingSeconds: number;
  waitingBytes: number;
  /** Whether some of that is in the memory of this page only, because the store takes no more. */
  unstored: boolean;
  /** Seconds of sound so far. */
  seconds: number;
  /** The server finishes the capture at this time, unless another chunk arrives. */
  idleUntil: string | undefined;
}

/** How a capture ended. */
export interface CaptureEnd {
  transcriptionId: number;
  jobId: string | undefined;
}

export interface CaptureHandlers {
  changed?(status: CaptureStatus): void;
  /**
   * The capture has ended, because the server heard nothing for long or it became too large. What
   * the server did not have goes on as another one. `transcriptionId` is that of the first, if
   * there is one yet.
   */
  parted?(transcriptionId: number | undefined): void;
}

/** A chunk that the server does not have, with its bytes if the store does not have them. */
type Waiting = ChunkInfo & { bytes?: ArrayBuffer };

const LARGEST_CHUNK = 4 * 1024 * 1024;
/** Chunks after which a capture can be large. */
const FEWEST_CHUNKS = 10;
/** Milliseconds between questions whether the server has finished. */
const FINISH_PAUSE = 1500;

/**
 * Sound that is sent while it is made. Each chunk is kept on this device before it is sent, and
 * until the server has stored it durably. Whatever interrupts the sending, it goes on by itself.
 */
export class Capture {
  status: CaptureStatus;
  #waiting: Waiting[];
  /** The first chunk of the stream that is sent, without which nothing of it can be played. */
  #head: Waiting | undefined;
  #writes: Promise<void> = Promise.resolve();
  #closed = false;
  #gaps = false;
  readonly #work = new Alarm();
  readonly #again = new Alarm();
  readonly #end: Promise<CaptureEnd>;
  #resolve!: (end: CaptureEnd) => void;
  #reject!: (error: unknown) => void;
  #running: Promise<void>;

  private constructor(
    private readonly transport: CaptureTransport,
    private readonly store: CaptureStore,
    private readonly kept: KeptCapture,
    private readonly handlers: CaptureHandlers,
    chunks: readonly ChunkInfo[],
  ) {
    this.#waiting = chunks.filter((chunk) => !chunk.sent);
    this.#head = chunks.findLast((chunk) => chunk.sent);
    this.status = {
      connected: true,
      problem: undefined,
      stopped: false,
      idleUntil: undefined,
      ...this.#amounts(),
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
    return this.kept.key;
  }

  /** Name of the capture on the server, once it has created it. */
  get captureId(): string | undefined {
    return this.kept.captureId;
  }

  get options(): CaptureOptions {
    return this.kept.options;
  }

  /** Add sound. `startsStream` marks the first bytes of a recorder. */
  push(
    bytes: ArrayBuffer,
    { seconds, startsStream }: { seconds: number; startsStream: boolean },
  ): Promise<void> {
    return this.#inTurn(() => this.#keep(bytes, seconds, startsStream));
  }

  /** Complete the capture once all of it has arrived. Recognition then starts. */
  async finish(): Promise<CaptureEnd> {
    await this.#inTurn(async () => {
      this.kept.ended = true;
      await this.#save();
    });
    this.#work.ring();
    this.retry();
    return this.#end;
  }

  /** Delete everything that the server and this device have of it. */
  async discard(): Promise<void> {
    this.#close();
    await this.#running;
    await this.#writes;
    try {
      if (this.kept.captureId)
        await this.transport.discard(this.kept.captureId);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        this.#closed = false;
        globalThis.addEventListener?.("online", this.retry);
        this.#running = this.#run();
        throw error;
      }
    }
    await this.store.remove(this.kept.key);
  }

  /** Try again at once if it waits or has stopped. */
  readonly retry = (): void => this.#again.ring();

  async #keep(
    bytes: ArrayBuffer,
    seconds: number,
    startsStream: boolean,
  ): Promise<void> {
    for (let from = 0; from < bytes.byteLength; from += LARGEST_CHUNK) {
      const part = bytes.slice(from, from + LARGEST_CHUNK);
      const chunk: KeptChunk = {
        number: this.kept.count++,
        startsStream: startsStream && from === 0,
        seconds: from === 0 ? seconds : 0,
        size: part.byteLength,
        sent: false,
        bytes: part,
      };
      this.kept.seconds += chunk.seconds;
      this.#waiting.push((await this.#save(chunk)) ? infoOf(chunk) : chunk);
    }
    this.#change({});
    this.#work.ring();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      if (this.#waiting.length === 0 && !this.kept.ended) {
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
    const { captureId, options, requestId } = this.kept;
    const chunk = this.#waiting[0];
    if (!captureId) {
      const made = await this.transport.create(options, requestId);
      this.kept.captureId = made.capture_id;
      await this.#inTurn(async () => void (await this.#save()));
    } else if (chunk) {
      await this.#send(captureId, chunk);
    } else {
      await this.#finish(captureId);
    }
  }

  async #send(id: string, chunk: Waiting): Promise<void> {
    const bytes = await this.#bytesOf(chunk);
    if (bytes) {
      const { number, startsStream } = chunk;
      const data = await this.transport.put(id, number, bytes, startsStream);
      this.status.idleUntil = data.idle_until;
    }
    this.#waiting.shift();
    const past = chunk.startsStream ? this.#head : chunk;
    if (bytes && chunk.startsStream) {
      this.#head = { ...chunk, sent: true, bytes: chunk.bytes && bytes };
      if (!chunk.bytes) await this.#save({ ...chunk, sent: true, bytes });
    }
    // A chunk that stays is sent again after a reload, which changes nothing.
    if (past) await this.store.drop(this.kept.key, past.number).catch(() => {});
  }

  async #finish(id: string): Promise<void> {
    let data = await this.transport.finish(id, this.kept.count, this.#gaps);
    while (data.state === "finishing" && !this.#closed) {
      await this.#again.wait(FINISH_PAUSE);
      data = await this.transport.get(id);
    }
    if (!this.#closed) await this.#conclude(data);
  }

  async #conclude(data: Partial<CaptureData>): Promise<void> {
    this.#close();
    await this.store.remove(this.kept.key).catch(() => {});
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
    if (this.#waiting.length === 0) {
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
    return (this.#waiting[0]?.number ?? 0) >= FEWEST_CHUNKS;
  }

  /** Finish the capture with what the server has, and go on with another one. */
  async #divide(failures: number): Promise<void> {
    const { captureId } = this.kept;
    const count = this.#waiting[0]!.number;
    try {
      const data = await this.transport.finish(captureId!, count, true);
      await this.#goOn(data.transcription_id ?? undefined);
    } catch (error) {
      await this.#recover(error, failures);
    }
  }

  async #goOn(before: number | undefined): Promise<void> {
    await this.#inTurn(() => this.#startOver());
    this.handlers.parted?.(before);
    this.#change({});
  }

  /** Make another capture of what the server does not have. */
  async #startOver(): Promise<void> {
    const old = this.#waiting;
    if (!old[0]!.startsStream && this.#head) old.unshift(this.#head);
    const chunks: KeptChunk[] = [];
    for (const chunk of old) {
      const bytes = await this.#bytesOf(chunk);
      const number = chunks.length;
      const startsStream = chunk.startsStream || number === 0;
      if (bytes)
        chunks.push({ ...chunk, number, startsStream, sent: false, bytes });
    }
    this.kept.requestId = crypto.randomUUID();
    this.kept.captureId = undefined;
    this.kept.count = chunks.length;
    this.#head = undefined;
    this.#gaps = false;
    try {
      await this.store.replace({ ...this.kept }, chunks);
      this.#waiting = chunks.map(infoOf);
    } catch {
      this.#waiting = chunks;
    }
  }

  async #bytesOf(chunk: Waiting): Promise<ArrayBuffer | undefined> {
    if (chunk.bytes) return chunk.bytes;
    return (await this.store.chunk(this.kept.key, chunk.number))?.bytes;
  }

  /** Return whether the store took it. */
  async #save(chunk?: KeptChunk): Promise<boolean> {
    try {
      await this.store.save({ ...this.kept }, chunk);
      return true;
    } catch {
      return false;
    }
  }

  #inTurn(write: () => Promise<unknown>): Promise<void> {
    this.#writes = this.#writes.then(async () => void (await write()));
    return this.#writes;
  }

  #amounts(): Pick<
    CaptureStatus,
    "waitingSeconds" | "waitingBytes" | "unstored" | "seconds"
  > {
    const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);
    return {
      waitingSeconds: sum(this.#waiting.map((chunk) => chunk.seconds)),
      waitingBytes: sum(this.#waiting.map((chunk) => chunk.size)),
      unstored: this.#waiting.some((chunk) => chunk.bytes !== undefined),
      seconds: this.kept.seconds,
    };
  }

  #change(changes: Partial<CaptureStatus>): void {
    this.status = { ...this.status, ...changes, ...this.#amounts() };
    this.handlers.changed?.(this.status);
  }

  #close(): void {
    this.#closed = true;
    globalThis.removeEventListener?.("online", this.retry);
    this.#work.ring();
    this.#again.ring();
  }
}

/** Whether the server takes no more chunks of the capture, since it is finished or unknown. */
function isGone(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  const ended = error.details.state !== undefined;
  return error.status === 404 || (error.status === 409 && ended);
}
