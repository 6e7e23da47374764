/** Kept from one file to the next. */
let worker: Worker | undefined;

/**
 * Return the SHA-256 of a file, computed next to the page, or undefined if it cannot be read. One
 * file is read at a time.
 */
export function digestOf(file: File, signal: AbortSignal): Promise<string | undefined> {
  const used = (worker ??= new Worker(new URL('./digest.worker.ts', import.meta.url), {
    type: 'module',
  }));
  const stop = () => {
    used.terminate();
    worker = undefined;
  };
  return new Promise((resolve) => {
    const end = (digest?: string) => {
      signal.removeEventListener('abort', aborted);
      resolve(digest || undefined);
    };
    const aborted = () => {
      stop();
      end();
    };
    signal.addEventListener('abort', aborted);
    used.onmessage = ({ data }: MessageEvent<string>) => end(data);
    used.onerror = aborted;
    used.postMessage(file);
  });
}
