import { SecureTranscribeClient } from 'securetranscribe-js';

/** Client of this browser's session, whose cookie the server sets. */
export const client = new SecureTranscribeClient();
export const api = client.api;
