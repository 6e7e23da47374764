import { afterEach, beforeEach, expect, test } from 'vitest';

import { bindings } from '../transcript/bindings.svelte';
import { liveCommandOf, liveKeys } from './keys';

beforeEach(() => {
  document.body.innerHTML =
    '<p id="text" tabindex="0"></p><button id="button"></button><input id="field" />' +
    '<dialog><p id="dialog" tabindex="0"></p></dialog>';
});

afterEach(() => {
  bindings.reset();
  bindings.setLetters(true);
});

/** Return the command of a key that is pressed on an element. */
function press(id: string, key: string): string | undefined {
  let found: string | undefined;
  const listen = (event: Event) => (found = liveCommandOf(event as KeyboardEvent));
  document.addEventListener('keydown', listen);
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  document.getElementById(id)!.dispatchEvent(event);
  document.removeEventListener('keydown', listen);
  return found;
}

test('keys are commands, as on the page of a transcript', () => {
  expect([' ', 's', 'n', 'f', 'v', '+', '-', '?', 'q'].map((key) => press('text', key))).toEqual([
    'pause',
    'bookmark',
    'note',
    'follow',
    'captions',
    'larger',
    'smaller',
    'help',
    undefined,
  ]);
});

test('fields, buttons and dialogs keep the keys that they need', () => {
  expect(press('field', 'n')).toBeUndefined();
  expect(press('button', ' ')).toBeUndefined();
  expect(press('button', 'n')).toBe('note');
  expect(press('dialog', 'n')).toBeUndefined();
});

test('changed keys and switched-off letters count here, too', () => {
  bindings.give('note', 'y', false);
  expect([press('text', 'y'), press('text', 'n')]).toEqual(['note', undefined]);
  expect(new Map(liveKeys()).get('note')).toEqual(['y']);
  bindings.setLetters(false);
  expect([press('text', 'y'), press('text', 'v'), press('text', '?')]).toEqual([
    undefined,
    undefined,
    'help',
  ]);
});
