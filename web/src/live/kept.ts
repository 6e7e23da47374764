/** Key in the local storage of notes that wait for their transcripts. */
export const LIVE_NOTES = 'live-notes';

/** Erase notes that wait. */
export function forgetLiveNotes(): void {
  localStorage.removeItem(LIVE_NOTES);
}
