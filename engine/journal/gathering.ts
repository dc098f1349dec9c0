/** Turns of the event loop that a block waits for more at most: some tens of microseconds when nothing comes. */
const turnsMax = 6;
/** A block of so many bytes is worth a sync of its own. */
const bytesEnough = 64 * 1024;

/**
 * Decides when an open block has gathered enough to be sealed (group commit). Clients that were answered with the last block
 * are likely to send again at once, but not all in the same turn: without waiting for them they fall into two halves
 * that take turns, and each half pays for a sync and a message to the backup of its own.
 */
export class Gathering {
  #expected = 1;
  #turns = 0;

  /** A block has become durable. @param waiting records that came while it was on its way */
  durable(records: number, waiting: number): void {
    this.#expected = records + waiting;
  }

  /** A new block begins to gather. */
  begin(): void {
    this.#turns = 0;
  }

  /** Asked at the end of each turn; `bytes` and `records` are what the block has. */
  isEnough(records: number, bytes: number): boolean {
    this.#turns++;
    return records >= this.#expected || bytes >= bytesEnough || this.#turns >= turnsMax;
  }
}
