import type { Clock } from '../../io/clock.ts';
import type { Connection } from '../../io/net.ts';

/** A clock that goes only when told to. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; fn: () => void }[] = [];

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  timer(ms: number, fn: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, fn };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((t) => t !== timer);
      },
    };
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = end;
  }
}

export interface Side extends Connection {
  /** Bytes written here and not yet handed to the other side. */
  readonly waiting: Buffer[];
  closed: boolean;
}

/** Two ends of a connection in memory: bytes move when `flow` is called, in pieces of at most `pieceBytes`. */
export function pipe(): { a: Side; b: Side; flow(pieceBytes?: number): void } {
  const side = (other: () => Side): Side => {
    const waiting: Buffer[] = [];
    const self: Side = {
      remote: 'memory',
      waiting,
      closed: false,
      onData: () => undefined,
      onClose: () => undefined,
      onDrain: () => undefined,
      write: (bytes) => {
        waiting.push(Buffer.from(bytes));
        return self.pending < 64 * 1024;
      },
      get pending() {
        return waiting.reduce((sum, b) => sum + b.length, 0);
      },
      close: () => {
        if (self.closed) return;
        self.closed = true;
        self.onClose('closed here');
        if (!other().closed) {
          other().closed = true;
          other().onClose('closed by the other side');
        }
      },
    };
    return self;
  };
  const a: Side = side(() => b);
  const b: Side = side(() => a);
  const move = (from: Side, to: Side, pieceBytes: number): boolean => {
    if (from.waiting.length === 0) return false;
    const bytes = Buffer.concat(from.waiting.splice(0));
    for (let at = 0; at < bytes.length; at += pieceBytes) if (!to.closed) to.onData(bytes.subarray(at, at + pieceBytes));
    from.onDrain();
    return true;
  };
  return {
    a,
    b,
    flow: (pieceBytes = Number.MAX_SAFE_INTEGER) => {
      for (let moved = true; moved;) moved = [move(a, b, pieceBytes), move(b, a, pieceBytes)].includes(true);
    },
  };
}
