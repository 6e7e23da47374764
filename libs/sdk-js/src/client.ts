import { RestCaptures } from "./captures.js";
import type { CallOptions, Init, Operation, Result } from "./contract.js";
import { DocumentCalls } from "./documents.js";
import { Listing } from "./listing.js";
import { LiveConnection, type LiveEvents } from "./live.js";
import type { LiveOptions, LiveResumption } from "./live-messages.js";
import { LiveCaptures } from "./live-captures.js";
import { LiveFollower } from "./live-follower.js";
import type { LiveCalls } from "./live-link.js";
import { LiveSession } from "./live-session.js";
import type { Camelized } from "./names.js";
import type { components } from "./schema.js";
import {
  fieldsOf,
  nameOf,
  uploadInPieces,
  type ResumableOptions,
  type ResumableUpload,
  type UploadCalls,
  type UploadedAudio,
  type UploadOptions,
} from "./uploads.js";
import { waitFor, type Status, type WaitOptions } from "./waiting.js";

type Schemas = components["schemas"];
type Started = Camelized<Schemas["StartData"]>;
type StartOptions = Camelized<Schemas["StartBody"]> & CallOptions;
type List = Operation<"GET", "/api/transcription/list">;
type Search = Operation<"GET", "/api/search">;
type Assign = Operation<
  "POST",
  "/api/transcription/speakers/assign/{transcription_id}"
>;
type Erase = Operation<"DELETE", "/api/transcription/{transcription_id}">;
type Transcription = Camelized<
  Schemas["TranscriptionList"]["transcriptions"][number]
>;
type Hit = Camelized<Schemas["SearchHitData"]>;

const TUS = { "Tus-Resumable": "1.0.0" };
/** Milliseconds after which a server that cannot be asked counts as away. */
const CHECK_TIME = 30_000;

/** Client of one session. */
export class SecureTranscribeClient extends DocumentCalls {
  #live: LiveConnection | undefined;
  /** Only calls of `wait` use the connection, so that the last of them closes it. */
  #onlyWaits = true;

  /** Connection for messages of the server. It is opened on first use. */
  get live(): LiveConnection {
    this.#onlyWaits = false;
    return this.#connection();
  }

  /** Upload a recording as one request. Node.js makes a `Blob` of a file by `fs.openAsBlob`. */
  uploadAudio(file: Blob, options: UploadOptions = {}): Promise<UploadedAudio> {
    const body = new FormData();
    for (const [name, value] of fieldsOf(options)) body.set(name, value);
    body.set("file", file, nameOf(file, options));
    const { signal, headers } = options;
    const init = { body, signal, headers };
    return this.request("POST", "/api/transcription/upload", init);
  }

