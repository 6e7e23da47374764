export { Capture } from "./capture.js";
export type {
  CaptureEnd,
  CaptureHandlers,
  CaptureStatus,
} from "./capture-status.js";
export {
  RestCaptures,
  type CaptureData,
  type CaptureTransport,
} from "./captures.js";
export {
  IndexedDbCaptureStore,
  MemoryCaptureStore,
  type CaptureOptions,
  type CaptureStore,
  type ChunkInfo,
  type KeptCapture,
  type KeptChunk,
} from "./chunks.js";
export { SecureTranscribeClient } from "./client.js";
export type { ClientOptions } from "./calls.js";
export type { Answer } from "./api.js";
export type {
  CallOptions,
  Init,
  Method,
  Operation,
  PathsWith,
  Result,
} from "./contract.js";
export type { EditOptions, ExportOptions, ImportOptions } from "./documents.js";
export * from "./errors.js";
export { Listing } from "./listing.js";
export { LiveConnection, type LiveEvents, type LiveState } from "./live.js";
export {
  LiveCaptures,
  liveEncodingOf,
  type LiveCaptureEvents,
} from "./live-captures.js";
export type {
  LiveCapture,
  LiveEnd,
  LiveMessages,
  LiveOptions,
  LiveResumption,
  LiveSessionEvents,
  LiveText,
} from "./live-messages.js";
export { LiveFollower, type LiveFollowerEvents } from "./live-follower.js";
export type { LiveCalls } from "./live-link.js";
export { LiveSession } from "./live-session.js";
export { toCamel, type Camelized } from "./names.js";
export type { Job } from "./sessions.js";
export type { Socket } from "./socket.js";
export type { Speaker } from "./speakers.js";
export type { Observer } from "./transport.js";
export type {
  ResumableOptions,
  ResumableUpload,
  UploadedAudio,
  UploadOptions,
} from "./uploads.js";
export type { Progress, Status, WaitOptions } from "./waiting.js";
export type { components, paths } from "./schema.js";
