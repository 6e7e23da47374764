export interface Mark {
  start: number;
  end: number;
}

/** Characters around the first marked word that a long text is cut to. */
const BEFORE = 60;
const LONGEST = 240;

/**
 * Return a text in pieces, marked or not. Positions count code points, as the server does. Long
 * texts are cut around the first mark.
 */
export function pieces(text: string, marks: readonly Mark[]): { text: string; marked: boolean }[] {
  const signs = Array.from(text);
  const first = signs.length > LONGEST ? Math.max(0, (marks[0]?.start ?? 0) - BEFORE) : 0;
  const last = Math.min(signs.length, first + LONGEST);
  const cut = (start: number, end: number) => signs.slice(start, end).join('');
  const found: { text: string; marked: boolean }[] = [];
  let at = first;
  for (const mark of [...marks].sort((one, other) => one.start - other.start)) {
    const start = Math.max(at, mark.start);
    const end = Math.min(last, mark.end);
    if (end <= start) continue;
    if (start > at) found.push({ text: cut(at, start), marked: false });
    found.push({ text: cut(start, end), marked: true });
    at = end;
  }
  if (at < last) found.push({ text: cut(at, last), marked: false });
  if (first > 0) found.unshift({ text: '…', marked: false });
  if (last < signs.length) found.push({ text: '…', marked: false });
  return found;
}
