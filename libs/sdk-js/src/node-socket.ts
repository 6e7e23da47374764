import { FrameReader, frameOf, Kind } from "./frames.js";
import type { Socket } from "./socket.js";

interface Stream {
  write(bytes: Uint8Array): void;
  destroy(): void;
  setNoDelay(on: boolean): void;
  on(event: "data", handler: (bytes: Uint8Array) => void): void;
  on(event: "close" | "error", handler: () => void): void;
}

interface ClientRequest {
  on(
    event: "upgrade",
    handler: (
      response: { headers: Record<string, string | undefined> },
      stream: Stream,
      head: Uint8Array,
    ) => void,
  ): void;
  on(event: "response" | "error", handler: () => void): void;
  destroy(): void;
  end(): void;
}

interface Http {
  request(url: string, options: object): ClientRequest;
}

/** Modules of Node.js, as far as they are used. */
export interface NodeModules {
  http: Http;
  https: Http;
  crypto: {
    randomBytes(size: number): { toString(encoding: "base64"): string };
    createHash(name: string): {
      update(text: string): { digest(encoding: "base64"): string };
    };
  };
}

/** Constant of RFC 6455, which proves that the server speaks the protocol. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Close code of connections that end without one. */
const ABNORMAL = 1006;

/** WebSocket of RFC 6455 without extensions, for Node.js before version 22. */
export class NodeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly #request: ClientRequest;
  readonly #frames = new FrameReader();
  #stream: Stream | undefined;
  #code = ABNORMAL;
  #closed = false;

  constructor(url: string, { http, https, crypto }: NodeModules) {
    const key = crypto.randomBytes(16).toString("base64");
    const expected = crypto
      .createHash("sha1")
      .update(key + GUID)
      .digest("base64");
    const { request } = url.startsWith("wss:") ? https : http;
    this.#request = request(url.replace(/^ws/, "http"), {
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
      },
    });
    this.#request.on("upgrade", ({ headers }, stream, head) => {
      if (headers["sec-websocket-accept"] === expected)
        this.#open(stream, head);
      else this.#refuse();
    });
    this.#request.on("response", () => this.#refuse());
    this.#request.on("error", () => this.#end());
    this.#request.end();
  }

  send(message: string | Uint8Array): void {
    const isText = typeof message === "string";
    const content = isText ? new TextEncoder().encode(message) : message;
    this.#stream?.write(frameOf(isText ? Kind.Text : Kind.Binary, content));
  }

  close(): void {
    this.#code = 1000;
    this.#stream?.write(frameOf(Kind.Close, new Uint8Array([0x03, 0xe8])));
    this.#stream?.destroy();
    this.#request.destroy();
    queueMicrotask(() => this.#end());
  }

  /** End without a connection. Node.js reports no error once it has an answer. */
  #refuse(): void {
    this.#request.destroy();
    this.#end();
  }

  #open(stream: Stream, head: Uint8Array): void {
    this.#stream = stream;
    stream.setNoDelay(true);
    stream.on("close", () => this.#end());
    stream.on("error", () => this.#end());
    stream.on("data", (bytes) => this.#take(bytes));
    this.onopen?.();
    if (head.length > 0) this.#take(head);
  }

  #take(bytes: Uint8Array): void {
    for (const { kind, content } of this.#frames.take(bytes)) {
      if (kind === Kind.Text) {
        this.onmessage?.({ data: new TextDecoder().decode(content) });
      } else if (kind === Kind.Ping) {
        this.#stream?.write(frameOf(Kind.Pong, content));
      } else if (kind === Kind.Close) {
        const [high, low] = content;
        if (high !== undefined && low !== undefined) {
          this.#code = 256 * high + low;
        }
        this.#stream?.write(frameOf(Kind.Close, content.slice(0, 2)));
        this.#stream?.destroy();
      }
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onclose?.({ code: this.#code });
  }
}
