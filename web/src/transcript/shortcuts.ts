/** Where a shortcut counts: in the page, or in the text that is being edited. */
export type Place = 'reading' | 'writing';

const COMMANDS = {
  play: { place: 'reading', keys: [' ', 'MediaPlayPause'] },
  back: { place: 'reading', keys: ['ArrowLeft', 'MediaTrackPrevious'] },
  forward: { place: 'reading', keys: ['ArrowRight', 'MediaTrackNext'] },
  before: { place: 'reading', keys: ['ArrowUp'] },
  after: { place: 'reading', keys: ['ArrowDown'] },
  segment: { place: 'reading', keys: ['p'] },
  slower: { place: 'reading', keys: ['['] },
  faster: { place: 'reading', keys: [']'] },
  loop: { place: 'reading', keys: ['l'] },
  skip: { place: 'reading', keys: ['k'] },
  follow: { place: 'reading', keys: ['f'] },
  edit: { place: 'reading', keys: ['Enter', 'e', 'F2'] },
  review: { place: 'reading', keys: ['r'] },
  star: { place: 'reading', keys: ['s'] },
  note: { place: 'reading', keys: ['n'] },
  speaker: { place: 'reading', keys: ['w'] },
  copy: { place: 'reading', keys: ['c'] },
  doubtful: { place: 'reading', keys: ['d'] },
  'doubtful.before': { place: 'reading', keys: ['Shift+d'] },
  find: { place: 'reading', keys: ['Ctrl+f'] },
  undo: { place: 'reading', keys: ['Ctrl+z'] },
  redo: { place: 'reading', keys: ['Ctrl+Shift+z', 'Ctrl+y'] },
  summary: { place: 'reading', keys: ['m'] },
  history: { place: 'reading', keys: ['h'] },
  export: { place: 'reading', keys: ['x'] },
  help: { place: 'reading', keys: ['?'] },
  'write.play': { place: 'writing', keys: ['Tab'] },
  'write.back': { place: 'writing', keys: ['Shift+Tab'] },
  'write.split': { place: 'writing', keys: ['Enter'] },
  'write.next': { place: 'writing', keys: ['Ctrl+Enter'] },
} as const satisfies Record<string, { place: Place; keys: readonly string[] }>;

export type Command = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as Command[];
/** Keys of commands that people have changed. */
export type Changes = Partial<Record<Command, readonly string[]>>;

/** Keys that stay what they are: they leave the text, move the caret, or give to a speaker. */
const FIXED = /^(Escape|(Shift\+)?Backspace|Delete|(Alt\+)?[1-9])$/;
/** Keys without which the page or the text could not be used. */
const NEEDED: Record<Place, RegExp> = {
  reading: /^((Shift\+)?Tab|PageUp|PageDown|Home|End)$/,
  writing: /^((Ctrl\+)?(Alt\+)?(Shift\+)?(Arrow\w+|Home|End|PageUp|PageDown)|Ctrl\+[acvx])$/,
};
const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead']);

/** Return where a command counts. */
export function placeOf(command: Command): Place {
  return COMMANDS[command].place;
}

/** Return the keys of a command. */
export function keysOf(changes: Changes, command: Command): readonly string[] {
  return changes[command] ?? COMMANDS[command].keys;
}

/**
 * Return the name of a pressed key with its modifiers, such as `Ctrl+Shift+z`, or nothing for a
 * modifier by itself. Letters of other scripts are those in the same place of a Latin keyboard.
 */
export function nameOf(event: KeyboardEvent): string {
  if (MODIFIERS.has(event.key) || event.isComposing) return '';
  // On some keyboards, signs such as "[" need a key that counts as Control and Alt.
  const graph = event.getModifierState('AltGraph');
  const control = !graph && (event.ctrlKey || event.metaKey) ? 'Ctrl+' : '';
  const alt = !graph && event.altKey ? 'Alt+' : '';
  const letter = letterOf(event, control + alt);
  const shift = event.shiftKey && (letter.length > 1 || /[a-z]/.test(letter)) ? 'Shift+' : '';
  return control + alt + shift + letter;
}

