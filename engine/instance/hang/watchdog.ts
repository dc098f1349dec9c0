import { Worker } from 'node:worker_threads';
import { assert } from '../../io/assert.ts';
import { realClock } from '../../io/index.ts';
import { provenHolder } from '../lock.ts';
import type { Log } from '../messages.ts';
import type { ToWatchdog, WatchdogData } from './messages.ts';
import { hostMs, limits, PulseFile, type MemberSign } from './pulse.ts';

export interface WatchdogOptions {
  /** The instance's run directory, whose lock this process holds. */
  readonly run: string;
  readonly qosMs: number;
  readonly log: Log;
  /**
   * This thread stood still, or its journal's disk does, for longer than half of Q. Called on this thread, once for each
   * time, as the first thing it does on its own when it is back.
   */
  readonly hung: (what: { readonly what: 'executor' | 'journal'; readonly stalledMs: number }) => void;
  /** Milliseconds for which the oldest write to the mirror's journal has been waiting for this member's own disk; 0: none does. */
  readonly journalWaitsMs?: () => number;
}

/** Further in the future than any process lives. */
const NEVER_MS = 1e12;

/**
 * Knows when the executor's thread does not turn: for its agent while it lasts, for the thread itself when it is back.
 * Belongs to the executor's thread.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #turned = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT));
  readonly #thread: Worker;
  #qosMs: number;
  #turnedMs = hostMs();
  #timer: { cancel(): void } | undefined;
  #journalReported = false;
  #told: MemberSign | null = null;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#qosMs = options.qosMs;
    this.#stamp(this.#turnedMs);
    const identity = provenHolder(options.run)?.identity;
    assert(identity !== undefined, 'the watched process holds the lock of its instance');
    this.#begin(identity);
    const workerData: WatchdogData = {
      run: options.run,
      pid: process.pid,
      identity,
      qosMs: options.qosMs,
      turned: this.#turned,
    };
    this.#thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), { workerData });
    this.#thread.unref();
    this.#thread.on('error', (error) =>
      options.log(
        2,
        `[WATCHDOG_ENDED] Nobody notices any more when this instance hangs: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
    this.#watch();
  }

  /** What the agent of this host is to know of the member from now on; null: this instance is in no mirror. */
  tell(member: MemberSign | null): void {
    if (member?.boot === this.#told?.boot && member?.role === this.#told?.role) return;
    this.#told = member;
    this.#send({ t: 'member', member });
  }

  setQos(qosMs: number): void {
    if (qosMs === this.#qosMs) return;
    this.#qosMs = qosMs;
    this.#send({ t: 'qos', qosMs });
    this.#watch();
  }

  /**
   * To be called before anything is decided on what has arrived: after a stall the events that waited may come before the
   * watchdog's own timer. Costs a look at the clock.
   */
  check(): void {
    const now = hostMs();
    const stalledMs = now - this.#turnedMs;
    const { hungMs } = limits(this.#qosMs);
    this.#turnedMs = now;
    this.#stamp(now);
    if (stalledMs > hungMs) this.#options.hung({ what: 'executor', stalledMs });
    this.#checkJournal();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    // The thread may look once more before it reads this.
    this.#stamp(hostMs() + NEVER_MS);
    this.#send({ t: 'end' });
  }

  #checkJournal(): void {
    const waitsMs = this.#options.journalWaitsMs?.() ?? 0;
    const stalls = waitsMs > this.#qosMs / 2;
    const isNews = stalls && !this.#journalReported;
    // First: who is told looks here again before it decides on it.
    this.#journalReported = stalls;
    if (isNews) this.#options.hung({ what: 'journal', stalledMs: waitsMs });
  }

  #watch(): void {
    this.#timer?.cancel();
    this.#timer = realClock.timer(limits(this.#qosMs).everyMs, () => {
      this.check();
      if (this.#timer !== undefined) this.#watch();
    });
  }

  /** The thread takes a moment to come up, and this process may be stopped in it. */
  #begin(identity: string): void {
    const pulse = new PulseFile(this.#options.run, 'begin');
    const { everyMs } = limits(this.#qosMs);
    const now = this.#turnedMs;
    pulse.write({
      pid: process.pid,
      identity,
      atMs: now,
      everyMs,
      turnedMs: now,
      qosMs: this.#qosMs,
      hungSinceMs: null,
      member: null,
      watched: true,
    });
    pulse.close();
  }

  #stamp(ms: number): void {
    Atomics.store(this.#turned, 0, BigInt(Math.round(ms * 1000)));
  }

  #send(message: ToWatchdog): void {
    this.#thread.postMessage(message);
  }
}
