import type { Limits } from './limits.ts';

/** Bytes that all connections together hold for unfinished commands and for replies not taken. */
export interface MemoryTotals {
  input: number;
  output: number;
}

/** A connection with less unfinished input than this is not ended for what others hold. */
const SMALL_INPUT = 64 * 1024;

/** One connection's part of the totals. */
export class MemoryShare {
  readonly #totals: MemoryTotals;
  readonly #limits: Limits;
  #input = 0;
  #output = 0;

  constructor(totals: MemoryTotals, limits: Limits) {
    this.#totals = totals;
    this.#limits = limits;
  }

  /**
   * Notes what the connection holds now.
   * @returns false when the totals are over their limits and this connection is one that drives them: it has to go
   */
  update(input: number, output: number): boolean {
    const moreInput = input - this.#input;
    const moreOutput = output - this.#output;
    this.#input = input;
    this.#output = output;
    this.#totals.input += moreInput;
    this.#totals.output += moreOutput;
    const tooMuchInput = moreInput > 0 && this.#totals.input > this.#limits.totalInput && input > SMALL_INPUT;
    const tooMuchOutput = moreOutput > 0 && this.#totals.output > this.#limits.totalOutput && output > this.#limits.output;
    return !tooMuchInput && !tooMuchOutput;
  }
}
