import { assert } from '../../io/assert.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  /** null: cancelled */
  fn: (() => void) | null;
}

export interface Scheduled {
  cancel(): void;
}

/** Events between which the real event loop gets a turn, so that unhandled rejections are reported and signals seen. */
const breathEvery = 512;
/** After a fault each of so many events is followed by one: what fails by it ends its process before it does much else. */
const breathsAfterFault = 64;

/**
 * Simulated time: events in order of time, and of their making where the time is the same. After each event all promise
 * callbacks that it set off are run to their end before the next one begins, as between two callbacks of a real event loop
 * (see DESIGN.md).
 */
export class Timeline {
  #now = 0;
  #order = 0;
  #heap: Event[] = [];
  #events = 0;
  #hash = 0x811c9dc5;
  #breathsLeft = 0;
  /** Gets every noted line, with its time. */
  onNote: ((now: number, text: string) => void) | null = null;

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Events run so far. */
  get events(): number {
    return this.#events;
  }

  /** Over the times of all events run and all lines noted: the same seed gives the same. */
  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** Puts a line into the trace. */
  note(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    this.onNote?.(this.#now, text);
  }

  /** Something was made to fail: unhandled rejections are looked for after each of the next events. */
  faulted(): void {
    this.#breathsLeft = breathsAfterFault;
  }

  in(ms: number, fn: () => void): Scheduled {
    return this.at(this.#now + ms, fn);
  }

  /** Times that have passed count as now. */
  at(time: number, fn: () => void): Scheduled {
    assert(!Number.isNaN(time), 'an event has a time');
    const event: Event = { at: Math.max(time, this.#now), order: this.#order++, fn };
    this.#push(event);
    return {
      cancel: () => {
        event.fn = null;
      },
    };
  }

  /** When the next event is due; null when there is none. */
  get nextAt(): number | null {
    let first = this.#heap[0];
    while (first !== undefined && first.fn === null) {
      this.#pop();
      first = this.#heap[0];
    }
    return first?.at ?? null;
  }

  /**
   * Runs events until `stop` says so (asked before each one) or there are none.
   * @returns whether it was stopped; rejects with what an event threw
   */
  run(stop: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let breath = breathEvery;
      const turn = (): void => {
        try {
          if (stop()) return resolve(true);
          if (!this.#next()) return resolve(false);
        } catch (error) {
          return reject(error instanceof Error ? error : new Error(String(error)));
        }
        breath -= 1;
        if (this.#breathsLeft > 0) this.#breathsLeft -= 1;
        else if (breath > 0) return queueMicrotask(again);
        breath = breathEvery;
        setImmediate(turn);
      };
      // Ticks are only looked at again once no microtask is left: all promise callbacks have then run.
      const again = (): void => process.nextTick(turn);
      again();
    });
  }

  /** Runs all events up to a time, which is then now. */
  async runUntil(time: number): Promise<void> {
    await this.run(() => {
      const next = this.nextAt;
      return next === null || next > time;
    });
    this.#now = Math.max(this.#now, time);
  }

  #next(): boolean {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return false;
      if (event.fn === null) continue;
      assert(event.at >= this.#now, 'time does not go back');
      this.#now = event.at;
      this.#events += 1;
      this.#mix(Math.floor(event.at * 1024) | 0);
      event.fn();
      return true;
    }
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
    this.#hash ^= this.#hash >>> 15;
  }

  // ------------------------------------------------------------ a binary heap

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const other = heap[below + 1];
      if (other !== undefined && isBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
