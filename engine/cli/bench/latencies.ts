/** Buckets for each power of two: figures are exact to about 1.6 %. */
const STEPS_LOG2 = 6;
const STEPS = 2 ** STEPS_LOG2;
const POWERS = 32;

/** Counts of durations in microseconds; constant size, no allocation when recording. */
export class Latencies {
  readonly #counts = new Float64Array(STEPS * POWERS);
  #count = 0;
  #sumUs = 0;
  #maxUs = 0;

  /** @param count how many had this duration */
  record(us: number, count: number): void {
    this.#counts[bucketOf(us)]! += count;
    this.#count += count;
    this.#sumUs += us * count;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  get count(): number {
    return this.#count;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumUs / this.#count / 1000;
  }

  get maxMs(): number {
    return this.#maxUs / 1000;
  }

  /** The duration that the fraction `q` of all stayed within, in ms; 0 when there are none. */
  quantileMs(q: number): number {
    const wanted = Math.ceil(this.#count * q);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted && seen > 0) return Math.min(upperUs(bucket), this.#maxUs) / 1000;
    }
    return 0;
  }
}

function bucketOf(us: number): number {
  const whole = Math.max(0, Math.min(2 ** 31 - 1, Math.round(us)));
  if (whole < STEPS) return whole;
  const power = 31 - Math.clz32(whole) - STEPS_LOG2;
  return STEPS * (power + 1) + (whole >> power) - STEPS;
}

function upperUs(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const power = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** power - 1;
}
