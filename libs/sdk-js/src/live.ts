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

type Handler<Data> = (data: Data) => void;

/** Close code of a session that has ended. */
const SESSION_ENDED = 4401;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** Milliseconds between questions whether the server is still there. */
const PING_PAUSE = 30_000;

/** WebSocket that connects again after a loss. Messages in between are lost: read the state again. */
export class LiveConnection {
  state: LiveState = "connecting";
  #handlers = new Map<keyof LiveEvents, Set<Handler<never>>>();
  #socket: Socket | undefined;
  #pause = FIRST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pings: ReturnType<typeof setInterval> | undefined;
  #heard = true;
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
    return [...this.#handlers.values()].every((handlers) => !handlers.size);
  }

  /** Call `handler` with each message of a type. Return a function that ends this. */
  on<Type extends keyof LiveEvents>(
    type: Type,
    handler: Handler<LiveEvents[Type]>,
  ): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler as Handler<never>));
    return () => handlers.delete(handler as Handler<never>);
  }

  /** Close the connection for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pings);
    this.#socket?.close();
  }

  #connect(): void {
    const socket = this.open(this.url());
    this.#socket = socket;
    socket.onopen = () => {
      this.#pause = FIRST_PAUSE;
      this.#watch(socket);
      this.#become("open");
    };
    socket.onmessage = ({ data }) => {
      this.#heard = true;
      const message = JSON.parse(data as string) as {
        type: keyof LiveEvents;
        data: never;
      };
      this.#tell(message.type, message.data);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lose(code);
    };
  }

  #lose(code: number): void {
    clearInterval(this.#pings);
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

  /** Give up a connection on which the server is silent, since nothing else reports its loss. */
  #watch(socket: Socket): void {
    this.#heard = true;
    this.#pings = setInterval(() => {
      if (this.#heard) {
        this.#heard = false;
        socket.send('{"type": "ping"}');
        return;
      }
      this.#lose(0);
      socket.close();
    }, PING_PAUSE);
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#tell("state", state as never);
  }

  #tell(type: keyof LiveEvents, data: never): void {
    for (const handler of this.#handlers.get(type) ?? []) handler(data);
  }
}
