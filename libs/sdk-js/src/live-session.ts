import { Handlers } from "./handlers.js";
import type { LiveState } from "./live.js";
import { LiveChunks, messageOf } from "./live-chunks.js";
import {
  LiveLink,
  type LiveCalls,
  type Message,
  type Open,
} from "./live-link.js";
import type {
  LiveEnd,
  LiveMessages,
  LiveOptions,
  LiveResumption,
  LiveSessionEvents,
} from "./live-messages.js";
import { toCamel, toSnake } from "./names.js";

/** Chunks that may be on their way at the same time. */
const MOST_UNDERWAY = 32;
/** Bytes that wait for the server before `drained` waits. */
const MUCH = 4 * 1024 * 1024;

/**
 * Sound whose text is read while it is made. Each chunk is kept until the server has stored it
 * durably. A lost connection is made again, missing sound is sent again, and every result arrives
 * once.
 */
export class LiveSession {
  state: LiveState = "connecting";
  /** Name of the session on the server, once it has begun. Another process can resume it. */
  captureId: string | undefined;
  transcriptionId: number | undefined;
  /** Sequence of the last result. */
  sequence: number;
  /** How the session ended, whether `finish` was called or not. */
  readonly done: Promise<LiveEnd>;
  readonly #handlers = new Handlers<LiveSessionEvents>();
  readonly #chunks = new LiveChunks();
  readonly #first: object;
  readonly #link: LiveLink;
  #resolve!: (end: LiveEnd) => void;
  #reject!: (reason: unknown) => void;
  #waiting: (() => void)[] = [];
  #missing: number[] = [];
  #finishing = false;
  #finishSent = false;
  #failure: unknown;

  constructor(
    private readonly calls: LiveCalls,
    options: LiveOptions | LiveResumption,
    private readonly signal?: AbortSignal,
    open?: Open,
  ) {
    const resumed = "captureId" in options ? options : undefined;
    this.captureId = resumed?.captureId;
    this.sequence = resumed?.afterSequence ?? 0;
    const named = { requestId: crypto.randomUUID(), ...options };
    this.#first = { type: "begin", ...(toSnake(named) as object) };
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to wait for the end.
    this.done.catch(() => {});
    const handlers = {
      opened: () => this.#start(),
      message: (message: Message) => this.#take(message),
      lost: () => this.#become("lost"),
      failed: (error: unknown) => this.#fail(error),
    };
    this.#link = new LiveLink(calls, handlers, open);
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
    else void this.#link.connect();
  }

  /** Call `handler` with each message of a type. Return a function that ends this. */
  on<Type extends keyof LiveSessionEvents>(
    type: Type,
    handler: (data: LiveSessionEvents[Type]) => void,
  ): () => void {
    return this.#handlers.add(type, handler);
  }

  /** Bytes that the server has not stored yet. */
  get waitingBytes(): number {
    return this.#chunks.bytes;
  }

  /**
   * Add sound, best in pieces of 250 ms. `startsStream` marks the first bytes of a recorder that was
   * started again.
   *
   * @throws Error - the session has ended.
   */
  push(
    sound: ArrayBuffer | Uint8Array,
    { startsStream = false }: { startsStream?: boolean } = {},
  ): void {
    if (this.#failure) throw this.#failure;
    if (this.state === "ended" || this.#finishing) {
      throw new Error("The session has ended. Begin another one.");
    }
    this.#chunks.add(new Uint8Array(sound as ArrayBuffer), startsStream);
    this.#pump();
  }

  /** Wait until few bytes wait for the server, for sound that comes faster than it is spoken. */
  async drained(): Promise<void> {
    while (this.state !== "ended" && this.#chunks.bytes > MUCH) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure) throw this.#failure;
  }

  /**
   * End the recording. Resolved once all of it is stored and the last results have arrived.
   *
   * @throws ApiError - the server refuses the session.
   */
  finish(): Promise<LiveEnd> {
    this.#finishing = true;
    this.#pump();
    return this.done;
  }

  /** End the session, and delete everything that the server has of it. */
  async discard(): Promise<void> {
    this.#fail(new Error("The session was discarded."));
    if (this.captureId) await this.calls.discard(this.captureId);
  }

  readonly #abort = (): void => this.#fail(this.signal!.reason);

  #start(): void {
    const resume = {
      type: "resume",
      capture_id: this.captureId,
      after_sequence: this.sequence,
    };
    this.#link.send(JSON.stringify(this.captureId ? resume : this.#first));
  }

  #take(message: Message): void {
    switch (message.type) {
      case "begun":
        this.#begin(message.data);
        break;
      case "acknowledged":
        this.#missing = message.data.missing;
        this.#chunks.acknowledge(message.data.next_chunk);
        this.#pump();
        break;
      case "final":
      case "speaker":
        if (message.data.sequence! <= this.sequence) return;
        this.sequence = message.data.sequence!;
        break;
      case "notice":
        if (message.data.code === "chunks_missing") this.#repeat();
        break;
      case "ended":
        this.#close();
        this.#resolve(toCamel(message.data));
        break;
      case "error":
      case "pong":
        return;
    }
    // Types that are newer than this package have no handlers.
    this.#handlers.tell(message.type, message.data as never);
  }

  #begin({ capture, transcription_id }: LiveMessages["begun"]): void {
    this.captureId = capture.capture_id;
    this.transcriptionId = transcription_id;
    this.#link.serve();
    this.#missing = [];
    this.#finishSent = false;
    this.#chunks.begin(capture.next_chunk);
    this.#become("open");
    this.#pump();
  }

  /** Send what may be sent now. */
  #pump(): void {
    if (this.#chunks.bytes <= MUCH) this.#wake();
    if (this.state !== "open") return;
    let chunk;
    while ((chunk = this.#chunks.next(MOST_UNDERWAY))) {
      this.#link.send(messageOf(chunk));
    }
    const finished = this.#finishing && this.#chunks.allSent;
    if (finished && !this.#finishSent) this.#sendFinish(false);
  }

  #sendFinish(allowGaps: boolean): void {
    const { count } = this.#chunks;
    if (count === 0) {
      this.#fail(new Error("There is no sound to finish a session with."));
      this.calls.discard(this.captureId!).catch(() => {});
      return;
    }
    this.#finishSent = true;
    const message = {
      type: "finish",
      chunk_count: count,
      allow_gaps: allowGaps,
    };
    this.#link.send(JSON.stringify(message));
  }

  /** Send chunks again that the server lacks. Those of another process never come. */
  #repeat(): void {
    if (this.#missing.some((number) => !this.#chunks.has(number))) {
      this.#sendFinish(true);
      return;
    }
    this.#chunks.repeat();
    this.#finishSent = false;
    this.#pump();
  }

  #fail(reason: unknown): void {
    if (this.state === "ended") return;
    this.#failure = reason;
    this.#close();
    this.#reject(reason);
  }

  #close(): void {
    this.#link.close();
    this.signal?.removeEventListener("abort", this.#abort);
    this.#become("ended");
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#handlers.tell("state", state);
  }
}
