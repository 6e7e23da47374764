import type { CaptureOptions } from "./chunks.js";
import type { SecureTranscribeClient } from "./client.js";
import { ConnectionError } from "./errors.js";
import type { components } from "./schema.js";

/** A capture as the server has it. */
export type CaptureData = components["schemas"]["CaptureData"];

/** Calls of the server about captures. */
export interface CaptureTransport {
  /** Chunks that may be on their way at the same time, 1 by default. */
  readonly window?: number;
  list(): Promise<CaptureData[]>;
  create(
    options: CaptureOptions,
    requestId: string,
  ): Promise<Pick<CaptureData, "capture_id">>;
  get(id: string): Promise<CaptureData>;
  put(
    id: string,
    number: number,
    bytes: ArrayBuffer,
    startsStream: boolean,
  ): Promise<{ idle_until?: string }>;
  finish(
    id: string,
    chunkCount: number,
    allowGaps: boolean,
  ): Promise<CaptureData>;
  discard(id: string): Promise<void>;
}

/** Milliseconds after which a request without an answer counts as lost. */
const TIMEOUT = 30_000;

/** Calls of the REST API. */
export class RestCaptures implements CaptureTransport {
  constructor(private readonly client: SecureTranscribeClient) {}

  async list(): Promise<CaptureData[]> {
    const answer = this.client.api.GET("/api/captures");
    return (await this.#body(answer)).data.captures;
  }

  async create(
    options: CaptureOptions,
    requestId: string,
  ): Promise<CaptureData> {
    const body = {
      media_type: options.mediaType,
      title: options.title,
      language: options.language,
      channels: options.channels ?? ("auto" as const),
      voice_memory: options.voiceMemory ?? true,
      num_speakers: options.numSpeakers,
      min_speakers: options.minSpeakers,
      max_speakers: options.maxSpeakers,
      auto_start: true,
      request_id: requestId,
    };
    const answer = this.client.api.POST("/api/captures", {
      body,
      ...patient(),
    });
    return (await this.#body(answer)).data;
  }

  async get(id: string): Promise<CaptureData> {
    const answer = this.client.api.GET("/api/captures/{capture_id}", {
      params: of(id),
      ...patient(),
    });
    return (await this.#body(answer)).data;
  }

  async put(
    id: string,
    number: number,
    bytes: ArrayBuffer,
    startsStream: boolean,
  ): Promise<CaptureData> {
    const answer = this.client.api.PUT(
      "/api/captures/{capture_id}/chunks/{number}",
      {
        params: {
          path: { capture_id: id, number },
          query: { starts_stream: startsStream },
          header: { "Upload-Checksum": `sha256 ${await digestOf(bytes)}` },
        },
        headers: { "Content-Type": "application/octet-stream" },
        body: bytes as never,
        bodySerializer: (body) => body,
        ...patient(),
      },
    );
    return (await this.#body(answer)).data;
  }

  async finish(
    id: string,
    chunkCount: number,
    allowGaps: boolean,
  ): Promise<CaptureData> {
    const answer = this.client.api.POST("/api/captures/{capture_id}/finish", {
      params: of(id),
      body: { chunk_count: chunkCount, allow_gaps: allowGaps },
      ...patient(),
    });
    return (await this.#body(answer)).data;
  }

  async discard(id: string): Promise<void> {
    const answer = this.client.api.DELETE("/api/captures/{capture_id}", {
      params: of(id),
      ...patient(),
    });
    await this.#body(answer);
  }

  /** Return the body of an answer. One that takes too long counts as a lost connection. */
  async #body<Body>(answer: Answer<Body>): Promise<Body> {
    try {
      return await this.client.call(answer);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "TimeoutError") {
        throw error;
      }
      throw new ConnectionError("The server is silent.", { cause: error });
    }
  }
}

/** What `client.call` takes. */
type Answer<Body> = Promise<{ data?: Body; response: Response }>;

function of(id: string): { path: { capture_id: string } } {
  return { path: { capture_id: id } };
}

function patient(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(TIMEOUT) };
}

async function digestOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...digest));
}
