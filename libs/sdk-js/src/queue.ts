import {
  infoOf,
  type CaptureStore,
  type ChunkInfo,
  type KeptCapture,
  type KeptChunk,
} from "./chunks.js";

/** A chunk that the server does not have, with its bytes if the store does not have them. */
export type Waiting = ChunkInfo & { bytes?: ArrayBuffer };

/** How much is waiting. */
export interface Amounts {
  /** Seconds and bytes of sound that the server does not have yet. */
  waitingSeconds: number;
  waitingBytes: number;
  /** Whether some of that is in the memory of this page only, because the store takes no more. */
  unstored: boolean;
  /** Seconds of sound so far. */
  seconds: number;
}

const LARGEST_CHUNK = 3 * 1024 * 1024;

/** Chunks of one capture that the server does not have, in order, kept by a store. */
export class ChunkQueue {
  #waiting: Waiting[];
  /** The first chunk of the stream that is sent, without which nothing of it can be played. */
  #head: Waiting | undefined;
  #writes: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: CaptureStore,
    readonly kept: KeptCapture,
    chunks: readonly ChunkInfo[],
  ) {
    this.#waiting = chunks.filter((chunk) => !chunk.sent);
    this.#head = chunks.findLast((chunk) => chunk.sent);
  }

  get first(): Waiting | undefined {
    return this.#waiting[0];
  }

  /** Return up to so many of the first chunks. */
  firsts(most: number): readonly Waiting[] {
    return this.#waiting.slice(0, most);
  }

  get amounts(): Amounts {
    const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);
    return {
      waitingSeconds: sum(this.#waiting.map((chunk) => chunk.seconds)),
      waitingBytes: sum(this.#waiting.map((chunk) => chunk.size)),
      unstored: this.#waiting.some((chunk) => chunk.bytes !== undefined),
      seconds: this.kept.seconds,
    };
  }

  /** Add sound as one chunk, or as several if it is large. */
  add(
    bytes: ArrayBuffer,
    seconds: number,
    startsStream: boolean,
  ): Promise<void> {
    return this.#inTurn(async () => {
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
    });
  }

  /** Change what is kept about the capture itself. */
  note(change: Partial<KeptCapture>): Promise<void> {
    return this.#inTurn(async () => {
      Object.assign(this.kept, change);
      await this.#save();
    });
  }

  /** Return the bytes of a chunk, unless the store has lost them. */
  async bytesOf(chunk: Waiting): Promise<ArrayBuffer | undefined> {
    if (chunk.bytes) return chunk.bytes;
    return (await this.store.chunk(this.kept.key, chunk.number))?.bytes;
  }

  /** Take the first chunk out. `bytes` are absent if they were lost. */
  async shift(bytes: ArrayBuffer | undefined): Promise<void> {
    const chunk = this.#waiting.shift()!;
    const past = chunk.startsStream ? this.#head : chunk;
    if (bytes && chunk.startsStream) {
      this.#head = { ...chunk, sent: true };
      if (!chunk.bytes) await this.#save({ ...chunk, sent: true, bytes });
    }
    // A chunk that stays is sent again after a reload, which changes nothing.
    if (past) await this.store.drop(this.kept.key, past.number).catch(() => {});
  }

  /** Make a new capture of all that is waiting, and return once it is kept. */
  startOver(): Promise<void> {
    return this.#inTurn(async () => {
      const chunks: KeptChunk[] = [];
      for (const chunk of this.#playable()) {
        const bytes = await this.bytesOf(chunk);
        const number = chunks.length;
        const startsStream = chunk.startsStream || number === 0;
        if (!bytes) continue;
        chunks.push({ ...chunk, number, startsStream, sent: false, bytes });
      }
      this.kept.requestId = crypto.randomUUID();
      this.kept.captureId = undefined;
      this.kept.count = chunks.length;
      this.#head = undefined;
      try {
        await this.store.replace({ ...this.kept }, chunks);
        this.#waiting = chunks.map(infoOf);
      } catch {
        this.#waiting = chunks;
      }
    });
  }

  /** Return the bytes of all that is waiting, by stream. Each can be played by itself. */
  async streams(): Promise<ArrayBuffer[][]> {
    const streams: ArrayBuffer[][] = [];
    for (const chunk of this.#playable()) {
      const bytes = await this.bytesOf(chunk);
      if (chunk.startsStream || streams.length === 0) streams.push([]);
      if (bytes) streams.at(-1)!.push(bytes);
    }
    return streams.filter((parts) => parts.length > 0);
  }

  /** Remove everything that the store has of the capture. */
  async remove(): Promise<void> {
    await this.#writes;
    await this.store.remove(this.kept.key).catch(() => {});
  }

  /** Return the waiting chunks, from the head of their first stream on. */
  #playable(): Waiting[] {
    const waiting = [...this.#waiting];
    const [first] = waiting;
    if (first && !first.startsStream && this.#head) waiting.unshift(this.#head);
    return waiting;
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

  #inTurn(write: () => Promise<void>): Promise<void> {
    this.#writes = this.#writes.then(write);
    return this.#writes;
  }
}
