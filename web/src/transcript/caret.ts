/** Return the position of the caret in the text of an element, or `undefined` if it is elsewhere. */
export function caretIn(element: HTMLElement): { start: number; end: number } | undefined {
  const selection = getSelection();
  if (!selection?.rangeCount) return undefined;
  const range = selection.getRangeAt(0);
  if (!element.contains(range.startContainer)) return undefined;
  const before = document.createRange();
  before.selectNodeContents(element);
  before.setEnd(range.startContainer, range.startOffset);
  const start = before.toString().length;
  return { start, end: start + range.toString().length };
}

/** Write the text of an element whose content belongs to people, not to its component. */
export function writeInto(element: HTMLElement, text: string): void {
  element.textContent = text;
}

/** Put the caret at a position in the text of an element. */
export function placeCaret(element: HTMLElement, position: number): void {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let rest = position;
  let node = walker.nextNode();
  while (node && rest > (node.textContent?.length ?? 0)) {
    rest -= node.textContent?.length ?? 0;
    node = walker.nextNode();
  }
  const range = document.createRange();
  if (node) range.setStart(node, rest);
  else range.selectNodeContents(element);
  range.collapse(!!node);
  getSelection()?.removeAllRanges();
  getSelection()?.addRange(range);
}

/** Return the IDs of the first and the last selected word, if words are selected. */
export function selectedWords(root: HTMLElement): { first: string; last: string } | undefined {
  const selection = getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return undefined;
  const range = selection.getRangeAt(0);
  if (!root.contains(range.commonAncestorContainer)) return undefined;
  const words = [...root.querySelectorAll<HTMLElement>('[data-word]')].filter((word) =>
    range.intersectsNode(word),
  );
  const first = words[0]?.dataset.word;
  const last = words.at(-1)?.dataset.word;
  return first && last ? { first, last } : undefined;
}
