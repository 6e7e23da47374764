/** Heights of the rows of a list, measured or estimated, with their sums in a Fenwick tree. */
export class Heights {
  #ids: readonly string[] = [];
  #tree = new Float64Array(1);
  readonly #places = new Map<string, number>();
  readonly #measured = new Map<string, number>();

  constructor(readonly estimate: number) {}

  /** Replace the rows. Those that stay keep their heights. */
  arrange(ids: readonly string[]): void {
    this.#ids = ids;
    this.#places.clear();
    this.#tree = new Float64Array(ids.length + 1);
    ids.forEach((id, place) => {
      this.#places.set(id, place);
      this.#tree[place + 1] = this.of(id);
    });
    for (let i = 1; i <= ids.length; i++) {
      const parent = i + (i & -i);
      if (parent <= ids.length) this.#tree[parent]! += this.#tree[i]!;
    }
  }

  /** Return the height of a row. */
  of(id: string): number {
    return this.#measured.get(id) ?? this.estimate;
  }

  /** Store a measured height. Return whether it differs. */
  measure(id: string, height: number): boolean {
    const place = this.#places.get(id);
    const difference = height - this.of(id);
    if (place === undefined || Math.abs(difference) < 0.5) return false;
    this.#measured.set(id, height);
    for (let i = place + 1; i < this.#tree.length; i += i & -i) this.#tree[i]! += difference;
    return true;
  }

  /** Return where a row begins. */
  before(place: number): number {
    let sum = 0;
    for (let i = Math.min(place, this.#ids.length); i > 0; i -= i & -i) sum += this.#tree[i]!;
    return sum;
  }

  get total(): number {
    return this.before(this.#ids.length);
  }

  /** Return the row at a distance from the top, at most the last one. */
  at(distance: number): number {
    let place = 0;
    let rest = distance;
    for (let step = 2 ** Math.floor(Math.log2(this.#tree.length)); step >= 1; step /= 2) {
      const next = place + step;
      if (next < this.#tree.length && this.#tree[next]! <= rest) {
        place = next;
        rest -= this.#tree[next]!;
      }
    }
    return Math.max(0, Math.min(place, this.#ids.length - 1));
  }
}
