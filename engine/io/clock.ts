/** Time, as everything in the engine sees it. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
  /** Milliseconds since the epoch; may jump when the machine's clock is set. */
  wallMs(): number;
  /** Calls `fn` once after `ms`, unless cancelled. */
  timer(ms: number, fn: () => void): { cancel(): void };
}

export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  timer(ms, fn) {
    const handle = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
