/** Milliseconds that the speed is averaged over. */
const WINDOW = 8000;

/** Speed of a transfer, from its last seconds. */
export class Pace {
  #points: { at: number; bytes: number }[] = [];

  /** Note how far the transfer is. Times are in milliseconds. */
  note(bytes: number, at: number): void {
    const last = this.#points.at(-1);
    if (last && bytes < last.bytes) this.#points = [];
    this.#points.push({ at, bytes });
    while (this.#points.length > 2 && at - this.#points[0]!.at > WINDOW) this.#points.shift();
  }

  /** Forget the past, for example after a pause. */
  reset(): void {
    this.#points = [];
  }

  /** Return bytes per second, or undefined before they can be told. */
  get speed(): number | undefined {
    const first = this.#points[0];
    const last = this.#points.at(-1);
    if (!first || !last || last.at - first.at < 500) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  /** Return the seconds until `total` bytes are through, or undefined before they can be told. */
  left(total: number): number | undefined {
    const { speed } = this;
    const last = this.#points.at(-1);
    if (!speed || !last) return undefined;
    return Math.max(0, (total - last.bytes) / speed);
  }
}
