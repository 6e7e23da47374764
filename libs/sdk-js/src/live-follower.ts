import { Handlers } from "./handlers.js";
import type { LiveState } from "./live.js";
import {
  LiveLink,
  type LinkCalls,
  type Message,
  type Open,
} from "./live-link.js";
import type { LiveSessionEvents } from "./live-messages.js";

export interface LiveFollowerEvents extends Omit<
  LiveSessionEvents,
  "begun" | "acknowledged" | "ended"
> {
  begun: { transcription_id: number; last_sequence: number };
  /** The session has ended. Without a transcription, it was discarded. */
  ended: { transcription_id: number | null };
  /** Why there is no text, for example because the access has ended. */
  unavailable: unknown;
}

/**
 * Reads the text of a live session that somebody else records. A lost connection is made again, and
 * every result arrives once.
 */
export class LiveFollower {
  state: LiveState = "connecting";
  /** Sequence of the last result. */
  sequence = 0;
  readonly #handlers = new Handlers<LiveFollowerEvents>();
  readonly #link: LiveLink;

  /** `url` returns the address that goes on behind a sequence. */
  constructor(
    calls: Omit<LinkCalls, "url"> & { url(afterSequence: number): string },
    open?: Open,
  ) {
    const used = { ...calls, url: () => calls.url(this.sequence) };
    const handlers = {
      opened: () => {},
      message: (message: Message) => this.#take(message as Followed),
      lost: () => this.#become("lost"),
      failed: (error: unknown) => this.#fail(error),
    };
    this.#link = new LiveLink(used, handlers, open);
    void this.#link.connect();
  }

  /** Call `handler` with each message of a type. Return a function that ends this. */
  on<Type extends keyof LiveFollowerEvents>(
    type: Type,
    handler: (data: LiveFollowerEvents[Type]) => void,
  ): () => void {
    return this.#handlers.add(type, handler);
  }

  /** Stop following. */
  close(): void {
    this.#link.close();
  }

  #take(message: Followed): void {
    switch (message.type) {
      case "begun":
        this.#link.serve();
        this.#become("open");
        break;
      case "final":
      case "speaker":
        if (message.data.sequence! <= this.sequence) return;
        this.sequence = message.data.sequence!;
        break;
      case "ended":
        this.#link.close();
        this.#become("ended");
        break;
    }
    // Types that are newer than this package have no handlers.
    this.#handlers.tell(message.type, message.data as never);
  }

  #fail(error: unknown): void {
    this.#link.close();
    this.#become("ended");
    this.#handlers.tell("unavailable", error);
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.#handlers.tell("state", state);
  }
}

/** A message of the server to a follower. */
type Followed = {
  [Type in keyof LiveFollowerEvents]: {
    type: Type;
    data: LiveFollowerEvents[Type];
  };
}[keyof LiveFollowerEvents];
