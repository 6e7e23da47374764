/** Return the items with a text that contains `wanted`, whatever its case and accents. */
export function matching<Item>(
  items: readonly Item[],
  texts: (item: Item) => readonly string[],
  wanted: string,
): readonly Item[] {
  const folded = fold(wanted.trim());
  if (!folded) return items;
  return items.filter((item) => texts(item).some((text) => fold(text).includes(folded)));
}

function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
