import type { Socket } from "./socket.js";

/** Pings a server, and reports that it is silent, since nothing else reports such a loss. */
export class Heartbeat {
  #heard = true;
  readonly #pings: ReturnType<typeof setInterval>;

  /** `milliseconds` is the time between pings. `lost` is called if one stays unanswered. */
  constructor(socket: Socket, milliseconds: number, lost: () => void) {
    this.#pings = setInterval(() => {
      if (!this.#heard) {
        lost();
        return;
      }
      this.#heard = false;
      socket.send('{"type": "ping"}');
    }, milliseconds);
  }

  /** Note that a message has arrived. */
  hear(): void {
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#pings);
  }
}
