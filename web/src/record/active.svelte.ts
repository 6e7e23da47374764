import type { Recorder } from './recorder.svelte';

/** Key in the local storage that exists while there may be sound of an earlier visit. */
export const KEPT_SOUND = 'captures';

class Active {
  recorder = $state.raw<Recorder>();
}

/** The recorder while it records, for pages that do not load it themselves. */
export const active = new Active();
