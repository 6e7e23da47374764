import { Handlers } from "./handlers.js";
import { Heartbeat } from "./heartbeat.js";
import type { components } from "./schema.js";
import { openSocket, type Socket } from "./socket.js";

type Message = components["schemas"]["LiveMessage"];

/** Data of the server's messages, by type. Times are ISO 8601, durations seconds. */
type Messages = { [One in Message as One["type"]]: One["data"] };

export interface LiveEvents extends Messages {
  /** The connection opened, was lost, or was refused because the session has ended. */
  state: LiveState;
}

export type LiveState = "connecting" | "open" | "lost" | "ended";

/** Close code of a session that has ended. */
const SESSION_ENDED = 4401;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** Milliseconds between questions whether the server is still there. */
const PING_PAUSE = 30_000;

/** WebSocket that connects again after a loss. Messages in between are lost: read the state again. */
export class LiveConnection {
  state: LiveState = "connecting";
  readonly #handlers = new Handlers<LiveEvents>();
  #socket: Socket | undefined;
  #pause = FIRST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: Heartbeat | undefined;
  #closed = false;

  /** Connect. `url` is asked before each attempt, so that it can carry a new token. */
  constructor(
    private readonly url: () => string,
    private readonly open: (url: string) => Socket = openSocket,
  ) {
    this.#connect();
  }

  /** Whether nobody waits for messages. */
  get isIdle(): boolean {
    return this.#handlers.isIdle;
  }

  /** Call `handler` with each message of a type. Return a function that ends this. */
  on<Type extends keyof LiveEvents>(
    type: Type,
    handler: (data: LiveEvents[Type]) => void,
  ): () => void {
    return this.#handlers.add(type, handler);
  }

  /** Close the connection for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    this.#socket?.close();
  }

  #connect(): void {
    const socket = this.open(this.url());
    this.#socket = socket;
    socket.onopen = () => {
      this.#pause = FIRST_PAUSE;
      // It gives up a connection on which the server is silent.
      this.#heartbeat = new Heartbeat(socket, PING_PAUSE, () => {
        this.#lose(0);
        socket.close();
      });
      this.#become("open");
    };
    socket.onmessage = ({ data }) => {
      this.#heartbeat?.hear();
      const message = JSON.parse(data as string) as {
        type: keyof LiveEvents;
        data: never;
      };
      this.#handlers.tell(message.type, message.data);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lose(code);
    };
  }

  #lose(code: number): void {
    this.#heartbeat?.stop();
    this.#socket = undefined;
    if (this.#closed) return;
    if (code === SESSION_ENDED) {
      this.#become("ended");
      return;
    }
    this.#become("lost");
    // Clients that lost the same server come back at different times.
    this.#timer = setTimeout(
      () => this.#connect(),
      this.#pause * (0.5 + Math.random()),
    );
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#handlers.tell("state", state);
  }
}
