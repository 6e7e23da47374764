import { untrack } from 'svelte';

import { inTurn } from './in_turn';
import { notices } from './notices.svelte';

/** What a page shows of the server: read on each return to the page, and after each action. */
export abstract class ServerState {
  loaded = $state(false);
  failed = $state(false);
  readonly #reading = inTurn(() => this.#readOnce());

  /** Keep it up to date. Return a function that ends this. */
  watch(): () => void {
    // The server sends no messages about it, so that changes elsewhere are read on return.
    const onVisible = () => void (document.visibilityState === 'visible' && this.read());
    document.addEventListener('visibilitychange', onVisible);
    // What a reading looks at, and may change, does not begin the watch again.
    untrack(() => void this.read());
    return () => document.removeEventListener('visibilitychange', onVisible);
  }

  /** Read everything. An error is shown. */
  read(): Promise<void> {
    return this.#reading();
  }

  /** Do something and read everything again. Return whether it succeeded. */
  async act(call: Promise<unknown>): Promise<boolean> {
    if (!(await this.attempt(() => call))) return false;
    await this.read();
    return true;
  }

  /** Do something. An error is shown. Return whether it succeeded. */
  async attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      notices.fail(error);
      return false;
    }
  }

  /** Take everything from the server. */
  protected abstract load(): Promise<void>;

  async #readOnce(): Promise<void> {
    try {
      await this.load();
      this.loaded = true;
      this.failed = false;
    } catch (error) {
      this.failed = true;
      notices.fail(error);
    }
  }
}