  /**
   * Upload a recording in pieces. It goes on by itself after the connection was lost, and with
   * `uploadId` after the page or process was.
   */
  uploadResumable(
    file: Blob,
    options: ResumableOptions = {},
  ): Promise<ResumableUpload> {
    return uploadInPieces(this.#uploads(), file, options);
  }

  /** Return unfinished uploads in pieces, and those that have just ended. */
  async listUploads(options: CallOptions = {}): Promise<ResumableUpload[]> {
    return (await this.request("GET", "/api/uploads", options)).uploads;
  }

  /** Cancel an upload in pieces, and remove its bytes. */
  async cancelUpload(
    uploadId: string,
    options: CallOptions = {},
  ): Promise<void> {
    const headers = { ...TUS, ...options.headers };
    const init = { path: { uploadId }, ...options, headers };
    await this.request("DELETE", "/api/uploads/{upload_id}", init);
  }

  /** Start processing an uploaded recording, with other options than those of its upload. */
  startTranscription(
    transcriptionId: number,
    { signal, headers, ...body }: StartOptions = {},
  ): Promise<Started> {
    const init = { path: { transcriptionId }, body, signal, headers };
    const path = "/api/transcription/start/{transcription_id}";
    return this.request("POST", path, init);
  }

  /**
   * Return the state of a transcription, with its transcript once it is complete. With `words`,
   * segments have their words with times.
   */
  getStatus(
    transcriptionId: number,
    {
      transcript,
      words,
      ...options
    }: CallOptions & { transcript?: boolean; words?: boolean } = {},
  ): Promise<Status> {
    const path = "/api/transcription/status/{transcription_id}";
    return this.request("GET", path, {
      path: { transcriptionId },
      query: { transcript, words },
      ...options,
    });
  }

  /**
   * Wait until a transcription has completed or failed. Return its status.
   *
   * @throws WaitTimeoutError - it takes longer than `timeout`.
   * @throws JobCancelledError - its job was cancelled.
   */
  async wait(
    transcriptionId: number,
    options: WaitOptions = {},
  ): Promise<Status> {
    const { signal } = options;
    const live = this.#connection();
    try {
      return await waitFor(
        transcriptionId,
        {
          on: (type, handler) => live.on(type, handler),
          state: () => live.state,
          status: (transcript) =>
            this.getStatus(transcriptionId, { transcript, signal }),
        },
        options,
      );
    } finally {
      // A connection keeps a process alive.
      if (this.#onlyWaits && live === this.#live && live.isIdle) this.close();
    }
  }

  /** List transcriptions, the newest first unless sorted otherwise. */
  listTranscriptions(
    query: Init<List>["query"] = {},
    options: CallOptions = {},
  ): Listing<Result<List>, Transcription> {
    const path = "/api/transcription/list";
    const read = () => this.pages(path, { query, ...options });
    return new Listing(read, (page) => page.transcriptions);
  }

  /** Search in all transcripts by words and by meaning, the best hits first. */
  search(
    query: Init<Search>["query"],
    options: CallOptions = {},
  ): Listing<Result<Search>, Hit> {
    const read = () => this.pages("/api/search", { query, ...options });
    return new Listing(read, (page) => page.hits);
  }

  /** Name speakers. `names` has the new name of each label or current name. */
  assignSpeakers(
    transcriptionId: number,
    names: Record<string, string>,
    options: CallOptions = {},
  ): Promise<Result<Assign>> {
    const path = "/api/transcription/speakers/assign/{transcription_id}";
    const init = { path: { transcriptionId }, body: names, ...options };
    return this.request("POST", path, init);
  }

  /** Delete a transcription with its recording. */
  deleteTranscription(
    transcriptionId: number,
    options: CallOptions = {},
  ): Promise<Result<Erase>> {
    const path = "/api/transcription/{transcription_id}";
    return this.request("DELETE", path, {
      path: { transcriptionId },
      ...options,
    });
  }

  /**
   * Call `handler` with each message of a type, whose data are as the server sends them. A lost
   * connection is made again, for the same handlers. Return a function that ends this.
   */
  on<Type extends keyof LiveEvents>(
    type: Type,
    handler: (data: LiveEvents[Type]) => void,
    { signal }: { signal?: AbortSignal } = {},
  ): () => void {
    if (signal?.aborted) return () => {};
    const end = this.live.on(type, handler);
    signal?.addEventListener("abort", end, { once: true });
    return end;
  }

  /**
   * Begin or resume a live session, whose text is read while it is recorded. Aborting the signal
   * disconnects: the session can be resumed until the server finishes it.
   */
  liveSession({
    signal,
    ...options
  }: (LiveOptions | LiveResumption) & {
    signal?: AbortSignal;
  }): LiveSession {
    return new LiveSession(this.#liveCalls(), options, signal);
  }

  /** Return the transport of a capture whose text is read while it is recorded. */
  liveCaptures(): LiveCaptures {
    return new LiveCaptures(this.#liveCalls(), new RestCaptures(this));
  }

  /** Follow the text of a live session that somebody else records. */
  followLive(transcriptionId: number): LiveFollower {
    const url = (afterSequence: number) =>
      this.transport.socketUrl("/ws/live/follow", {
        transcription_id: transcriptionId,
        after_sequence: afterSequence,
      });
    const check = () =>
      this.request("GET", "/api/transcription/status/{transcription_id}", {
        path: { transcriptionId },
        query: { transcript: false },
        signal: AbortSignal.timeout(CHECK_TIME),
      });
    return new LiveFollower({ ...this.#liveCalls(), url, check });
  }

  /** Close the connection for messages, which keeps a process alive. */
  close(): void {
    this.#live?.close();
    this.#live = undefined;
    this.#onlyWaits = true;
  }

  #connection(): LiveConnection {
    this.#live ??= new LiveConnection(() => this.transport.socketUrl());
    return this.#live;
  }

  #liveCalls(): LiveCalls {
    return {
      hasToken: () => this.transport.token !== undefined,
      url: () => this.transport.socketUrl("/ws/live"),
      check: () => this.getSession({ signal: AbortSignal.timeout(CHECK_TIME) }),
      discard: (captureId: string) =>
        this.request("DELETE", "/api/captures/{capture_id}", {
          path: { captureId },
        }),
    };
  }

  #uploads(): UploadCalls {
    return {
      create: async (headers, signal) => {
        const init = { headers: { ...TUS, ...headers }, signal };
        return (await this.request("POST", "/api/uploads", init)).uploadId;
      },
      get: (uploadId, signal) =>
        this.request("GET", "/api/uploads/{upload_id}", {
          path: { uploadId },
          headers: TUS,
          signal,
        }),
      append: async (uploadId, piece, headers, signal) => {
        const path = "/api/uploads/{upload_id}";
        const init = {
          path: { uploadId },
          body: piece,
          headers: { ...TUS, ...headers },
          signal,
        };
        await this.send("PATCH", path, init);
      },
    };
  }
}
