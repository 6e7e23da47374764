import { IndexedDbCaptureStore, RestCaptures } from 'securetranscribe-js';

import { client } from '../lib/client';
import { forgetLiveNotes } from '../live/kept';
import { KEPT_SOUND } from './active.svelte';

const DATABASE = 'captures';

/** Sound that the server does not have yet, kept by the browser. */
export const store = new IndexedDbCaptureStore(DATABASE);
export const transport = new RestCaptures(client);

/** Note for the next visit whether there may be kept sound. */
export function noteKept(some: boolean): void {
  if (some) localStorage.setItem(KEPT_SOUND, '');
  else localStorage.removeItem(KEPT_SOUND);
}

/** Erase all kept sound and notes. */
export async function forgetSound(): Promise<void> {
  noteKept(false);
  forgetLiveNotes();
  await new Promise<void>((resolve) => {
    const request = indexedDB.deleteDatabase(DATABASE);
    // Another tab that still has it open lets it go.
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}
