import { expect, test } from 'vitest';

import { droppedFiles, isRecording } from './files';

const file = (name: string) => ({
  isFile: true,
  isDirectory: false,
  name,
  file: (found: (file: File) => void) => found(new File(['x'], name)),
});
const folder = (name: string, parts: object[][]) => ({
  isFile: false,
  isDirectory: true,
  name,
  createReader: () => {
    const left = [...parts];
    return { readEntries: (found: (entries: object[]) => void) => found(left.shift() ?? []) };
  },
});
const drop = (entries: object[], files: File[] = []) =>
  ({
    items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })),
    files,
  }) as unknown as DataTransfer;

test.each([
  ['meeting.WAV', true],
  ['call.2026.mp3', true],
  ['notes.txt', false],
  ['.hidden.mp3', false],
])('%s is a recording: %s', (name, expected) => {
  expect(isRecording(name)).toBe(expected);
});

test('recordings are found in folders of a drop', async () => {
  const inner = folder('inner', [[file('c.flac'), file('cover.jpg')]]);
  const outer = folder('outer', [[file('a.wav')], [file('.DS_Store'), inner]]);
  const found = await droppedFiles(drop([outer, file('chosen.xyz')]));
  expect(found.map((one) => one.name)).toEqual(['a.wav', 'c.flac', 'chosen.xyz']);
});

test('files of a drop without folders are taken as they are', async () => {
  const files = [new File(['x'], 'notes.txt')];
  expect(await droppedFiles(drop([file('notes.txt')], files))).toEqual(files);
});
