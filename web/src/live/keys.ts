import { bindings } from '../transcript/bindings.svelte';
import { isSingle, nameOf } from '../transcript/shortcuts';

export type LiveCommand =
  'pause' | 'bookmark' | 'note' | 'follow' | 'captions' | 'larger' | 'smaller' | 'help';

/** Keys that a focused button or link needs for itself. */
const OWN = new Set([' ', 'Enter']);
/** Keys of this page alone. Those of the other commands are as on the page of a transcript. */
const FIXED: Readonly<Record<string, LiveCommand>> = {
  v: 'captions',
  '+': 'larger',
  '-': 'smaller',
  '?': 'help',
};
const SHARED = { pause: 'play', bookmark: 'star', note: 'note', follow: 'follow' } as const;

/** Return the keys of all commands. */
export function liveKeys(): [LiveCommand, readonly string[]][] {
  const shared = Object.entries(SHARED) as [keyof typeof SHARED, 'play'][];
  return [
    ...shared.map(([own, other]): [LiveCommand, readonly string[]] => [own, bindings.of(other)]),
    ...Object.entries(FIXED).map(([key, one]): [LiveCommand, readonly string[]] => [one, [key]]),
  ];
}

/** Return the command of a key, unless what has the focus needs the key. */
export function liveCommandOf(event: KeyboardEvent): LiveCommand | undefined {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || target.closest('dialog')) return undefined;
  const name = nameOf(event);
  const field = target.closest('input:not([type=checkbox]):not([type=radio]), select, textarea');
  if (field || (isSingle(name) && !bindings.letters)) return undefined;
  if (OWN.has(name) && target.closest('button, a, input, summary, label')) return undefined;
  return liveKeys().find(([, keys]) => keys.includes(name))?.[0];
}
