// WebSockets of a server whose messages a test decides.
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Return an unmasked frame, as servers send it. */
export function frame(kind, content, { final = true } = {}) {
  const bytes = Buffer.from(content);
  const { length } = bytes;
  const head = [(final ? 0x80 : 0) | kind];
  if (length < 126) head.push(length);
  else if (length < 65536) head.push(126, length >> 8, length & 255);
  else head.push(127, 0, 0, 0, 0, length >> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255);
  return Buffer.concat([Buffer.from(head), bytes]);
}

export const event = (type, data) => JSON.stringify({ type, data });

/** Accept WebSockets. Each goes to `connected`, with its number and its stream. */
export function accept(server, connected) {
  let number = 0;
  const streams = [];
  server.on("ending", () => streams.forEach((stream) => stream.destroy()));
  server.on("upgrade", (request, stream) => {
    streams.push(stream);
    const key = request.headers["sec-websocket-key"] + GUID;
    const answer = createHash("sha1").update(key).digest("base64");
    stream.on("error", () => {});
    stream.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${answer}\r\n\r\n`,
    );
    connected(stream, ++number, request);
  });
}

/** Call `take` with the kind and the content of each frame of a client. */
export function frames(stream, take) {
  let bytes = Buffer.alloc(0);
  stream.on("data", (more) => {
    bytes = Buffer.concat([bytes, more]);
    while (bytes.length >= 2) {
      const short = bytes[1] & 127;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < start + 4) return;
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < start + 4 + length) return;
      const mask = bytes.subarray(start, start + 4);
      const content = bytes.subarray(start + 4, start + 4 + length).map((byte, at) => byte ^ mask[at % 4]);
      take(bytes[0] & 15, content);
      bytes = bytes.subarray(start + 4 + length);
    }
  });
}

/** Return a frame that closes a connection. */
export const closing = (code) => frame(8, [code >> 8, code & 255]);
