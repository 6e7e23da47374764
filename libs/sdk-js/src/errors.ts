/** An error of this package. */
export class SecureTranscribeError extends Error {
  override readonly name: string = "SecureTranscribeError";
}

/** An error that the server reports. Each documented code has a class of its own. */
export class ApiError extends SecureTranscribeError {
  override readonly name: string = "ApiError";

  constructor(
    /** Code for programs, for example `NOT_FOUND`. */
    readonly code: string,
    /** Text for people. It says what to do. */
    message: string,
    /** HTTP status. */
    readonly status: number,
    readonly details: Record<string, unknown> = {},
    /** Seconds to wait before the next attempt, if the server knows them. */
    readonly retryAfter?: number,
    /** Finds the request in the server's logs. */
    readonly requestId?: string,
  ) {
    super(message);
  }

  /** Reason of a conflict, for example `EDIT_CONFLICT`. */
  get reason(): string | undefined {
    return typeof this.details.reason === "string"
      ? this.details.reason
      : undefined;
  }
}

/** A parameter, a field or the body is missing or invalid. */
export class ValidationError extends ApiError {
  override readonly name: string = "ValidationError";
}

/** The file is empty, too large, not audio, or was sent too slowly. */
export class FileUploadError extends ApiError {
  override readonly name: string = "FileUploadError";
}

/** The file cannot be decoded. */
export class AudioProcessingError extends ApiError {
  override readonly name: string = "AudioProcessingError";
}

/** A speaker cannot be named or changed this way. */
export class SpeakerError extends ApiError {
  override readonly name: string = "SpeakerError";
}

/** The token is invalid or has expired. */
export class AuthenticationError extends ApiError {
  override readonly name: string = "AuthenticationError";
}

/** The caller may not do this. */
export class AuthorizationError extends ApiError {
  override readonly name: string = "AuthorizationError";
}

/** The resource does not exist or belongs to somebody else. */
export class NotFoundError extends ApiError {
  override readonly name: string = "NotFoundError";
}

/** The path does not support this method. */
export class MethodNotAllowedError extends ApiError {
  override readonly name: string = "MethodNotAllowedError";
}

/** The requested range begins after the end. */
export class RangeNotSatisfiableError extends ApiError {
  override readonly name: string = "RangeNotSatisfiableError";
}

/** The resource's current state does not allow the request. */
export class ConflictError extends ApiError {
  override readonly name: string = "ConflictError";
}

/** Another request appends to the same upload. */
export class LockedError extends ApiError {
  override readonly name: string = "LockedError";
}

/** Bytes were damaged on their way. */
export class ChecksumMismatchError extends ApiError {
  override readonly name: string = "ChecksumMismatchError";
}

/** The idempotency key belongs to another request. */
export class IdempotencyKeyReusedError extends ApiError {
  override readonly name: string = "IdempotencyKeyReusedError";
}

/** The server has another version of the upload protocol. */
export class UnsupportedVersionError extends ApiError {
  override readonly name: string = "UnsupportedVersionError";
}

/** The body has a type that the path does not accept. */
export class UnsupportedMediaTypeError extends ApiError {
  override readonly name: string = "UnsupportedMediaTypeError";
}

/** `If-Match` is missing. */
export class PreconditionRequiredError extends ApiError {
  override readonly name: string = "PreconditionRequiredError";
}

/** There were too many requests. */
export class RateLimitError extends ApiError {
  override readonly name: string = "RateLimitError";
}

/** Recognition failed. */
export class TranscriptionError extends ApiError {
  override readonly name: string = "TranscriptionError";
}

/** Telling speakers apart failed. */
export class DiarizationError extends ApiError {
  override readonly name: string = "DiarizationError";
}

/** A document could not be made. */
export class ExportError extends ApiError {
  override readonly name: string = "ExportError";
}

/** The queue failed. */
export class QueueError extends ApiError {
  override readonly name: string = "QueueError";
}

/** The server failed. `requestId` finds the cause in its logs. */
export class InternalError extends ApiError {
  override readonly name: string = "InternalError";
}

/** This deployment does not support the request. */
export class NotImplementedError extends ApiError {
  override readonly name: string = "NotImplementedError";
}

