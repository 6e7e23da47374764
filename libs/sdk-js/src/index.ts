export { Capture } from "./capture";
export type {
  CaptureEnd,
  CaptureHandlers,
  CaptureStatus,
} from "./capture-status";
export {
  RestCaptures,
  type CaptureData,
  type CaptureTransport,
} from "./captures";
export {
  IndexedDbCaptureStore,
  MemoryCaptureStore,
  type CaptureOptions,
  type CaptureStore,
  type ChunkInfo,
  type KeptCapture,
  type KeptChunk,
} from "./chunks";
export {
  SecureTranscribeClient,
  type ClientOptions,
  type UploadOptions,
} from "./client";
export { ApiError, ConnectionError } from "./errors";
export { LiveConnection, type LiveEvents, type LiveState } from "./live";
export type { components, paths } from "./schema";
