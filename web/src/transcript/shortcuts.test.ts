import { expect, test } from 'vitest';

import {
  changesFrom,
  commandOf,
  isGlobal,
  keysOf,
  nameOf,
  refusalOf,
  rivalOf,
  withKey,
  withoutChange,
} from './shortcuts';

const pressed = (key: string, more: KeyboardEventInit = {}, graph = false) => {
  const event = new KeyboardEvent('keydown', { key, ...more });
  event.getModifierState = (name) => name === 'AltGraph' && graph;
  return nameOf(event);
};

test('keys are named with their modifiers', () => {
  expect(pressed('Z', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+z');
  expect(pressed('?', { shiftKey: true })).toBe('?');
  expect(pressed('F13')).toBe('F13');
  expect(pressed('Tab', { shiftKey: true })).toBe('Shift+Tab');
  expect(pressed('Shift', { shiftKey: true })).toBe('');
});

test('other keyboards work as well', () => {
  expect(pressed('з', { code: 'KeyP' })).toBe('p');
  expect(pressed('ö', { code: 'Semicolon' })).toBe('ö');
  expect(pressed('z', { code: 'KeyY' })).toBe('z');
  expect(pressed('[', { ctrlKey: true, altKey: true }, true)).toBe('[');
  expect(pressed('π', { altKey: true, code: 'KeyP' })).toBe('Alt+p');
});

test('the same key can mean two things in the page and in a text', () => {
  expect(commandOf({}, 'Enter', 'reading')).toBe('edit');
  expect(commandOf({}, 'Enter', 'writing')).toBe('write.split');
  expect(commandOf({}, 'p', 'writing')).toBeUndefined();
});

test('pedals and keys for media also work while a text is edited', () => {
  const changes = withKey({}, 'back', 'F13', true);
  expect(commandOf(changes, 'F13', 'reading')).toBe('back');
  expect(commandOf(changes, 'F13', 'writing')).toBe('back');
  expect(commandOf({}, 'MediaPlayPause', 'writing')).toBe('play');
  expect(commandOf({}, 'Ctrl+f', 'writing')).toBe('find');
  expect(['F1', 'Ctrl+k', 'MediaStop', 'a', 'ArrowUp', 'Enter', ' '].map(isGlobal)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('a key that is taken moves to the command that gets it', () => {
  expect(rivalOf({}, 'star', 'r')).toBe('review');
  expect(rivalOf({}, 'star', 'Tab')).toBeUndefined();
  expect(rivalOf({}, 'write.split', 'Ctrl+f')).toBe('find');
  const changes = withKey({}, 'star', 'r', false);
  expect(keysOf(changes, 'star')).toEqual(['r']);
  expect(keysOf(changes, 'review')).toEqual([]);
});

test('changes are taken back one by one', () => {
  const changes = withKey(withKey({}, 'star', 'r', false), 'note', 'F14', true);
  const restored = withoutChange(changes, 'review');
  expect(keysOf(restored, 'review')).toEqual(['r']);
  expect(keysOf(restored, 'star')).toEqual([]);
  expect(withoutChange(withoutChange(restored, 'star'), 'note')).toEqual({});
});

test('keys that are needed otherwise are refused', () => {
  expect(refusalOf('play', 'Escape')).toBe('fixed');
  expect(refusalOf('play', '3')).toBe('fixed');
  expect(refusalOf('play', 'Tab')).toBe('needed');
  expect(refusalOf('write.play', 'Tab')).toBeUndefined();
  expect(refusalOf('write.play', 'Shift+p')).toBe('writes');
  expect(refusalOf('write.play', 'F5')).toBeUndefined();
});

test('what was kept is read as far as it is understood', () => {
  expect(changesFrom(null)).toEqual({});
  expect(changesFrom('{')).toEqual({});
  expect(changesFrom('{"play": ["F13"], "fly": ["a"], "star": 7, "review": ["r"]}')).toEqual({
    play: ['F13'],
  });
});
