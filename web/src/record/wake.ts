/** Keep the screen on, where the browser offers it. Return a function that ends this. */
export function keepAwake(): () => void {
  let wanted = true;
  let sentinel: WakeLockSentinel | undefined;

  async function take(): Promise<void> {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
    try {
      const taken = await navigator.wakeLock.request('screen');
      if (wanted) sentinel = taken;
      else void taken.release();
    } catch {
      // A low battery is a reason to refuse it, and no reason to stop.
    }
  }

  // The browser takes it back whenever the page is hidden.
  const again = () => void take();
  document.addEventListener('visibilitychange', again);
  void take();
  return () => {
    wanted = false;
    document.removeEventListener('visibilitychange', again);
    void sentinel?.release();
  };
}
