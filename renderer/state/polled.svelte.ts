import type { Problem } from '../../main/contract/index.ts';
import { toProblem } from './problem.ts';

/** An answer that is asked for again and again while its page is open and in sight. Ended by `close`. */
export class Polled<T> {
  readonly #ask: () => Promise<T>;
  readonly #timer: ReturnType<typeof setInterval>;
  #isAsking = false;
  #isClosed = false;
  /** The newest; null: none has come yet. */
  value: T | null = $state.raw(null);
  /** Why the newest question had no answer. */
  problem: Problem | null = $state.raw(null);

  constructor(ask: () => Promise<T>, everyMs: number) {
    this.#ask = ask;
    this.#timer = setInterval(() => {
      if (!document.hidden) void this.again();
    }, everyMs);
    void this.again();
  }

  /** Asks now. */
  async again(): Promise<void> {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    try {
      const value = await this.#ask();
      if (this.#isClosed) return;
      this.value = value;
      this.problem = null;
    } catch (error) {
      if (!this.#isClosed) this.problem = toProblem(error);
    } finally {
      this.#isAsking = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }
}
