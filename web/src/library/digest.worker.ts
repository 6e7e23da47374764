import { Sha256 } from './sha256';

const PIECE = 4 * 1024 * 1024;

self.onmessage = async ({ data: file }: MessageEvent<File>) => {
  const sum = new Sha256();
  try {
    for (let at = 0; at < file.size; at += PIECE) {
      sum.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    }
    self.postMessage(sum.digest());
  } catch {
    // The file cannot be read any more, which its upload reports.
    self.postMessage('');
  }
};
