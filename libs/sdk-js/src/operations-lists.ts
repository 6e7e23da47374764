import type { FileRow, ListRow } from "./operation-types.js";

/** Lists that are read page by page, with the name of their items in a page. */
export const LISTS = {
  /**
   * Read the segments of a transcript. Pages also have `notes` and the
   * `revision`.
   */
  readTranscript: [
    "GET",
    "/api/transcription/{transcription_id}/transcript",
    "query",
    "segments",
  ],
  /** List the edits contradicted by the newest machine version. */
  readConflicts: [
    "GET",
    "/api/transcription/{transcription_id}/conflicts",
    "query",
    "conflicts",
  ],
  /** List the trash, the latest first. */
  listTrash: ["GET", "/api/trash", "query", "transcriptions"],
  /** List a profile's observations, the newest first. */
  listObservations: [
    "GET",
    "/api/speakers/{speaker_id}/observations",
    "query",
    "",
  ],
  /** List reversible deletions, merges and splits, the newest first. */
  listTrashedSpeakers: ["GET", "/api/speakers/trash", "query", ""],
  /** List the terms, the latest first. */
  listTerms: ["GET", "/api/vocabulary/terms", "query", "terms"],
  /** List the corrections, the latest first. */
  listCorrections: [
    "GET",
    "/api/vocabulary/corrections",
    "query",
    "corrections",
  ],
  /** List the users, for administrators. */
  listUsers: ["GET", "/api/users", "query", "users"],
  /** Return a page of all workspaces with figures. For administrators. */
  listAllWorkspaces: ["GET", "/api/admin/workspaces", "query", "workspaces"],
  /** List the delivery log, the latest first. */
  listDeliveries: [
    "GET",
    "/api/webhooks/{webhook_id}/deliveries",
    "query",
    "deliveries",
  ],
  /** List the entries of the audit log, the latest first. */
  readAuditLog: ["GET", "/api/audit", "query", "entries"],
} as const satisfies Record<string, ListRow>;

/** Calls that return a file, with its name if the server gives none. */
export const FILES = {
  /**
   * Return a few clean seconds of a voice of a transcription as a FLAC file.
   */
  getVoiceClip: [
    "GET",
    "/api/transcription/speakers/{transcription_id}/{speaker_label}/clip",
    "nothing",
    "voice.flac",
  ],
  /** Return the playback copy of a recording. */
  downloadPlayback: [
    "GET",
    "/api/transcription/{transcription_id}/playback",
    "nothing",
    "playback.webm",
  ],
  /** Return a few seconds of a profile's voice as a FLAC file. */
  getSpeakerClip: [
    "GET",
    "/api/speakers/{speaker_id}/clip",
    "nothing",
    "voice.flac",
  ],
  /** Return the whole vocabulary as a table in CSV. */
  exportVocabulary: [
    "GET",
    "/api/vocabulary/export",
    "nothing",
    "vocabulary.csv",
  ],
  /** Return everything owned by the session, as one ZIP. */
  archive: ["GET", "/api/sessions/current/archive", "nothing", "archive.zip"],
  /** Return the audit log. `format` is `jsonl` or `csv`. */
  exportAuditLog: ["GET", "/api/audit/export", "query", "audit"],
} as const satisfies Record<string, FileRow>;
