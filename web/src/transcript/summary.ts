import type { components } from 'securetranscribe-js';

import { clock } from '../lib/i18n.svelte';

export type Summary = components['schemas']['SummaryData'];
export type Source = components['schemas']['SummarySource'];

/** Headings of a summary as text, and how speakers are called now. */
interface Words {
  summary: string;
  tasks: string;
  nameOf: (label: string, name: string) => string;
}

/** Return a sentence with the person who says it. */
export function saidBy(statement: Summary['statements'][number], nameOf: Words['nameOf']): string {
  const { speaker, speaker_label: label } = statement;
  return speaker ? nameOf(label ?? '', speaker) : '';
}

/** Return who does a task until when: `Ada · by Friday`. */
export function dutyOf({ owner, due }: Summary['action_items'][number]): string {
  return [owner, due].filter(Boolean).join(' · ');
}

/** Return a summary as plain text, with times. */
export function summaryText(summary: Summary, { summary: heading, tasks, nameOf }: Words): string {
  const lines = summary.statements.map((one) => {
    const said = saidBy(one, nameOf);
    const time = one.sources[0] ? `(${clock(one.sources[0].start)}) ` : '';
    return `- ${time}${said ? `${said}: ` : ''}${one.text}`;
  });
  const items = summary.action_items.map((one) => {
    const duty = dutyOf(one);
    return `- (${clock(one.source.start)}) ${one.text}${duty ? ` (${duty})` : ''}`;
  });
  const parts = [[heading, ...lines].join('\n')];
  if (items.length > 0) parts.push([tasks, ...items].join('\n'));
  return parts.join('\n\n');
}
