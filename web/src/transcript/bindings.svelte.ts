import {
  changesFrom,
  commandOf,
  keysOf,
  withKey,
  withoutChange,
  type Changes,
  type Command,
  type Place,
} from './shortcuts';

const KEY = 'transcript-shortcuts';
const LETTERS = 'transcript-keys';

/** Keys of commands, as people have chosen them in this browser. */
class Bindings {
  changes = $state.raw<Changes>(changesFrom(localStorage.getItem(KEY)));
  /** Whether keys that write a sign are shortcuts in the page. */
  letters = $state(localStorage.getItem(LETTERS) !== 'off');

  constructor() {
    // Other tabs follow.
    addEventListener('storage', ({ key, newValue }) => {
      if (key === KEY || key === null) this.changes = changesFrom(newValue);
      if (key === LETTERS) this.letters = newValue !== 'off';
    });
  }

  /** Return the keys of a command. */
  of(command: Command): readonly string[] {
    return keysOf(this.changes, command);
  }

  /** Return the command of a key. */
  command(name: string, place: Place): Command | undefined {
    return commandOf(this.changes, name, place);
  }

  /** Give a key to a command, in place of its keys or besides them. */
  give(command: Command, name: string, besides: boolean): void {
    this.#keep(withKey(this.changes, command, name, besides));
  }

  /** Give a command its first keys again, or all commands theirs. */
  reset(command?: Command): void {
    this.#keep(command ? withoutChange(this.changes, command) : {});
  }

  setLetters(on: boolean): void {
    this.letters = on;
    localStorage.setItem(LETTERS, on ? 'on' : 'off');
  }

  #keep(changes: Changes): void {
    this.changes = changes;
    localStorage.setItem(KEY, JSON.stringify(changes));
  }
}

export const bindings = new Bindings();
