import { clock } from '../lib/i18n.svelte';
import type { Document } from './document.svelte';

/** Return the transcript as plain text: a paragraph per turn, with speaker and time. */
export function textOf(document: Document): string {
  return document.segments
    .map((one) => `${document.nameOf(one)} (${clock(one.start_time)})\n${one.text}`)
    .join('\n\n');
}

/** Put a text on the clipboard, also in pages without HTTPS. */
export async function copy(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
