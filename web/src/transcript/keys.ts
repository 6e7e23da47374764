import { edit } from './editing';
import type { Work } from './work.svelte';

const KEY = 'transcript-keys';

/** Return whether single letters are shortcuts. */
export function lettersOn(): boolean {
  return localStorage.getItem(KEY) !== 'off';
}

/** Turn shortcuts of single letters on or off. */
export function setLetters(on: boolean): void {
  localStorage.setItem(KEY, on ? 'on' : 'off');
}

/** Return the name of a pressed key with its modifiers, such as `Ctrl+Shift+z`. */
export function nameOf(event: KeyboardEvent): string {
  const control = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  const alt = event.altKey ? 'Alt+' : '';
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/.test(letter)) ? 'Shift+' : '';
  return control + alt + shift + letter;
}

type Action = (work: Work) => unknown;

/** Actions of keys with a modifier, also while a button has the focus. */
const CHORDS: Record<string, Action> = {
  'Ctrl+z': (work) => work.toggle('undo'),
  'Ctrl+Shift+z': (work) => work.toggle('redo'),
  'Ctrl+y': (work) => work.toggle('redo'),
  'Ctrl+f': (work) => (work.finding = true),
};

const LETTERS: Record<string, Action> = {
  ' ': (work) => work.player.toggle(),
  ArrowLeft: (work) => work.player.seek(work.player.time - 5),
  ArrowRight: (work) => work.player.seek(work.player.time + 5),
  ArrowUp: (work) => work.move(-1),
  ArrowDown: (work) => work.move(1),
  '[': (work) => work.player.faster(-1),
  ']': (work) => work.player.faster(1),
  p: (work) => work.current && work.player.play(work.current.start_time),
  l: loop,
  e: (work) => work.current && edit(work, work.current, 0),
  Enter: (work) => work.current && edit(work, work.current, 0),
  F2: (work) => work.current && edit(work, work.current, 0),
  r: (work) => {
    const segment = work.current;
    if (!segment) return;
    void work.run({ type: 'set_reviewed', segment: segment.id, reviewed: !segment.reviewed });
  },
  s: (work) => {
    const segment = work.current;
    if (!segment) return;
    void work.run({ type: 'set_starred', segment: segment.id, starred: !segment.starred });
  },
  n: (work) => (work.dialog = 'note'),
  w: (work) => (work.dialog = 'speaker'),
  d: (work) => work.nextDoubtful(1),
  'Shift+d': (work) => work.nextDoubtful(-1),
  h: (work) => (work.dialog = 'history'),
  x: (work) => (work.dialog = 'export'),
  '?': (work) => (work.dialog = 'help'),
};

/** Keys that a focused button or link needs for itself. */
const OWN = new Set([' ', 'Enter']);

/** Execute the action of a key. */
export function pressed(work: Work, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || target.closest('dialog, [contenteditable]')) return;
  const name = nameOf(event);
  const field = target.closest('input:not([type=checkbox]):not([type=range]), select, textarea');
  if (field && name !== 'Ctrl+f') return;
  const letter = name === '?' || lettersOn() ? LETTERS[name] : undefined;
  const busy = OWN.has(name) && target.closest('button, a, input, summary, label');
  const arrow = name.startsWith('Arrow') && target.closest('input, [role=tablist]');
  const action = CHORDS[name] ?? (busy || arrow ? undefined : letter);
  const digit = /^[1-9]$/.exec(name);
  if (!action && !(digit && lettersOn() && !target.closest('input'))) return;
  event.preventDefault();
  if (action) void action(work);
  else giveTo(work, Number(name) - 1);
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
