import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../io/clock.ts';
import type { Turns } from '../../io/turns.ts';
import type { SimHost } from './host.ts';
import type { Scheduled } from './timeline.ts';

const inside = new AsyncLocalStorage<SimProcess>();

/** The process whose code runs now; in a handler of unhandled rejections: the one that the rejected promise belongs to. */
export function currentProcess(): SimProcess | undefined {
  return inside.getStore();
}

/** How late a timer may come, in ms. */
const latenessMs = 1;

/**
 * A process on a simulated host. Whatever calls into its code goes through it: after a kill nothing does any more, while it
 * is paused or busy everything waits, in order.
 */
export class SimProcess {
  readonly host: SimHost;
  readonly name: string;
  readonly clock: Clock;
  readonly turns: Turns;
  /** What becomes of an error that its code does not handle; null: whoever runs the timeline gets it. */
  onUncaught: ((error: unknown) => void) | null = null;
  /** Enters the process's own context: made once, since making one costs more than most calls. */
  readonly #enter: (fn: () => void) => void;
  #alive = true;
  #paused = false;
  /** Its own work takes it up to then: what it does now happens then. */
  #busyUntil = 0;
  #held: (() => void)[] = [];
  #wake: Scheduled | null = null;
  #onEnd: (() => void)[] = [];
  /** File operations that are left before it is killed. */
  #operationsLeft = Number.POSITIVE_INFINITY;

  constructor(host: SimHost, name: string) {
    this.host = host;
    this.name = name;
    this.#enter = inside.run(this, () => AsyncLocalStorage.snapshot());
    this.clock = {
      monotonicMs: () => host.time.monotonicMs(this.now),
      wallMs: () => host.time.wallMs(this.now),
      timer: (ms, fn) => {
        const lateness = host.random.float() * latenessMs;
        return this.at(this.now + host.time.worldMs(Math.max(ms, 0)) + lateness, fn);
      },
    };
    this.turns = { atEndOfTurn: (fn) => void this.at(this.now, fn) };
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** World time as this process lives it: ahead of the world's while it is busy. */
  get now(): number {
    return Math.max(this.host.timeline.now, this.#busyUntil);
  }

  /** Calls `fn` in this process at that world time, if it lives then. */
  at(time: number, fn: () => void): Scheduled {
    let due: (() => void) | null = fn;
    const event = this.host.timeline.at(time, () => this.run(() => due?.()));
    return {
      cancel: () => {
        due = null;
        event.cancel();
      },
    };
  }

  /** Calls `fn` in this process: now, or as soon as it is neither paused nor busy. Never after its end. */
  run(fn: () => void): void {
    if (!this.#alive) return;
    if (!this.#paused && this.#held.length === 0 && this.#busyUntil <= this.host.timeline.now) return this.#call(fn);
    this.#held.push(fn);
    this.#wakeUp();
  }

  /** One thing a turn: promise callbacks run in between. */
  #wakeUp(): void {
    if (this.#wake !== null || this.#paused) return;
    this.#wake = this.host.timeline.at(this.#busyUntil, () => {
      this.#wake = null;
      if (this.#paused) return;
      if (this.#busyUntil <= this.host.timeline.now) {
        const fn = this.#held.shift();
        if (fn !== undefined) this.#call(fn);
      }
      if (this.#held.length > 0) this.#wakeUp();
    });
  }

  #call(fn: () => void): void {
    try {
      this.#enter(fn);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Its code has thrown, or left a rejection unhandled. Whatever it does after its end was never done. */
  fail(error: unknown): void {
    if (!this.#alive) return;
    if (this.onUncaught === null) throw error;
    this.onUncaught(error);
  }

  /** What it does now takes so long: everything after it happens later. */
  spend(ms: number): void {
    this.#busyUntil = this.now + ms;
  }

  /** SIGSTOP. */
  pause(): void {
    this.#paused = true;
    this.#wake?.cancel();
    this.#wake = null;
  }

  /** SIGCONT. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held.length > 0) this.#wakeUp();
  }

  /** SIGKILL: files keep what was written, the system closes its connections. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#held = [];
    this.#wake?.cancel();
    for (const end of this.#onEnd.splice(0)) end();
  }

  /** Kills it in the middle of what it does: right before its n-th file operation from now on (1: the next). */
  killAtOperation(n: number): void {
    this.#operationsLeft = n;
  }

  /** A file operation begins. @returns false: the process is gone, nothing is done any more */
  operation(): boolean {
    if (this.#operationsLeft !== Number.POSITIVE_INFINITY) {
      this.#operationsLeft -= 1;
      if (this.#operationsLeft <= 0) this.kill();
    }
    return this.#alive;
  }

  /** Called when the process ends, however. */
  onEnd(fn: () => void): void {
    this.#onEnd.push(fn);
  }
}
