/** Eight buckets an octave from 2^-7 ms up: a quantile is right to about 9 %. */
const perOctave = 8;
const lowest = -7;
const buckets = (20 - lowest) * perOctave;

/** Counts durations in milliseconds; adding one costs a logarithm and an increment. */
export class Histogram {
  readonly #counts = new Uint32Array(buckets);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest, 0 when there is none. */
  get max(): number {
    return this.#max;
  }

  add(ms: number): void {
    const bucket = Math.floor((Math.log2(Math.max(ms, 1e-9)) - lowest) * perOctave);
    const at = Math.min(Math.max(bucket, 0), buckets - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count++;
    if (ms > this.#max) this.#max = ms;
  }

  /** The duration that a share `q` (0 to 1) of all did not exceed, in ms; null when there is none. */
  quantile(q: number): number | null {
    let left = Math.max(1, Math.ceil(q * this.#count));
    if (this.#count === 0) return null;
    for (let i = 0; i < buckets; i++) {
      left -= this.#counts[i] ?? 0;
      if (left <= 0) return Math.min(this.#max, 2 ** ((i + 1) / perOctave + lowest));
    }
    return this.#max;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
  }
}
