/** Held by the tab that records. */
const LOCK = 'recorder';

/**
 * Reserve recording for this tab. Return a function that ends this, or undefined if another tab
 * records. A tab that crashes loses it.
 */
export async function reserve(): Promise<(() => void) | undefined> {
  if (!navigator.locks) return () => {};
  return new Promise((answer) => {
    void navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
      if (!lock) return answer(undefined);
      await new Promise<void>((release) => answer(release));
    });
  });
}
