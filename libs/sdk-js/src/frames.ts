/** Kinds of frames of RFC 6455. */
export const Kind = {
  Continuation: 0,
  Text: 1,
  Binary: 2,
  Close: 8,
  Ping: 9,
  Pong: 10,
} as const;

/** A message, or a frame that controls the connection. */
export interface Frame {
  kind: number;
  content: Uint8Array;
}

const FINAL = 0x80;
const MASKED = 0x80;
/** Lengths that stand for one in the following two or eight bytes. */
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/** Return a frame of a client, whose content is masked. */
export function frameOf(kind: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const extended = length < TWO_BYTES ? 0 : length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(2 + extended + 4 + length);
  const view = new DataView(frame.buffer);
  frame[0] = FINAL | kind;
  frame[1] =
    MASKED |
    (extended === 0 ? length : extended === 2 ? TWO_BYTES : EIGHT_BYTES);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  const mask = frame.subarray(2 + extended, 6 + extended);
  crypto.getRandomValues(mask);
  for (let at = 0; at < length; at++) {
    frame[6 + extended + at] = content[at]! ^ mask[at % 4]!;
  }
  return frame;
}

/** Reads the frames of a server, which are not masked. */
export class FrameReader {
  #waiting = new Uint8Array(0);
  #parts: Uint8Array[] = [];
  #kind = 0;

  /** Take bytes. Return the messages and control frames that they complete. */
  take(bytes: Uint8Array): Frame[] {
    this.#waiting = joined([this.#waiting, bytes]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) {
      if (frame.kind >= Kind.Close) {
        frames.push(frame);
        continue;
      }
      if (frame.kind !== Kind.Continuation) this.#kind = frame.kind;
      this.#parts.push(frame.content);
      if (!frame.final) continue;
      frames.push({ kind: this.#kind, content: joined(this.#parts) });
      this.#parts = [];
    }
    return frames;
  }

  #next(): (Frame & { final: boolean }) | undefined {
    const bytes = this.#waiting;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const extended = short === TWO_BYTES ? 2 : short === EIGHT_BYTES ? 8 : 0;
    const start = 2 + extended;
    if (bytes.length < start) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length =
      extended === 2
        ? view.getUint16(2)
        : extended === 8
          ? Number(view.getBigUint64(2))
          : short;
    if (bytes.length < start + length) return undefined;
    const first = bytes[0]!;
    this.#waiting = bytes.slice(start + length);
    return {
      kind: first & 0x0f,
      final: (first & FINAL) !== 0,
      content: bytes.slice(start, start + length),
    };
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
