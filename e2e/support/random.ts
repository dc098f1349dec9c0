import { randomInt } from 'node:crypto';

/** Repeatable randomness: the same seed gives the same numbers. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** 0 <= n < 1 (mulberry32) */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }
}

/** GEMEL_SEED, else a new one; printed, so that a failure can be repeated. */
export function testSeed(what: string): number {
  const { GEMEL_SEED } = process.env;
  const seed = GEMEL_SEED === undefined ? randomInt(0x1_0000_0000) : Number(GEMEL_SEED);
  console.log(`${what}: seed ${seed} (GEMEL_SEED=${seed} repeats it)`);
  return seed;
}
