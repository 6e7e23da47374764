/** Endings of files in folders that are worth a try. Files chosen by hand are left to the server. */
const RECORDINGS = new Set(
  (
    'aac ac3 aif aiff amr ape au avi caf dsf dss flac flv gsm m2ts m4a m4b m4v mka mkv mov mp2 ' +
    'mp3 mp4 mpeg mpg mts oga ogg ogv opus ra ts voc w64 wav webm wma wmv wv 3gp 3g2'
  ).split(' '),
);

/** Return whether the name of a file is that of a recording. */
export function isRecording(name: string): boolean {
  return RECORDINGS.has(name.split('.').at(-1)!.toLowerCase()) && !name.startsWith('.');
}

/** Return the files of a drop. Folders are searched for recordings. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  // Entries must be read before anything is awaited: the browser forgets the drop after that.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...data.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const found = await Promise.all(
    entries.map((entry) => (entry === null ? [] : filesOf(entry, !entry.isDirectory))),
  );
  return found.flat();
}

async function filesOf(entry: FileSystemEntry, chosen: boolean): Promise<File[]> {
  if (entry.isFile) {
    if (!chosen && !isRecording(entry.name)) return [];
    return [
      await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      ),
    ];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // A reader returns some of the entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return files;
    for (const one of entries) files.push(...(await filesOf(one, false)));
  }
}
