import { expect, test } from 'vitest';

import { namesOf } from './saving';

test('files have the title, the extension of their kind, and a number if there are several', () => {
  expect(namesOf('Talk', 'audio/webm;codecs=opus', 1)).toEqual(['Talk.webm']);
  expect(namesOf('Talk', 'audio/mp4', 2)).toEqual(['Talk (1).m4a', 'Talk (2).m4a']);
  expect(namesOf('Talk', 'audio/ogg; codecs=opus', 0)).toEqual([]);
});

test('names have no signs that a system refuses', () => {
  expect(namesOf('Nov 29, 3:50 / a\\b\n', 'audio/webm', 1)).toEqual(['Nov 29, 3-50 - a-b-.webm']);
  expect(namesOf(' ', 'audio/webm', 1)).toEqual(['recording.webm']);
  expect(namesOf('x'.repeat(300), 'audio/webm', 1)[0]).toHaveLength(105);
});
