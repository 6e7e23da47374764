import { bindings } from './bindings.svelte';
import { copyChosen } from './copying';
import { edit } from './editing';
import { isSingle, nameOf, type Command } from './shortcuts';
import type { Work } from './work.svelte';

type Action = (work: Work) => unknown;
/** Commands that act on the page. Those of the text are executed by its editor. */
type PageCommand = Exclude<Command, `write.${string}`>;

const ACTIONS: Record<PageCommand, Action> = {
  play: (work) => work.player.toggle(),
  back: (work) => work.player.seek(work.player.time - 5),
  forward: (work) => work.player.seek(work.player.time + 5),
  before: (work) => work.move(-1),
  after: (work) => work.move(1),
  slower: (work) => work.player.faster(-1),
  faster: (work) => work.player.faster(1),
  segment: (work) => work.current && work.player.play(work.current.start_time),
  loop,
  skip: ({ player }) => player.setSkipSilence(!player.skipSilence),
  follow: ({ player }) => player.setFollow(!player.follow),
  edit: (work) => work.current && edit(work, work.current, 0),
  review: (work) => {
    const segment = work.current;
    if (!segment) return;
    void work.run({ type: 'set_reviewed', segment: segment.id, reviewed: !segment.reviewed });
  },
  star: (work) => {
    const segment = work.current;
    if (!segment) return;
    void work.run({ type: 'set_starred', segment: segment.id, starred: !segment.starred });
  },
  note: (work) => (work.dialog = 'note'),
  speaker: (work) => (work.dialog = 'speaker'),
  copy: copyChosen,
  doubtful: (work) => work.nextDoubtful(1),
  'doubtful.before': (work) => work.nextDoubtful(-1),
  find: (work) => (work.finding = true),
  undo: (work) => work.toggle('undo'),
  redo: (work) => work.toggle('redo'),
  summary: (work) => work.summary.show(),
  history: (work) => (work.dialog = 'history'),
  export: (work) => (work.dialog = 'export'),
  help: (work) => (work.dialog = 'help'),
};

/** Keys that a focused button or link needs for itself. */
const OWN = new Set([' ', 'Enter']);

/** Execute a command of the page. */
export function execute(work: Work, command: Command): void {
  if (command in ACTIONS) void ACTIONS[command as PageCommand](work);
}

/** Execute the command of a key. */
export function pressed(work: Work, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || target.closest('dialog, [contenteditable]')) return;
  const name = nameOf(event);
  const field = target.closest('input:not([type=checkbox]):not([type=range]), select, textarea');
  if (isSingle(name) && (field || !bindings.letters)) return;
  if (OWN.has(name) && target.closest('button, a, input, summary, label')) return;
  if (name.startsWith('Arrow') && target.closest('input, [role=tablist]')) return;
  const command = bindings.command(name, 'reading');
  if (field && (name === '?' || command === 'undo' || command === 'redo')) return;
  const digit = /^[1-9]$/.test(name) && !target.closest('input');
  if (!command && !digit) return;
  event.preventDefault();
  if (command) execute(work, command);
  else giveTo(work, Number(name) - 1);
}

/** Obey keys for media, also of headsets, as they are bound. Return a function that ends this. */
export function heedMediaKeys(work: Work): () => void {
  const names: [MediaSessionAction, string][] = [
    ['play', 'MediaPlayPause'],
    ['pause', 'MediaPlayPause'],
    ['previoustrack', 'MediaTrackPrevious'],
    ['nexttrack', 'MediaTrackNext'],
  ];
  const session: MediaSession | undefined = navigator.mediaSession;
  for (const [action, name] of names) {
    session?.setActionHandler(action, () => {
      const command = bindings.command(name, 'reading');
      if (command) execute(work, command);
    });
  }
  return () => names.forEach(([action]) => session?.setActionHandler(action, null));
}

function loop(work: Work): void {
  const segment = work.current;
  if (!segment) return;
  if (work.player.loop) {
    work.player.loop = undefined;
    return;
  }
  work.player.play(segment.start_time);
  work.player.loop = { from: segment.start_time, to: segment.end_time };
}

/** Give the selected words, or the selected segment, to the speaker at a place of the panel. */
export function giveTo(work: Work, place: number): void {
  const voice = work.document.voices[place];
  const range = work.range ?? rangeOf(work);
  if (!voice || !range) return;
  void work.run({ type: 'set_speaker', ...range, speaker: voice.speaker_label });
}

/** Return all words of the selected segment. */
export function rangeOf(work: Work): { first: string; last: string } | undefined {
  const words = work.current?.words ?? [];
  const first = words[0]?.id;
  const last = words.at(-1)?.id;
  return first && last ? { first, last } : undefined;
}
