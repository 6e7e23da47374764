/** Return the SHA-256 of a file, computed beside the page, or undefined if it cannot be read. */
export function digestOf(file: File, signal: AbortSignal): Promise<string | undefined> {
  const worker = new Worker(new URL('./digest.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<string | undefined>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data || undefined);
    worker.onerror = () => resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined));
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
