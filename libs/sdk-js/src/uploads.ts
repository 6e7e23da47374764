import type { CallOptions, Operation, Result } from "./contract.js";
import { ApiError, ConflictError, ConnectionError, errorOf } from "./errors.js";
import { camel, snake, type Camelized } from "./names.js";
import { pause } from "./pauses.js";
import { patience } from "./patience.js";
import type { components, operations } from "./schema.js";

type Form =
  operations["upload_audio_file"]["requestBody"]["content"]["multipart/form-data"];

/** Options of an upload. Processing starts at once with `autoStart`, which is off by default. */
export type UploadOptions = Camelized<Partial<Omit<Form, "file">>> &
  CallOptions & {
    /** Name of a recording that is not a `File`. */
    filename?: string;
  };

/** An upload in pieces. */
export type ResumableUpload = Camelized<components["schemas"]["ResumableData"]>;

export interface ResumableOptions extends UploadOptions {
  /** Id of an upload of this file that was interrupted. It goes on with the options of its start. */
  uploadId?: string;
  /** Receives the id, with which another page or process can go on. */
  onCreated?: (uploadId: string) => void;
  /** Receives the bytes that the server has stored durably, and those of the file. */
  onProgress?: (storedBytes: number, size: number) => void;
  /** Bytes of a request. Pieces of whole MiB from 5 on need no copies on the server. */
  pieceBytes?: number;
  /** Milliseconds without any progress after which the upload fails. 5 minutes by default. */
  patience?: number;
}

/** Requests about uploads in pieces. */
export interface UploadCalls {
  create(
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<string>;
  get(id: string, signal?: AbortSignal): Promise<ResumableUpload>;
  append(
    id: string,
    piece: ArrayBuffer,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<void>;
}

export type UploadedAudio = Result<
  Operation<"POST", "/api/transcription/upload">
>;

const PIECE_BYTES = 8 * 1024 * 1024;
const PATIENCE = 300_000;
/** Names that are not fields of the form. */
const OWN = new Set([
  ..."filename signal headers uploadId onCreated onProgress".split(" "),
  ..."pieceBytes patience".split(" "),
]);

/** Return the fields of an upload, as the contract has them. Lists become lines. */
export function fieldsOf(options: UploadOptions): [string, string][] {
  const given = { autoStart: false, ...options };
  return Object.entries(given)
    .filter(([name, value]) => !OWN.has(camel(name)) && value !== undefined)
    .map(([name, value]) => [snake(name), [value].flat().join("\n")]);
}

/** Return the name of a recording. */
export function nameOf(file: Blob, { filename }: UploadOptions): string {
  if (filename) return filename;
  return file instanceof File && file.name ? file.name : "recording";
}

/** Send a file in pieces, also after the connection was lost. Return the complete upload. */
export async function uploadInPieces(
  calls: UploadCalls,
  file: Blob,
  options: ResumableOptions,
): Promise<ResumableUpload> {
  const { signal, onProgress, pieceBytes = PIECE_BYTES } = options;
  const id = options.uploadId ?? (await begin(calls, file, options));
  let [failures, reached, since] = [0, -1, Date.now()];
  for (;;) {
    try {
      const upload = await calls.get(id, signal);
      refuse(upload);
      if (upload.offset > reached) {
        [failures, reached, since] = [0, upload.offset, Date.now()];
      }
      onProgress?.(upload.offset, upload.size);
      if (upload.state === "completed") return upload;
      await append(calls, file, upload, pieceBytes, signal);
    } catch (error) {
      const seconds = pauseOf(error, failures++);
      const late = Date.now() - since > (options.patience ?? PATIENCE);
      if (seconds === undefined || late) throw error;
      await pause(1000 * seconds, signal);
    }
  }
}

async function begin(
  calls: UploadCalls,
  file: Blob,
  options: ResumableOptions,
): Promise<string> {
  const fields = [["filename", nameOf(file, options)], ...fieldsOf(options)];
  const told = fields.map(([name, value]) => `${name} ${base64(utf8(value!))}`);
  const headers = {
    "Upload-Length": String(file.size),
    "Upload-Metadata": told.join(","),
  };
  const id = await calls.create(headers, options.signal);
  options.onCreated?.(id);
  return id;
}

async function append(
  calls: UploadCalls,
  file: Blob,
  { uploadId, offset }: ResumableUpload,
  pieceBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Without bytes, the server goes on with an examination that was interrupted.
  const piece = await file.slice(offset, offset + pieceBytes).arrayBuffer();
  const headers: Record<string, string> = {
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": String(offset),
  };
  // Pages without HTTPS have no digests.
  if (globalThis.crypto?.subtle) {
    const digest = await crypto.subtle.digest("SHA-256", piece);
    headers["Upload-Checksum"] = `sha256 ${base64(new Uint8Array(digest))}`;
  }
  await calls.append(uploadId, piece, headers, signal);
}

/** Throw the reason for which the server refused the file. */
function refuse({ error }: ResumableUpload): void {
  if (!error) return;
  throw errorOf(new Response(null, { status: 400 }), { error });
}

/** Return the seconds until the next attempt, or undefined if another one is of no use. */
function pauseOf(error: unknown, failures: number): number | undefined {
  // Another request has appended. The next one asks for the offset.
  if (error instanceof ConflictError) return 1;
  const known = error instanceof ApiError || error instanceof ConnectionError;
  return known ? patience(error, failures) : undefined;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