function letterOf({ key, code }: KeyboardEvent, modifiers: string): string {
  if (key.length > 1) return key;
  const lower = key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase();
  const foreign = place && /\p{L}/u.test(key) && !/\p{Script=Latin}/u.test(key);
  // With Alt, some systems write other signs.
  return place && (foreign || modifiers.includes('Alt')) ? place : lower;
}

/** Return whether a key writes no text, so that it can also be used while a text is edited. */
export function isGlobal(name: string): boolean {
  const key = name.replace(/^(Ctrl\+|Alt\+|Shift\+)+/, '');
  const alone = key.length > 1 && !/^(Arrow\w+|Enter|Tab|Home|End|Page\w+|Insert)$/.test(key);
  return alone || /^(Ctrl|Alt)\+/.test(name);
}

/** Return whether a key is a sign by itself, which dictation and screen readers may send too. */
export function isSingle(name: string): boolean {
  return !isGlobal(name) && name !== '?';
}

/** Return the command of a key. While a text is edited, keys that write nothing work as well. */
export function commandOf(changes: Changes, name: string, place: Place): Command | undefined {
  const has = (command: Command) => keysOf(changes, command).includes(name);
  const own = COMMAND_NAMES.find((command) => placeOf(command) === place && has(command));
  if (own || place === 'reading' || !isGlobal(name)) return own;
  return COMMAND_NAMES.find(has);
}

/** Why a key cannot be given to a command. */
export type Refusal = 'fixed' | 'needed' | 'writes';

/** Return why a key cannot be given to a command, or nothing if it can. */
export function refusalOf(command: Command, name: string): Refusal | undefined {
  const place = placeOf(command);
  if (FIXED.test(name)) return 'fixed';
  if (NEEDED[place].test(name)) return 'needed';
  const writes = place === 'writing' && /^(Shift\+)?.$/u.test(name);
  return writes ? 'writes' : undefined;
}

/** Return the other command that has a key already. */
export function rivalOf(changes: Changes, command: Command, name: string): Command | undefined {
  return COMMAND_NAMES.find(
    (other) =>
      other !== command &&
      (placeOf(other) === placeOf(command) || isGlobal(name)) &&
      keysOf(changes, other).includes(name),
  );
}

/** Give a key to a command, in place of its keys or besides them. Others lose it. */
export function withKey(changes: Changes, command: Command, name: string, besides: boolean) {
  const result: Changes = { ...changes };
  const rival = rivalOf(changes, command, name);
  if (rival) result[rival] = keysOf(changes, rival).filter((key) => key !== name);
  const own = besides ? keysOf(changes, command).filter((key) => key !== name) : [];
  result[command] = [...own, name];
  return pruned(result);
}

/** Give a command its first keys again. Others lose them. */
export function withoutChange(changes: Changes, command: Command): Changes {
  let result: Changes = { ...changes, [command]: [] };
  for (const key of COMMANDS[command].keys) result = withKey(result, command, key, true);
  return pruned(result);
}

/** Return the changes without those that change nothing. */
function pruned(changes: Changes): Changes {
  const same = (command: Command) =>
    keysOf(changes, command).join('\n') === COMMANDS[command].keys.join('\n');
  return Object.fromEntries(
    COMMAND_NAMES.filter((command) => changes[command] && !same(command)).map((command) => [
      command,
      changes[command],
    ]),
  );
}

/** Return kept changes, without what is not understood. */
export function changesFrom(text: string | null): Changes {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
  const found = Object.entries((kept ?? {}) as Record<string, unknown>).filter(
    ([command, keys]) =>
      command in COMMANDS && Array.isArray(keys) && keys.every((key) => typeof key === 'string'),
  );
  return pruned(Object.fromEntries(found) as Changes);
}
