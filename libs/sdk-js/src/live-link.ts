import { ApiError, ConnectionError, reportedError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import type { LiveMessages } from "./live-messages.js";
import { openSocket, type Socket } from "./socket.js";

/** Opens a connection, which is a WebSocket by default. */
export type Open = (url: string) => Socket;

/** What a connection needs of its client. */
export interface LinkCalls {
  hasToken(): boolean;
  /** Return the address of the next connection. */
  url(): string;
  /** Read the session of the client. Without a token, it is created. */
  check(): Promise<unknown>;
}

/** What a live session needs of its client. */
export interface LiveCalls extends LinkCalls {
  discard(captureId: string): Promise<unknown>;
}

/** A message of the server. */
export type Message =
  | {
      [Type in keyof LiveMessages]: { type: Type; data: LiveMessages[Type] };
    }[keyof LiveMessages]
  | { type: "pong"; data: unknown };

export interface LinkHandlers {
  opened(): void;
  message(message: Message): void;
  lost(): void;
  /** Another attempt would fail, too. */
  failed(error: unknown): void;
}

/** Statuses of close codes after which another attempt would fail, too. */
const FINAL: Readonly<Record<number, number>> = {
  1008: 400,
  1009: 413,
  4401: 401,
  4409: 423,
};
const RESTARTS = 1012;
const BUSY = 1013;
const BUSY_PAUSE = 5_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const PING_PAUSE = 15_000;
/** Refused connections, of a server that answers other calls, before a session is given up. */
const MOST_REFUSALS = 5;
const REFUSED =
  "The server opens no live session. Check that the token may create recordings and that " +
  "proxies pass WebSockets, and try again in a minute.";

/** Connection of a live session, which is made again after a loss. */
export class LiveLink {
  #socket: Socket | undefined;
  #heartbeat: Heartbeat | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reported: LiveMessages["error"] | undefined;
  #failures = 0;
  #refusals = 0;
  /** Whether the session of the client has to be checked before the next attempt. */
  #unsure: boolean;
  #served = false;
  #closed = false;

  constructor(
    private readonly calls: LinkCalls,
    private readonly handlers: LinkHandlers,
    private readonly open: Open = openSocket,
  ) {
    this.#unsure = !calls.hasToken();
    globalThis.addEventListener?.("offline", this.#leave);
    globalThis.addEventListener?.("online", this.#return);
  }

  async connect(): Promise<void> {
    try {
      if (this.#unsure) await this.#check();
      if (!this.#closed) this.#listen(this.open(this.calls.url()));
    } catch (error) {
      this.#fail(error);
    }
  }

  send(message: string | Uint8Array): void {
    this.#socket?.send(message);
  }

  /** Note that the server serves the session. Pauses begin again with short ones. */
  serve(): void {
    this.#served = true;
    this.#failures = 0;
  }

  close(): void {
    this.#closed = true;
    globalThis.removeEventListener?.("offline", this.#leave);
    globalThis.removeEventListener?.("online", this.#return);
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    this.#socket?.close();
  }

  /** Give up a connection that does not survive the loss of the network. */
  readonly #leave = (): void => {
    const socket = this.#socket;
    if (!socket) return;
    this.#lose(0);
    socket.close();
  };

  /** Try again at once when the network is back. */
  readonly #return = (): void => {
    if (this.#socket || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    void this.connect();
  };

  /** Find out why no connection was opened, which WebSockets do not tell. */
  async #check(): Promise<void> {
    try {
      await this.calls.check();
    } catch (error) {
      if (error instanceof ApiError && error.status < 429) throw error;
      // The attempt that follows fails, too, and is repeated.
      return;
    }
    if (!this.#served && this.#refusals++ === MOST_REFUSALS) {
      throw new ConnectionError(REFUSED);
    }
  }

  #listen(socket: Socket): void {
    this.#unsure = true;
    this.#socket = socket;
    socket.onopen = () => {
      this.#unsure = false;
      this.#reported = undefined;
      this.#heartbeat = new Heartbeat(socket, PING_PAUSE, () => {
        this.#lose(0);
        socket.close();
      });
      this.handlers.opened();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket || this.#closed) return;
      this.#heartbeat?.hear();
      const message = JSON.parse(data as string) as Message;
      if (message.type === "error") this.#reported = message.data;
      else this.handlers.message(message);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lose(code);
    };
  }

  #lose(code: number): void {
    this.#heartbeat?.stop();
    this.#socket = undefined;
    if (this.#closed) return;
    const status = FINAL[code];
    if (status !== undefined) {
      const message = `The server ended the session with code ${code}.`;
      const unknown = { code: "UNKNOWN", message, details: {} };
      this.#fail(reportedError(this.#reported ?? unknown, status));
      return;
    }
    this.handlers.lost();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.connect();
    }, this.#pause(code));
    this.#failures += 1;
  }

  /** Return the milliseconds until the next attempt. */
  #pause(code: number): number {
    if (code === RESTARTS && this.#failures === 0) return 0;
    const growing = FIRST_PAUSE * 2 ** this.#failures;
    const least = code === BUSY ? BUSY_PAUSE : 0;
    // Clients that lost the same server come back at different times.
    const spread = 0.5 + Math.random();
    return Math.min(LONGEST_PAUSE, Math.max(growing, least)) * spread;
  }

  #fail(error: unknown): void {
    if (!this.#closed) this.handlers.failed(error);
  }
}
