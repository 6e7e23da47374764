import createClient, { type Client } from "openapi-fetch";

import { ConnectionError, errorOf } from "./errors";
import { LiveConnection, type LiveEvents } from "./live";
import type { components, paths } from "./schema";

export interface ClientOptions {
  /** Address of the API, for example `https://transcribe.example.org/api`. */
  baseUrl?: string;
  /** Token of a session. In a browser, the session's cookie is enough. */
  sessionToken?: string;
  fetch?: (request: Request) => Promise<Response>;
}

export interface UploadOptions {
  /** ISO 639-1 code. Without it, the language is detected. */
  language?: string;
  /** Whether channels are recognized as a mix or each by itself. */
  channels?: "auto" | "mix" | "separate";
  /** Whether to start processing at once, as is the default. */
  autoStart?: boolean;
  /** Whether a recording that breaks off is accepted as far as it goes. */
  allowTruncated?: boolean;
  /** Whether voices may be remembered for later recordings, as is the default. */
  voiceMemory?: boolean;
  /** Number of speakers, if it is known. Otherwise it is found, within the bounds if given. */
  numSpeakers?: number;
  minSpeakers?: number;
  maxSpeakers?: number;
}

type Schemas = components["schemas"];
/** Result of an `api` call. */
interface Answer<Body> {
  data?: Body;
  error?: unknown;
  response: Response;
}

/** Client of one session. */
export class SecureTranscribeClient {
  /** All operations of the REST API, typed by its OpenAPI document. */
  readonly api: Client<paths>;
  readonly #base: string;
  readonly #token: string | undefined;
  #live: LiveConnection | undefined;

  constructor({ baseUrl = "/api", sessionToken, fetch }: ClientOptions = {}) {
    this.#base = baseUrl.replace(/\/+$/, "").replace(/\/api(\/v1)?$/, "");
    this.#token = sessionToken;
    this.api = createClient<paths>({
      baseUrl: this.#base || globalThis.location?.origin,
      headers: sessionToken ? { Authorization: `Bearer ${sessionToken}` } : {},
      ...(fetch ? { fetch } : {}),
    });
  }

  /** Connection for messages of the server. It is opened on first use. */
  get live(): LiveConnection {
    this.#live ??= new LiveConnection(() => this.#liveUrl());
    return this.#live;
  }

  /**
   * Return the body of an answer.
   *
   * @throws ApiError - the server refuses the call.
   * @throws ConnectionError - the server cannot be reached.
   */
  async call<Body>(answer: Promise<Answer<Body>>): Promise<Body> {
    return (await this.answer(answer)).body;
  }

  /** Return the body of an answer with its response, for headers such as `ETag`. */
  async answer<Body>(
    answer: Promise<Answer<Body>>,
  ): Promise<{ body: Body; response: Response }> {
    let found: Answer<Body>;
    try {
      found = await answer;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError")
        throw error;
      throw new ConnectionError("The server cannot be reached.", {
        cause: error,
      });
    }
    if (!found.response.ok) throw errorOf(found.response, found.error);
    return { body: found.data as Body, response: found.response };
  }

  /** Upload a recording as one request. */
  async uploadAudio(
    file: File,
    options: UploadOptions = {},
  ): Promise<{ transcriptionId: number; data: Schemas["UploadData"] }> {
    const form = new FormData();
    form.set("file", file);
    const fields = {
      language: options.language,
      channels: options.channels,
      auto_start: options.autoStart,
      allow_truncated: options.allowTruncated,
      voice_memory: options.voiceMemory,
      num_speakers: options.numSpeakers,
      min_speakers: options.minSpeakers,
      max_speakers: options.maxSpeakers,
    };
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) form.set(name, String(value));
    }
    const { data } = await this.call(
      this.api.POST("/api/transcription/upload", {
        body: form as never,
        bodySerializer: (body) => body as unknown as FormData,
      }),
    );
    return { transcriptionId: data.transcription_id, data };
  }

  /** Start processing an uploaded recording, with other options than those of its upload. */
  async startTranscription(
    transcriptionId: number,
    options: Schemas["StartBody"] = {},
  ): Promise<Schemas["StartData"]> {
    const path = { transcription_id: transcriptionId };
    const { data } = await this.call(
      this.api.POST("/api/transcription/start/{transcription_id}", {
        params: { path },
        body: options,
      }),
    );
    return data;
  }

  /** Return the state of a transcription, with its transcript once it is complete. */
  async getStatus(transcriptionId: number): Promise<Schemas["StatusData"]> {
    const path = { transcription_id: transcriptionId };
    const { data } = await this.call(
      this.api.GET("/api/transcription/status/{transcription_id}", {
        params: { path },
      }),
    );
    return data;
  }

  /** Call `handler` with each message of a type. Return a function that ends this. */
  on<Type extends keyof LiveEvents>(
    type: Type,
    handler: (data: LiveEvents[Type]) => void,
  ): () => void {
    return this.live.on(type, handler);
  }

  /** Close the connection for messages. */
  close(): void {
    this.#live?.close();
    this.#live = undefined;
  }

  #liveUrl(): string {
    const url = new URL("/ws", this.#base || globalThis.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (this.#token) url.searchParams.set("token", this.#token);
    return url.href;
  }
}
