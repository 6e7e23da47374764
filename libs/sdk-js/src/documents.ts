import type { CallOptions, Init, Operation, Result } from "./contract.js";
import { fileOf } from "./files.js";
import { SessionCalls } from "./sessions.js";

type Edit = Operation<"POST", "/api/transcription/{transcription_id}/edits">;
type Export = Operation<"POST", "/api/transcription/export/{transcription_id}">;
type Import = Operation<"POST", "/api/transcription/{transcription_id}/import">;
type Imported = Operation<"POST", "/api/imports">;
type ExportQuery = NonNullable<Init<Export>["query"]>;
type ImportQuery = NonNullable<Init<Import>["query"]>;

export type EditOptions = CallOptions &
  Omit<NonNullable<Init<Edit>["body"]>, "operations"> & {
    /** Revision that the operations were made for. */
    revision: number;
  };
export type ExportOptions = Omit<ExportQuery, "exportFormat"> &
  CallOptions & {
    format: NonNullable<ExportQuery["exportFormat"]>;
    /** Jinja template of the layout, for the formats `txt` and `md`. */
    template?: string;
  };
export type ImportOptions = CallOptions &
  ImportQuery & {
    /** Name of the file, if it is no `File`. */
    filename?: string;
    /** Newest revision that the import may replace. */
    revision?: number;
  };

/** Calls with a body of their own: edits, documents, imports. */
export class DocumentCalls extends SessionCalls {
  /**
   * Execute a batch of operations on a revision, all of them or none.
   *
   * @throws ConflictError - somebody else has changed the same words.
   */
  editTranscript(
    transcriptionId: number,
    operations: NonNullable<Init<Edit>["body"]>["operations"],
    { revision, signal, headers, ...rest }: EditOptions,
  ): Promise<Result<Edit>> {
    const path = "/api/transcription/{transcription_id}/edits";
    return this.request("POST", path, {
      path: { transcriptionId },
      body: { operations, ...rest },
      headers: { "If-Match": `"${revision}"`, ...headers },
      signal,
    });
  }

  /** Return a finished transcript as a document, named by the server. */
  async exportTranscription(
    transcriptionId: number,
    { format, template, signal, headers, ...query }: ExportOptions,
  ): Promise<File> {
    const path = "/api/transcription/export/{transcription_id}";
    const init = {
      path: { transcriptionId },
      query: { exportFormat: format, ...query },
      signal,
      headers,
    };
    const response =
      template === undefined
        ? await this.download("GET", path, init)
        : await this.download("POST", path, { ...init, body: { template } });
    return fileOf(response, `transcript.${format}`);
  }

  /** Replace the transcript of a transcription by a file, as a revision with undo. */
  importTranscript(
    transcriptionId: number,
    file: Blob,
    { filename, revision, signal, headers, ...query }: ImportOptions = {},
  ): Promise<Result<Import>> {
    const body = new FormData();
    body.set("file", file, filename ?? nameOf(file, "transcript"));
    const known: Record<string, string> =
      revision === undefined ? {} : { "If-Match": `"${revision}"` };
    const path = "/api/transcription/{transcription_id}/import";
    return this.request("POST", path, {
      path: { transcriptionId },
      query,
      body,
      headers: { ...known, ...headers },
      signal,
    });
  }

  /** Upload a recording together with its transcript. `process` also has it recognized. */
  importRecording(
    audio: Blob,
    transcript: Blob,
    query: Init<Imported>["query"] = {},
    options: CallOptions = {},
  ): Promise<Result<Imported>> {
    const body = new FormData();
    body.set("audio", audio, nameOf(audio, "audio"));
    body.set("transcript", transcript, nameOf(transcript, "transcript"));
    return this.request("POST", "/api/imports", { query, body, ...options });
  }
}

function nameOf(file: Blob, fallback: string): string {
  return (file as File).name ?? fallback;
}
