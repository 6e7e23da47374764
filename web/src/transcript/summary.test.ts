import { expect, test } from 'vitest';

import { summaryText, type Summary } from './summary';

const summary: Summary = {
  transcription_id: 1,
  revision: 2,
  method: 'extractive',
  coverage: 1,
  statements: [
    {
      text: 'We ship on Friday.',
      speaker: 'Speaker_1',
      speaker_label: 'Speaker_1',
      sources: [{ segment: '1.1', start: 65 }],
    },
    { text: 'All agreed.', speaker: null, speaker_label: null, sources: [] },
  ],
  action_items: [
    {
      text: 'Send the report',
      owner: 'Ada',
      due: 'Friday',
      source: { segment: '1.2', start: 70.4 },
    },
    { text: 'Call', owner: null, due: null, source: { segment: '1.3', start: 80 } },
  ],
  warnings: [],
};
const words = { summary: 'Summary', tasks: 'Tasks', nameOf: () => 'Grace' };

test('a summary is copied with times and the names of now', () => {
  expect(summaryText(summary, words)).toBe(
    'Summary\n- (1:05) Grace: We ship on Friday.\n- All agreed.\n\n' +
      'Tasks\n- (1:10) Send the report (Ada · Friday)\n- (1:20) Call',
  );
});

test('without tasks, there is no heading for them', () => {
  expect(summaryText({ ...summary, action_items: [] }, words)).not.toContain('Tasks');
});
