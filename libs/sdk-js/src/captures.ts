import type { CaptureOptions } from "./chunks";
import type { SecureTranscribeClient } from "./client";

/** A capture as the server has it. */
export interface CaptureData {
  capture_id: string;
  state: "receiving" | "finishing" | "completed" | "rejected" | "discarded";
  /** First number of a chunk that is not stored. */
  next_chunk: number;
  /** Numbers that are not stored below the highest one that is. */
  missing: number[];
  stored_bytes: number;
  created_at: string;
  /** The server finishes the capture then, unless another chunk arrives. */
  idle_until: string | null;
  title?: string | null;
  transcription_id?: number | null;
  job_id?: string | null;
  error?: { code: string; message: string } | null;
}

/** Calls of the server about captures. */
export interface CaptureTransport {
  list(): Promise<CaptureData[]>;
  create(options: CaptureOptions, requestId: string): Promise<CaptureData>;
  get(id: string): Promise<CaptureData>;
  put(
    id: string,
    number: number,
    bytes: ArrayBuffer,
    startsStream: boolean,
  ): Promise<CaptureData>;
  finish(
    id: string,
    chunkCount: number,
    allowGaps: boolean,
  ): Promise<CaptureData>;
  discard(id: string): Promise<void>;
}

/** Milliseconds after which a request without an answer counts as lost. */
const TIMEOUT = 30_000;

type Call = (
  path: string,
  init?: object,
) => Promise<{
  data?: { data: CaptureData };
  error?: unknown;
  response: Response;
}>;

/** Calls of the REST API. */
export class RestCaptures implements CaptureTransport {
  constructor(private readonly client: SecureTranscribeClient) {}

  async list(): Promise<CaptureData[]> {
    const answer = this.#api.GET("/api/captures", {});
    const { data } = await this.client.call(answer);
    return (data as unknown as { captures: CaptureData[] }).captures;
  }

  async create(
    options: CaptureOptions,
    requestId: string,
  ): Promise<CaptureData> {
    const body = {
      media_type: options.mediaType,
      title: options.title,
      language: options.language,
      channels: options.channels,
      voice_memory: options.voiceMemory,
      request_id: requestId,
    };
    return this.#data(this.#api.POST("/api/captures", { body }));
  }

  get(id: string): Promise<CaptureData> {
    return this.#data(this.#api.GET("/api/captures/{capture_id}", of(id)));
  }

  async put(
    id: string,
    number: number,
    bytes: ArrayBuffer,
    startsStream: boolean,
  ): Promise<CaptureData> {
    return this.#data(
      this.#api.PUT("/api/captures/{capture_id}/chunks/{number}", {
        params: {
          path: { capture_id: id, number },
          query: { starts_stream: startsStream },
        },
        headers: {
          "Content-Type": "application/octet-stream",
          "Upload-Checksum": `sha256 ${await digestOf(bytes)}`,
        },
        body: bytes,
        bodySerializer: (body: ArrayBuffer) => body,
        signal: AbortSignal.timeout(TIMEOUT),
      }),
    );
  }

  finish(
    id: string,
    chunkCount: number,
    allowGaps: boolean,
  ): Promise<CaptureData> {
    const body = { chunk_count: chunkCount, allow_gaps: allowGaps };
    return this.#data(
      this.#api.POST("/api/captures/{capture_id}/finish", { ...of(id), body }),
    );
  }

  async discard(id: string): Promise<void> {
    await this.client.call(
      this.#api.DELETE("/api/captures/{capture_id}", of(id)),
    );
  }

  get #api(): Record<"GET" | "POST" | "PUT" | "DELETE", Call> {
    return this.client.api as never;
  }

  async #data(answer: ReturnType<Call>): Promise<CaptureData> {
    return (await this.client.call(answer)).data;
  }
}

function of(id: string): object {
  return { params: { path: { capture_id: id } } };
}

async function digestOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...digest));
}
