import { ApiError } from "./errors.js";

/** States of busy servers. Errors of the server itself pass, too. */
const PASSING = new Set([408, 423, 425, 429, 460]);
const LONGEST_PAUSE = 30;

/** Return the seconds until the next attempt, or undefined if another one is of no use. */
export function patience(error: unknown, attempt: number): number | undefined {
  if (error instanceof ApiError) {
    if (!PASSING.has(error.status) && error.status < 500) return undefined;
    if (error.retryAfter !== undefined) return error.retryAfter;
  }
  return Math.min(LONGEST_PAUSE, 2 ** attempt);
}

/** Whether the server takes no more chunks of the capture, since it is finished or unknown. */
export function isGone(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  const ended = error.details.state !== undefined;
  return error.status === 404 || (error.status === 409 && ended);
}

/** Wakes whoever waits. */
export class Alarm {
  #ring: (() => void) | undefined;

  ring(): void {
    this.#ring?.();
  }

  /** Return once it rings, or after a time in milliseconds. */
  async wait(longest?: number): Promise<void> {
    let own: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      const timer =
        longest === undefined ? undefined : setTimeout(resolve, longest);
      own = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#ring = own;
    });
    // Somebody else may wait already.
    if (this.#ring === own) this.#ring = undefined;
  }
}
