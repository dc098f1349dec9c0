import type { Clock } from '../io/index.ts';

/** Severities of messages.log: 0 for information, 1 for a warning, 2 for an error, 3 for the end of the process. */
export type Log = (severity: 0 | 1 | 2 | 3, text: string) => void;

const WINDOW_MS = 10_000;
const LINES_PER_WINDOW = 5;

/**
 * Lines about clients' mistakes for the log: of each kind a few in ten seconds, the others counted, so that a client
 * gone wrong cannot fill the disk.
 */
export class Complaints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #windows = new Map<string, { sinceMs: number; lines: number }>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** @param kind one of a few fixed words */
  write(kind: string, text: string): void {
    const now = this.#clock.monotonicMs();
    let window = this.#windows.get(kind);
    if (window === undefined || now - window.sinceMs >= WINDOW_MS) {
      const missed = (window?.lines ?? 0) - LINES_PER_WINDOW;
      if (missed > 0) this.#log(0, `Superserver: ${missed} more messages about ${kind} were left out.`);
      window = { sinceMs: now, lines: 0 };
      this.#windows.set(kind, window);
    }
    window.lines++;
    if (window.lines <= LINES_PER_WINDOW) this.#log(0, `Superserver: ${text}`);
  }
}
