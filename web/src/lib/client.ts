import { SecureTranscribeClient } from 'securetranscribe-js';

/** Client of this browser's session, whose cookie the server sets. */
export const client = new SecureTranscribeClient();
export const api = client.api;

/**
 * Take up the session or make one. The first requests of a new browser would each make one, if
 * they were sent at the same time.
 */
export async function startSession(): Promise<void> {
  try {
    await client.call(api.GET('/api/sessions/current'));
  } catch {
    // Whatever needs the server next reports why it cannot have it.
  }
}
