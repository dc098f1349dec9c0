/** A longer block is left to the thread: hashing, copying and writing it keep the others waiting. In bytes. */
const lengthMax = 64 * 1024;
/** A disk is quick while a sync takes less than this in the mean, in ms, as with a cache that survives a power failure. */
const quickMs = 1;
/** How much a new sync counts in the mean. */
const weight = 1 / 16;
/** At the beginning: the disk has to show first that it is quick. */
const unknownMs = 2;

/**
 * Decides whether a block is written and synced on the executor's thread. That saves waking the disk thread and being woken by
 * it, about as much time as a sync itself takes on a quick disk; on a slow one everybody would wait for it. A single sync that
 * takes long moves the mean, and the thread has the disk until it is quick again.
 */
export class InlinePolicy {
  #meanMs = unknownMs;

  allows(length: number): boolean {
    return length <= lengthMax && this.#meanMs < quickMs;
  }

  /** A block of that length was written and synced, here or by the thread, and its caller waited so long, in ms. */
  synced(length: number, ms: number): void {
    if (length <= lengthMax) this.#meanMs += (ms - this.#meanMs) * weight;
  }
}
