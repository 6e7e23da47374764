import type { CaptureData, CaptureTransport } from "./captures.js";
import type { CaptureOptions } from "./chunks.js";
import { ApiError, ConnectionError } from "./errors.js";
import { Handlers } from "./handlers.js";
import type { LiveState } from "./live.js";
import { messageOf, MOST_BYTES } from "./live-chunks.js";
import {
  LiveLink,
  type LiveCalls,
  type Message,
  type Open,
} from "./live-link.js";
import type {
  LiveMessages,
  LiveOptions,
  LiveSessionEvents,
} from "./live-messages.js";
import { toSnake } from "./names.js";

/** Chunks that may be on their way at the same time. */
const WINDOW = 32;
const LOST = "The connection of the live session was lost.";

export interface LiveCaptureEvents extends LiveSessionEvents {
  /** Why there is no live text. The recording goes on over REST. */
  unavailable: unknown;
}

/** Somebody who waits for an answer of the server. */
interface Waiter<Result> {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

/** A chunk that the server has not acknowledged. */
interface Pending extends Waiter<{ idle_until?: string }> {
  message: Uint8Array;
  /** Sends it over REST, and settles the waiter by that. */
  divert(): void;
}

/**
 * Sends one capture over the WebSocket of live sessions, and tells its text. A `Capture` keeps the
 * chunks meanwhile. Whatever the WebSocket does not serve goes over REST, so that a recording never
 * depends on it.
 */
export class LiveCaptures implements CaptureTransport {
  readonly window = WINDOW;
  state: LiveState = "connecting";
  readonly #handlers = new Handlers<LiveCaptureEvents>();
  readonly #pending = new Map<number, Pending>();
  #link: LiveLink | undefined;
  /** First message of a connection. */
  #first: Record<string, unknown> | undefined;
  #captureId: string | undefined;
  /** A capture that is no live session. */
  #plainId: string | undefined;
  #sequence = 0;
  #creation: Waiter<void> | undefined;
  #ending: Waiter<CaptureData> | undefined;
  /** Numbers below the highest one that the server lacks. */
  #missing: readonly number[] = [];
  /** Whether chunks go over REST, because the server lacks some that this device has lost. */
  #gaps = false;
  /** Whether the server takes no more chunks of the capture. */
  #ended = false;
  /** Whether there is no live text, and everything goes over REST. */
  #unavailable = false;

  constructor(
    private readonly calls: LiveCalls,
    private readonly rest: CaptureTransport,
    private readonly open?: Open,
  ) {}

  /** Call `handler` with each message of a type. Return a function that ends this. */
  on<Type extends keyof LiveCaptureEvents>(
    type: Type,
    handler: (data: LiveCaptureEvents[Type]) => void,
  ): () => void {
    return this.#handlers.add(type, handler);
  }

  /** Resume a capture that was begun earlier, whose text is told again from its beginning. */
  resume(captureId: string): void {
    const known = [this.#captureId, this.#plainId].includes(captureId);
    if (this.#unavailable || known) return;
    this.close();
    this.#captureId = captureId;
    this.#connect({});
  }

  /** Try to get live text again. */
  retry(): void {
    const captureId = this.#captureId;
    this.#unavailable = false;
    this.#captureId = undefined;
    if (captureId) this.resume(captureId);
  }

  /** Disconnect. The capture can be resumed. */
  close(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#captureId = undefined;
    this.#sequence = 0;
    this.#gaps = this.#ended = false;
    this.#abandon(new ConnectionError(LOST));
  }

  list(): Promise<CaptureData[]> {
    return this.rest.list();
  }

  get(id: string): Promise<CaptureData> {
    return this.rest.get(id);
  }

  async create(
    options: CaptureOptions,
    requestId: string,
  ): Promise<{ capture_id: string }> {
    const begin = beginOf(options, requestId);
    if (!begin || this.#unavailable)
      return this.#createPlain(options, requestId);
    await new Promise<void>((resolve, reject) => {
      this.close();
      this.#creation = { resolve, reject };
      this.#connect(begin);
    });
    const id = this.#captureId;
    return id ? { capture_id: id } : this.#createPlain(options, requestId);
  }

  put(
    id: string,
    number: number,
    bytes: ArrayBuffer,
    startsStream: boolean,
  ): Promise<{ idle_until?: string }> {
    const divert = () => this.rest.put(id, number, bytes, startsStream);
    this.resume(id);
    const serves = !this.#gaps && !this.#ended && this.#captureId === id;
    if (!serves || this.#unavailable || bytes.byteLength > MOST_BYTES)
      return divert();
    const data = new Uint8Array(bytes);
    const message = messageOf({ number, data, startsStream });
    return new Promise((resolve, reject) => {
      this.#pending.set(number, {
        message,
        resolve,
        reject,
        divert: () => void divert().then(resolve, reject),
      });
      if (this.state === "open") this.#link!.send(message);
    });
  }

  async finish(
    id: string,
    chunkCount: number,
    allowGaps: boolean,
  ): Promise<CaptureData> {
    const serves = this.state === "open" && this.#captureId === id;
    if (!serves) return this.rest.finish(id, chunkCount, allowGaps);
    return new Promise((resolve, reject) => {
      this.#ending = { resolve, reject };
      const message = {
        type: "finish",
        chunk_count: chunkCount,
        allow_gaps: allowGaps,
      };
      this.#link!.send(JSON.stringify(message));
    });
  }

  async discard(id: string): Promise<void> {
    await this.rest.discard(id);
    this.close();
  }

  async #createPlain(
    options: CaptureOptions,
    requestId: string,
  ): Promise<{ capture_id: string }> {
    const made = await this.rest.create(options, requestId);
    this.#plainId = made.capture_id;
    return made;
  }

  #connect(begin: object): void {
    this.#first = { type: "begin", ...begin };
    const link = new LiveLink(
      this.calls,
      {
        opened: () => this.#start(),
        message: (message) => this.#take(message),
        lost: () => this.#lose(),
        failed: (error) => this.#fail(error),
      },
      this.open,
    );
    this.#link = link;
    this.#become("connecting");
    void link.connect();
  }

