/** Return the identifiers from one to another in the order of a list, both included. */
export function range(ids: readonly number[], from: number, to: number): number[] {
  const first = ids.indexOf(from);
  const last = ids.indexOf(to);
  if (first < 0 || last < 0) return last < 0 ? [] : [to];
  return ids.slice(Math.min(first, last), Math.max(first, last) + 1);
}

/** Return a selection after a click on one item, with Shift up to it from the one before. */
export function select(
  ids: readonly number[],
  selected: ReadonlySet<number>,
  clicked: { id: number; on: boolean; shift: boolean; anchor: number | undefined },
): Set<number> {
  const { id, on, shift, anchor } = clicked;
  const changed = shift && anchor !== undefined ? range(ids, anchor, id) : [id];
  const next = new Set(selected);
  for (const one of changed) {
    if (on) next.add(one);
    else next.delete(one);
  }
  return next;
}
