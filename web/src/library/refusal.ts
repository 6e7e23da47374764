import type { DetailedError } from 'tus-js-client';

/** Reason for which a transfer stopped. */
export interface Refusal {
  /** HTTP status, or 0 if the server could not be reached. */
  status: number;
  /** Text of the server, empty if there is none. */
  message: string;
  /** Seconds after which the server takes the next attempt, if it told them. */
  retryAfter: number | undefined;
}

/** Other requests, places and the queue, of which there may be more later. */
const PASSING = new Set([0, 408, 409, 423, 425, 429]);
const LONGEST_PAUSE = 30;

/** Return the reason that an error of a transfer has. */
export function refusalOf(error: Error): Refusal {
  const response = (error as Partial<DetailedError>).originalResponse;
  if (!response) return { status: 0, message: '', retryAfter: undefined };
  const seconds = Number(response.getHeader('Retry-After'));
  return {
    status: response.getStatus(),
    message: messageOf(response.getBody()),
    retryAfter: seconds > 0 ? seconds : undefined,
  };
}

/** Return the seconds until the next attempt, or undefined if another one is of no use. */
export function patience(refusal: Refusal, attempt: number): number | undefined {
  if (!PASSING.has(refusal.status) && refusal.status < 500) return undefined;
  return refusal.retryAfter ?? Math.min(LONGEST_PAUSE, 2 ** attempt);
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { error?: { message?: string } }).error?.message ?? '';
  } catch {
    return '';
  }
}
