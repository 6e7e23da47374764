import { beforeEach, expect, test } from 'vitest';

import {
  addressOf,
  beginningOf,
  forgetPreset,
  isText,
  keepPreset,
  presets,
  remember,
  remembered,
} from './exporting';

beforeEach(() => localStorage.clear());

test('the address of a document has all choices', () => {
  const choice = { format: 'docx', options: ['words', 'timestamps'], tracked: true } as const;
  expect(addressOf(7, { ...choice, version: 'newest' })).toBe(
    '/api/transcription/export/7?export_format=docx&include_options=words&include_options=timestamps&changes=tracked',
  );
  expect(addressOf(7, { ...choice, version: 3, options: [], tracked: false })).toBe(
    '/api/transcription/export/7?export_format=docx&revision=3',
  );
});

test('changes are not asked for where they cannot be shown', () => {
  const choice = { format: 'docx', options: [], tracked: true, version: 'machine' } as const;
  expect(addressOf(7, choice)).toContain('version=machine');
  expect(addressOf(7, choice)).not.toContain('changes');
  expect(addressOf(7, { ...choice, format: 'srt', version: 'newest' })).not.toContain('changes');
});

test('choices are remembered, but for the version', () => {
  expect(remembered().format).toBe('docx');
  remember({ format: 'srt', options: ['words'], version: 4, tracked: true });
  expect(remembered()).toEqual({
    format: 'srt',
    options: ['words'],
    version: 'newest',
    tracked: true,
  });
  localStorage.setItem('export', '{"format": "exe", "options": ["rights"]}');
  expect(remembered()).toMatchObject({ format: 'docx', options: [] });
});

test('several choices have names', () => {
  const choice = { format: 'pdf', options: ['action_items'], tracked: false } as const;
  keepPreset('Minutes', { ...choice, version: 3 });
  keepPreset('Captions', { ...choice, format: 'srt', options: [], version: 'newest' });
  expect(presets().map(({ name, format }) => [name, format])).toEqual([
    ['Captions', 'srt'],
    ['Minutes', 'pdf'],
  ]);
  keepPreset('Minutes', { ...choice, format: 'docx', version: 'newest' });
  expect(presets()[1]).toEqual({
    name: 'Minutes',
    format: 'docx',
    options: ['action_items'],
    tracked: false,
  });
  expect(forgetPreset('Captions').map(({ name }) => name)).toEqual(['Minutes']);
  localStorage.setItem('export-presets', '[null, {"name": ""}, {"name": "x", "format": "exe"}]');
  expect(presets()).toEqual([{ name: 'x', format: 'docx', options: [], tracked: false }]);
  localStorage.setItem('export-presets', '{');
  expect(presets()).toEqual([]);
});

test('only text is shown before it is downloaded, and only its beginning', () => {
  expect(['srt', 'json', 'pdf', 'zip'].map((format) => isText(format as 'srt'))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(beginningOf('short')).toEqual({ text: 'short', cut: false });
  const { text, cut } = beginningOf('long '.repeat(5000));
  expect([text.length, cut]).toEqual([5000, true]);
});
