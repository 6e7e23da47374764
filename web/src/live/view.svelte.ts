const KEY = 'live-text-size';
/** Heights of the text, in the unit of the page. */
export const SIZES = [1, 1.25, 1.5, 2, 2.5, 3] as const;
const USUAL = 2;

/** How large live text is, which the browser remembers. */
class View {
  step = $state(saved());

  get size(): number {
    return SIZES[this.step]!;
  }

  get smallest(): boolean {
    return this.step === 0;
  }

  get largest(): boolean {
    return this.step === SIZES.length - 1;
  }

  /** Make the text larger (1) or smaller (-1). */
  change(by: number): void {
    this.step = within(this.step + by);
    localStorage.setItem(KEY, String(this.step));
  }
}

export const view = new View();

function within(step: number): number {
  return Math.min(SIZES.length - 1, Math.max(0, step));
}

function saved(): number {
  const found = localStorage.getItem(KEY);
  return found && /^\d$/.test(found) ? within(Number(found)) : USUAL;
}
