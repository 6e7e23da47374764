/** A piece of sound of a live session. */
export interface LiveChunk {
  number: number;
  data: Uint8Array;
  startsStream: boolean;
}

/** Most bytes of a chunk, so that a message has at most 64 KiB. Whole samples of any kind fit. */
export const MOST_BYTES = 65_520;
const HEADER_BYTES = 9;

/** Chunks of a live session that the server has not stored durably yet. */
export class LiveChunks {
  /** Number of the first chunk of this process, once the server has told it. */
  #base: number | undefined;
  #made = 0;
  #dropped = 0;
  /** Chunks that were sent on the current connection, counted from the first one of all. */
  #sent = 0;
  #kept: { data: Uint8Array; startsStream: boolean }[] = [];
  /** Bytes that are kept. */
  bytes = 0;

  /** Number of chunks of the whole session. */
  get count(): number {
    return (this.#base ?? 0) + this.#made;
  }

  /** Whether all chunks were sent on the current connection. */
  get allSent(): boolean {
    return this.#sent === this.#made;
  }

  /** Add sound. It is divided if it is too large for a message. */
  add(sound: Uint8Array, startsStream: boolean): void {
    for (let at = 0; at < sound.length; at += MOST_BYTES) {
      const data = sound.slice(at, at + MOST_BYTES);
      this.#kept.push({ data, startsStream: startsStream && at === 0 });
      this.#made += 1;
      this.bytes += data.length;
    }
  }

  /** Begin a connection, on which chunks are sent from a number on. */
  begin(nextChunk: number): void {
    this.#base ??= nextChunk;
    this.acknowledge(nextChunk);
    this.repeat();
  }

  /** Drop chunks below a number, which are durable. */
  acknowledge(nextChunk: number): void {
    const stored = nextChunk - (this.#base ?? nextChunk) - this.#dropped;
    const gone = this.#kept.splice(0, Math.max(0, stored));
    for (const { data } of gone) this.bytes -= data.length;
    this.#dropped += gone.length;
    this.#sent = Math.max(this.#sent, this.#dropped);
  }

  /** Send all chunks again that are kept. */
  repeat(): void {
    this.#sent = this.#dropped;
  }

  /** Whether a chunk can be sent again. */
  has(number: number): boolean {
    return number - (this.#base ?? 0) >= this.#dropped && number < this.count;
  }

  /** Return the next chunk to send, if fewer than `most` are on their way. */
  next(most: number): LiveChunk | undefined {
    const at = this.#sent - this.#dropped;
    const chunk = at < most ? this.#kept[at] : undefined;
    if (!chunk || this.#base === undefined) return undefined;
    const number = this.#base + this.#sent;
    this.#sent += 1;
    return { number, ...chunk };
  }
}

/** Return a chunk as a message: its number in 8 bytes, flags, and the sound. */
export function messageOf({
  number,
  data,
  startsStream,
}: LiveChunk): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + data.length);
  new DataView(message.buffer).setBigUint64(0, BigInt(number));
  message[HEADER_BYTES - 1] = startsStream ? 1 : 0;
  message.set(data, HEADER_BYTES);
  return message;
}
