/** An error that the server reports. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** Code for programs, for example `RESOURCE_NOT_FOUND`. */
    readonly code: string,
    /** Text for people. It says what to do. */
    message: string,
    /** HTTP status. */
    readonly status: number,
    readonly details: Record<string, unknown> = {},
    /** Seconds to wait before the next attempt, if the server knows them. */
    readonly retryAfter?: number,
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

/** The server cannot be reached. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** Return the error of a response that is no success. */
export function errorOf(response: Response, body: unknown): ApiError {
  const reported = (
    body as { error?: { code?: string; message?: string; details?: unknown } }
  )?.error;
  const seconds = Number(response.headers.get("Retry-After"));
  return new ApiError(
    reported?.code ?? "UNKNOWN",
    reported?.message ?? `The server answered with status ${response.status}.`,
    response.status,
    (reported?.details as Record<string, unknown>) ?? {},
    Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  );
}
