import type { Clock } from '../../engine/io/clock.ts';

/** A clock that stands until the test lets time pass; timers then fire in their order. */
export class HandClock implements Clock {
  #now = 1_800_000_000_000;
  readonly #timers = new Set<{ readonly at: number; fn(): void }>();

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#now;
  }

  timer(ms: number, fn: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, fn };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((t) => t.at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.fn();
    }
    this.#now = end;
  }
}
