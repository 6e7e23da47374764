/** Extensions of the kinds that browsers record. */
const EXTENSIONS: Record<string, string> = {
  'audio/webm': 'webm',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
};
/** Signs that a system does not take in the name of a file. */
const FORBIDDEN = /[\\/:*?"<>|\p{Cc}]+/gu;
const LONGEST_NAME = 100;
/** Milliseconds until the memory of a saved file is released. */
const RELEASE = 60_000;

/** Return the names of files with the streams of a recording. */
export function namesOf(title: string, mediaType: string, count: number): string[] {
  const extension = EXTENSIONS[mediaType.split(';')[0]!.trim()] ?? 'bin';
  const stem = title.replace(FORBIDDEN, '-').trim().slice(0, LONGEST_NAME) || 'recording';
  return Array.from({ length: count }, (_, at) => {
    const part = count > 1 ? ` (${at + 1})` : '';
    return `${stem}${part}.${extension}`;
  });
}

/** Let the browser save files. */
export function save(files: readonly Blob[], names: readonly string[]): void {
  files.forEach((file, at) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = names[at]!;
    link.click();
    // The browser reads it after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), RELEASE);
  });
}
