import { ApiError } from 'securetranscribe-js';

/** Attempts after which the error is shown. */
const ATTEMPTS = 4;

/** Read, and again after a while where the server asks to wait. */
export async function patiently<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      const busy = error instanceof ApiError && error.status === 429;
      if (!busy || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * (error.retryAfter ?? 5)));
    }
  }
}