  #start(): void {
    const resume = {
      type: "resume",
      capture_id: this.#captureId,
      after_sequence: this.#sequence,
    };
    const first = this.#captureId ? resume : this.#first;
    this.#link!.send(JSON.stringify(first));
  }

  #take(message: Message): void {
    switch (message.type) {
      case "begun":
        this.#begin(message.data);
        break;
      case "acknowledged":
        this.#acknowledge(message.data);
        break;
      case "final":
      case "speaker":
        if (message.data.sequence! <= this.#sequence) return;
        this.#sequence = message.data.sequence!;
        break;
      case "notice":
        if (message.data.code === "chunks_missing") this.#refuseEnd();
        break;
      case "ended":
        this.#end(message.data);
        break;
      case "error":
      case "pong":
        return;
    }
    // Types that are newer than this package have no handlers.
    this.#handlers.tell(message.type, message.data as never);
  }

  #begin({ capture }: LiveMessages["begun"]): void {
    this.#captureId = capture.capture_id;
    this.#link!.serve();
    this.#settle(capture.next_chunk);
    const waiting = [...this.#pending].sort(([one], [other]) => one - other);
    for (const [, { message }] of waiting) this.#link!.send(message);
    this.#become("open");
    this.#creation?.resolve();
    this.#creation = undefined;
  }

  #acknowledge({ next_chunk, missing }: LiveMessages["acknowledged"]): void {
    this.#missing = missing;
    this.#settle(next_chunk);
    // Chunks behind a gap that nobody closes are never acknowledged here.
    if (!missing.every((number) => this.#pending.has(number))) {
      this.#gaps = true;
      this.#divert();
    }
  }

  /** Settle the chunks below a number, which are durable. */
  #settle(nextChunk: number): void {
    for (const [number, { resolve }] of this.#pending) {
      if (number >= nextChunk) continue;
      this.#pending.delete(number);
      // The connection keeps the session from being idle.
      resolve({});
    }
  }

  #divert(): void {
    for (const { divert } of this.#pending.values()) divert();
    this.#pending.clear();
  }

  #refuseEnd(): void {
    const missing = [...this.#missing];
    const details = { missing };
    this.#ending?.reject(
      new ApiError("CONFLICT", "Chunks are missing.", 409, details),
    );
    this.#ending = undefined;
  }

  #end({ capture, transcription_id }: LiveMessages["ended"]): void {
    const { error, ...data } = capture;
    this.#ending?.resolve({
      ...data,
      transcription_id,
      error: error ? { code: "AUDIO_PROCESSING_ERROR", message: error } : null,
    } as CaptureData);
    this.#ending = undefined;
    // The answers of REST tell why it takes no more chunks.
    this.#ended = true;
    this.#divert();
    this.#link?.close();
    this.#become("ended");
  }

  #lose(): void {
    this.#become("lost");
    this.#abandon(new ConnectionError(LOST));
  }

  /** Go on over REST. */
  #fail(error: unknown): void {
    this.#unavailable = true;
    this.#link?.close();
    this.#become("ended");
    this.#handlers.tell("unavailable", error);
    this.#divert();
    this.#creation?.resolve();
    this.#creation = undefined;
    this.#abandon(new ConnectionError(LOST));
  }

  /** Reject everybody who waits. A `Capture` tries again. */
  #abandon(reason: unknown): void {
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#creation?.reject(reason);
    this.#ending?.reject(reason);
    this.#creation = this.#ending = undefined;
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#handlers.tell("state", state);
  }
}

const ENCODINGS: readonly [RegExp, LiveOptions["encoding"]][] = [
  [/^audio\/webm(;\s*codecs="?opus"?)?$/i, "webm_opus"],
  [/^audio\/ogg(;\s*codecs="?opus"?)?$/i, "ogg_opus"],
  [/^audio\/mp4(;|$)/i, "mp4"],
  [/^audio\/mp4(;.*)?$/i, "mp4"],
];

/** Return the encoding of a kind of media, or undefined if it cannot be read live. */
export function liveEncodingOf(
  mediaType: string,
): LiveOptions["encoding"] | undefined {
  return ENCODINGS.find(([pattern]) => pattern.test(mediaType))?.[1];
}

/** Return the message that begins a capture, or undefined if it cannot be read live. */
function beginOf(
  { mediaType, live: _, ...options }: CaptureOptions,
  requestId: string,
): object | undefined {
  const encoding = liveEncodingOf(mediaType);
  if (!encoding) return undefined;
  const channelCount = options.channels === "separate" ? 2 : 1;
  return toSnake({
    ...options,
    encoding,
    channelCount,
    requestId,
  }) as object;
}
