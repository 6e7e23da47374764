import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import { textOf, textOfRange, type Range } from './text';
import type { Segment } from './types';
import type { Work } from './work.svelte';

/** Copy the whole transcript. */
export async function copyAll(work: Work): Promise<void> {
  await work.attempt(async () => {
    await work.draft.save();
    const { segments } = work.document;
    await copy(
      textOf(segments, (one) => work.document.nameOf(one)),
      t('transcript.copied'),
    );
  });
}

/** Copy the selected words, or else the selected segment, with speakers and times. */
export function copyChosen(work: Work): Promise<boolean> | undefined {
  if (work.range) return copyRange(work, work.range);
  return work.current && copySegment(work, work.current);
}

/** Copy a stretch of words, with speakers and times. */
export function copyRange(work: Work, range: Range): Promise<boolean> {
  const { document } = work;
  const text = textOfRange(document.segments, range, (one) => document.nameOf(one));
  return work.attempt(() => copy(text, t('transcript.copied.words')));
}

/** Copy a segment, with speaker and time. */
export function copySegment(work: Work, segment: Segment): Promise<boolean> {
  const text = textOf([segment], (one) => work.document.nameOf(one));
  return work.attempt(() => copy(text, t('transcript.copied.segment')));
}

/** Put a text on the clipboard, also in pages without HTTPS, and say that it is done. */
export async function copy(text: string, done: string): Promise<void> {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyOldWay(text);
  notices.add({ kind: 'success', text: done });
}

function copyOldWay(text: string): void {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}
