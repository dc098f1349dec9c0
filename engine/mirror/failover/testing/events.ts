/** The quality of service timeout of the model, in ms. */
export const Q = 800;

/** More than this in one stretch is a circle. */
const EVENTS_MAX = 50_000;

/** Virtual time for a model: what is due, in order; nothing happens by itself. */
export class Events {
  now = 0;
  readonly #queue: { readonly at: number; fn: () => void }[] = [];
  readonly #after: () => void;

  /** @param after called when something has happened, to check what must always hold */
  constructor(after: () => void) {
    this.#after = after;
  }

  in(ms: number, fn: () => void): { cancel(): void } {
    return this.at(this.now + Math.max(0, ms), fn);
  }

  at(time: number, fn: () => void): { cancel(): void } {
    const event = { at: Math.max(this.now, time), fn };
    let at = this.#queue.length;
    while (at > 0 && (this.#queue[at - 1]?.at ?? 0) > event.at) at -= 1;
    this.#queue.splice(at, 0, event);
    return {
      cancel: () => {
        event.fn = () => undefined;
      },
    };
  }

  run(ms: number): void {
    const end = this.now + ms;
    let left = EVENTS_MAX;
    for (let next = this.#queue[0]; next !== undefined && next.at <= end; next = this.#queue[0]) {
      this.#queue.shift();
      left -= 1;
      if (left === 0) throw new Error('something goes on without end');
      this.now = next.at;
      next.fn();
      this.#after();
    }
    this.now = end;
  }
}

/** Repeatable numbers in [0, 1). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
