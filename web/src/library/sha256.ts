const ROUNDS = Uint32Array.from({ length: 64 }, (_, number) => fraction(Math.cbrt(prime(number))));
const START = Uint32Array.from({ length: 8 }, (_, number) => fraction(Math.sqrt(prime(number))));
const BLOCK = 64;

/**
 * SHA-256 of bytes that come in pieces. `crypto.subtle` needs all of them at once, and HTTPS.
 */
export class Sha256 {
  readonly #state = START.slice();
  readonly #words = new Uint32Array(64);
  readonly #rest = new Uint8Array(BLOCK);
  #kept = 0;
  #size = 0;

  /** Add bytes. */
  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    let at = 0;
    if (this.#kept > 0) {
      at = Math.min(BLOCK - this.#kept, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#kept);
      this.#kept += at;
      if (this.#kept < BLOCK) return;
      this.#add(this.#rest, 0);
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.#add(bytes, at);
    this.#rest.set(bytes.subarray(at));
    this.#kept = bytes.length - at;
  }

  /** Return the digest as hexadecimal digits. Nothing can be added after that. */
  digest(): string {
    const bits = this.#size * 8;
    const end = new Uint8Array(this.#kept < 56 ? BLOCK - this.#kept : 2 * BLOCK - this.#kept);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(end.length - 4, bits >>> 0);
    this.update(end);
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  #add(bytes: Uint8Array, at: number): void {
    const words = this.#words;
    for (let i = 0; i < 16; i++) {
      const j = at + 4 * i;
      words[i] = (bytes[j]! << 24) | (bytes[j + 1]! << 16) | (bytes[j + 2]! << 8) | bytes[j + 3]!;
    }
    for (let i = 16; i < 64; i++) {
      const one = words[i - 15]!;
      const two = words[i - 2]!;
      const low = turn(one, 7) ^ turn(one, 18) ^ (one >>> 3);
      const high = turn(two, 17) ^ turn(two, 19) ^ (two >>> 10);
      words[i] = (words[i - 16]! + low + words[i - 7]! + high) | 0;
    }
    const state = this.#state;
    let [a, b, c, d, e, f, g, h] = state as unknown as Eight;
    for (let i = 0; i < 64; i++) {
      const mixed = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const first = (h + mixed + ((e & f) ^ (~e & g)) + ROUNDS[i]! + words[i]!) | 0;
      const other = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const second = (other + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    const next = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) state[i] = state[i]! + next[i]!;
  }
}

type Eight = [number, number, number, number, number, number, number, number];

function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The constants of the standard are the first 32 bits after the point of roots of primes. */
function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function prime(number: number): number {
  let found = 1;
  for (let left = number; left >= 0; left--) {
    do found++;
    while (![...Array(found).keys()].slice(2).every((divisor) => found % divisor));
  }
  return found;
}
