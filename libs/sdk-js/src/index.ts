export {
  SecureTranscribeClient,
  type ClientOptions,
  type UploadOptions,
} from "./client";
export { ApiError, ConnectionError } from "./errors";
export { LiveConnection, type LiveEvents, type LiveState } from "./live";
export type { components, paths } from "./schema";
