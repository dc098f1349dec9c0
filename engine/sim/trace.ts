/** Hashes of many seeds in one, whatever order they come in. */
export class HashSum {
  #sum = 0;

  /** @param hash eight hex digits */
  add(seed: number, hash: string): void {
    this.#sum = (this.#sum + Math.imul(Number.parseInt(hash, 16), 2 * seed + 1)) >>> 0;
  }

  get hash(): string {
    return this.#sum.toString(16).padStart(8, '0');
  }
}