/** The queue or a disk is full. */
export class ResourceExhaustedError extends ApiError {
  override readonly name: string = "ResourceExhaustedError";
}

/** A part of the server is unavailable for now. */
export class ServiceUnavailableError extends ApiError {
  override readonly name: string = "ServiceUnavailableError";
}

/** A part of the server was too slow. */
export class DeadlineExceededError extends ApiError {
  override readonly name: string = "DeadlineExceededError";
}

/** The server cannot be reached. */
export class ConnectionError extends SecureTranscribeError {
  override readonly name: string = "ConnectionError";
}

/** A transcription is not done in time. It goes on at the server. */
export class WaitTimeoutError extends SecureTranscribeError {
  override readonly name: string = "WaitTimeoutError";
}

/** The job of a transcription was cancelled. */
export class JobCancelledError extends SecureTranscribeError {
  override readonly name: string = "JobCancelledError";
}

const BY_CODE: Readonly<Record<string, typeof ApiError>> = {
  VALIDATION_ERROR: ValidationError,
  FILE_UPLOAD_ERROR: FileUploadError,
  AUDIO_PROCESSING_ERROR: AudioProcessingError,
  SPEAKER_ERROR: SpeakerError,
  AUTHENTICATION_ERROR: AuthenticationError,
  AUTHORIZATION_ERROR: AuthorizationError,
  NOT_FOUND: NotFoundError,
  METHOD_NOT_ALLOWED: MethodNotAllowedError,
  RANGE_NOT_SATISFIABLE: RangeNotSatisfiableError,
  CONFLICT: ConflictError,
  LOCKED: LockedError,
  CHECKSUM_MISMATCH: ChecksumMismatchError,
  IDEMPOTENCY_KEY_REUSED: IdempotencyKeyReusedError,
  UNSUPPORTED_VERSION: UnsupportedVersionError,
  UNSUPPORTED_MEDIA_TYPE: UnsupportedMediaTypeError,
  PRECONDITION_REQUIRED: PreconditionRequiredError,
  RATE_LIMIT_EXCEEDED: RateLimitError,
  TRANSCRIPTION_ERROR: TranscriptionError,
  DIARIZATION_ERROR: DiarizationError,
  EXPORT_ERROR: ExportError,
  QUEUE_ERROR: QueueError,
  INTERNAL_ERROR: InternalError,
  NOT_IMPLEMENTED: NotImplementedError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  SERVICE_UNAVAILABLE: ServiceUnavailableError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
};

/** Classes of codes that are newer than this package. */
const BY_STATUS: Readonly<Record<number, typeof ApiError>> = {
  401: AuthenticationError,
  403: AuthorizationError,
  404: NotFoundError,
  409: ConflictError,
  429: RateLimitError,
};

/** Return the error of a refusal. */
export function errorOf(response: Response, body: unknown): ApiError {
  const { error: reported } = (body ?? {}) as {
    error?: {
      code?: string;
      message?: string;
      details?: Record<string, unknown>;
    };
  };
  const code = reported?.code ?? "UNKNOWN";
  const { status, headers } = response;
  const Class = BY_CODE[code] ?? BY_STATUS[status] ?? ApiError;
  return new Class(
    code,
    reported?.message ?? `The server answered with status ${status}.`,
    status,
    reported?.details ?? {},
    secondsOf(headers.get("Retry-After")),
    headers.get("X-Request-ID") ?? undefined,
  );
}

/** Return the error of a message of the server. */
export function reportedError(
  {
    code,
    message,
    details,
  }: { code: string; message: string; details: Record<string, unknown> },
  status: number,
): ApiError {
  const Class = BY_CODE[code] ?? BY_STATUS[status] ?? ApiError;
  return new Class(code, message, status, details);
}

/** Return the seconds of `Retry-After`, which is a number of them or a date. */
function secondsOf(header: string | null): number | undefined {
  if (!header) return undefined;
  const seconds = Number.isNaN(Number(header))
    ? (Date.parse(header) - Date.now()) / 1000
    : Number(header);
  return seconds > 0 ? seconds : undefined;
}
