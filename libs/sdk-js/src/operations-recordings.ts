import type { CallRow } from "./operation-types.js";

/** Calls about transcriptions, their order, their speakers and the vocabulary. */
export const RECORDINGS = {
  /**
   * Return ids of own transcriptions of a recording with this SHA-256, latest
   * first.
   */
  findDuplicates: ["GET", "/api/uploads/duplicates", "query"],
  /** Return the voices of a transcription with their names and `nameSource`. */
  listVoices: [
    "GET",
    "/api/transcription/speakers/{transcription_id}",
    "nothing",
  ],
  /**
   * Return a summary and the action items, each with the segments that it
   * cites.
   */
  getSummary: ["GET", "/api/transcription/{transcription_id}/summary", "query"],
  /**
   * Return the waveform with 200, 20 or 2 peaks per second, between two
   * seconds.
   */
  getPeaks: ["GET", "/api/transcription/{transcription_id}/peaks", "query"],
  /** Take back the session's last batch of edits. Return the new `revision`. */
  undoEdits: ["POST", "/api/transcription/{transcription_id}/undo", "nothing"],
  /** Repeat the session's last undone batch. Return the new `revision`. */
  redoEdits: ["POST", "/api/transcription/{transcription_id}/redo", "nothing"],
  /**
   * Return all `revisions`, the newest first, and the next ones to undo and to
   * redo.
   */
  listRevisions: [
    "GET",
    "/api/transcription/{transcription_id}/revisions",
    "nothing",
  ],
  /**
   * Make an earlier revision the newest one again. Return the new `revision`.
   */
  restoreRevision: [
    "POST",
    "/api/transcription/{transcription_id}/revisions/{revision}/restore",
    "nothing",
  ],
  /** Queue a recording to be processed again, without losing edits. */
  reprocessTranscript: [
    "POST",
    "/api/transcription/{transcription_id}/reprocess",
    "body",
  ],
  /**
   * Resolve a conflict in favor of `mine` or `machine`. Return it and the new
   * `revision`.
   */
  resolveConflict: [
    "POST",
    "/api/transcription/{transcription_id}/conflicts/{conflict_id}/resolve",
    "body",
  ],
  /** Return a page of the differences between two revisions. */
  readComparison: [
    "GET",
    "/api/transcription/{transcription_id}/revisions/compare",
    "query",
  ],
  /**
   * Replace text in transcripts. Return the `replacementId` and results per
   * transcript.
   */
  replaceText: ["POST", "/api/transcripts/replace", "body"],
  /**
   * Take back a replacement in all transcripts where nobody has changed the
   * words since.
   */
  undoReplacement: [
    "POST",
    "/api/transcripts/replace/{replacement_id}/undo",
    "nothing",
  ],
  /**
   * Change the title, the folder, the tags or the favorite of a transcription.
   */
  updateTranscription: ["PUT", "/api/transcription/{transcription_id}", "body"],
  /**
   * Replace the title by one suggested from the newest revision of the
   * transcript.
   */
  suggestTitle: [
    "POST",
    "/api/transcription/{transcription_id}/title/suggest",
    "nothing",
  ],
  /** Move a transcription to the trash. Return `trashedAt` and `keptUntil`. */
  trashTranscription: [
    "POST",
    "/api/transcription/{transcription_id}/trash",
    "nothing",
  ],
  /** Take a transcription out of the trash. */
  restoreTranscription: [
    "POST",
    "/api/transcription/{transcription_id}/restore",
    "nothing",
  ],
  /** Do the same to many transcriptions, named by their ids or by a filter. */
  changeTranscriptions: ["POST", "/api/transcriptions/bulk", "body"],
  /** Return the tags by name, each with its `transcriptionCount`. */
  listTags: ["GET", "/api/tags", "nothing"],
  /** Create a tag. `color` is like `#3366cc`. */
  createTag: ["POST", "/api/tags", "body"],
  /** Change the name or the color of a tag. */
  updateTag: ["PUT", "/api/tags/{tag_id}", "body"],
  /** Delete a tag. Its transcriptions stay. */
  deleteTag: ["DELETE", "/api/tags/{tag_id}", "nothing"],
  /** Return the folders by name, each with its `transcriptionCount`. */
  listFolders: ["GET", "/api/folders", "nothing"],
  /** Create a folder, at the top or in a folder at the top. */
  createFolder: ["POST", "/api/folders", "body"],
  /** Change the name or the place of a folder. */
  updateFolder: ["PUT", "/api/folders/{folder_id}", "body"],
  /** Delete a folder. Its content moves up one level. */
  deleteFolder: ["DELETE", "/api/folders/{folder_id}", "nothing"],
  /** Return with whom a transcription is shared. */
  listShares: [
    "GET",
    "/api/transcriptions/{transcription_id}/shares",
    "nothing",
  ],
  /**
   * Share a transcription with a user (name, e-mail address or id) or a
   * workspace.
   */
  createShare: [
    "POST",
    "/api/transcriptions/{transcription_id}/shares",
    "body",
  ],
  /** End a share. */
  deleteShare: [
    "DELETE",
    "/api/transcriptions/{transcription_id}/shares/{share_id}",
    "nothing",
  ],
  /** Return the links of a transcription. */
  listLinks: ["GET", "/api/transcriptions/{transcription_id}/links", "nothing"],
  /**
   * Create a link. Return it with its `token` and `path`, which are shown only
   * here.
   */
  createLink: ["POST", "/api/transcriptions/{transcription_id}/links", "body"],
  /** Revoke a link, and end every access by it. */
  revokeLink: [
    "DELETE",
    "/api/transcriptions/{transcription_id}/links/{link_id}",
    "nothing",
  ],
  /** Return who opened a link, the latest first. */
  listLinkUses: [
    "GET",
    "/api/transcriptions/{transcription_id}/links/{link_id}/uses",
    "query",
  ],
  /** Return transcriptions that others share with the caller. */
  listShared: ["GET", "/api/shared", "query"],
  /** Remove one observation from a profile. Return the profile. */
  deleteObservation: [
    "DELETE",
    "/api/speakers/{speaker_id}/observations/{observation_id}",
    "nothing",
  ],
  /** Merge `sourceSpeakerId` into the profile. The source is deleted. */
  mergeSpeakers: ["POST", "/api/speakers/{speaker_id}/merge", "body"],
  /**
   * Move observations to the profile with a name. Return `speaker` and
   * `target`.
   */
  splitSpeaker: ["POST", "/api/speakers/{speaker_id}/split", "body"],
  /** Undo a permanent deletion, a merge or a split. Return the profile. */
  restoreSpeaker: ["POST", "/api/speakers/trash/{trash_id}/restore", "nothing"],
  /** Add a term for the recognizer, without a language for all of them. */
  addTerm: ["POST", "/api/vocabulary/terms", "body"],
  /** Replace a term. */
  updateTerm: ["PUT", "/api/vocabulary/terms/{term_id}", "body"],
  /** Delete a term. */
  deleteTerm: ["DELETE", "/api/vocabulary/terms/{term_id}", "nothing"],
  /** Add a correction of new transcripts. `heard` is found as whole words. */
  addCorrection: ["POST", "/api/vocabulary/corrections", "body"],
  /** Replace a correction. */
  updateCorrection: [
    "PUT",
    "/api/vocabulary/corrections/{correction_id}",
    "body",
  ],
  /** Delete a correction. Transcripts stay as they are. */
  deleteCorrection: [
    "DELETE",
    "/api/vocabulary/corrections/{correction_id}",
    "nothing",
  ],
  /** Add the rows of a table, all of them or none. Return how many were new. */
  importVocabulary: ["POST", "/api/vocabulary/import", "body"],
  /**
   * Return corrections made by hand at least twice, the most frequent first.
   */
  listVocabularySuggestions: ["GET", "/api/vocabulary/suggestions", "nothing"],
  /** Make a suggestion a correction. */
  acceptVocabularySuggestion: [
    "POST",
    "/api/vocabulary/suggestions/{suggestion_id}/accept",
    "nothing",
  ],
  /** Dismiss a suggestion for good. */
  dismissVocabularySuggestion: [
    "POST",
    "/api/vocabulary/suggestions/{suggestion_id}/dismiss",
    "nothing",
  ],
  /**
   * Apply all corrections to a transcript. Return the revision and the number
   * of places.
   */
  applyVocabulary: [
    "POST",
    "/api/transcription/{transcription_id}/vocabulary",
    "nothing",
  ],
  /** Take back the last application of corrections to a transcript. */
  undoVocabulary: [
    "POST",
    "/api/transcription/{transcription_id}/vocabulary/undo",
    "nothing",
  ],
  /**
   * Create a capture before the recording begins. Return it with its
   * `captureId`.
   */
  createCapture: ["POST", "/api/captures", "body"],
  /** Return a capture. `nextChunk` and `missing` tell the chunks to send. */
  getCapture: ["GET", "/api/captures/{capture_id}", "nothing"],
  /** Return captures unfinished or ended within a day, latest first. */
  listCaptures: ["GET", "/api/captures", "nothing"],
  /** Discard a capture with all its sound. */
  discardCapture: ["DELETE", "/api/captures/{capture_id}", "nothing"],
} as const satisfies Record<string, CallRow>;
