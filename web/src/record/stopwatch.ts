/** Time that passes while it runs, in seconds. */
export class Stopwatch {
  #before = 0;
  #since: number | undefined;

  /** `now` returns milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  get seconds(): number {
    const running = this.#since === undefined ? 0 : (this.now() - this.#since) / 1000;
    return this.#before + running;
  }

  start(): void {
    this.#since ??= this.now();
  }

  stop(): void {
    this.#before = this.seconds;
    this.#since = undefined;
  }

  /** Begin with some seconds that have passed already. */
  reset(seconds: number): void {
    this.#before = seconds;
    this.#since = undefined;
  }
}
