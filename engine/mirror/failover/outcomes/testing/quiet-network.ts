import type { Events } from '../../testing/events.ts';
import { Network, type End, type Process } from '../../testing/network.ts';

/** Milliseconds from one host to another. */
const LATENCY_MS = 0.5;

const NOTHING_TO_CANCEL = { cancel: (): void => undefined };

interface Side extends End {
  closed: boolean;
  process: Process;
}

/**
 * A network without moods: every message takes the same time, in order. What is sent over a way that is cut is lost, and
 * nobody says so: the sides find out by silence.
 */
export class QuietNetwork extends Network {
  readonly #events: Events;
  readonly #cut: (from: string, to: string, service: string) => boolean;

  /** @param cut whether messages of a service from one host to another are lost now */
  constructor(events: Events, cut: (from: string, to: string, service: string) => boolean) {
    super(events, () => LATENCY_MS, cut);
    this.#events = events;
    this.#cut = cut;
  }

  override connect(from: Process, to: () => Process | null, toHost: string, service: string, accept: (end: End) => void): End {
    const near = side(from);
    // Nobody's yet: the process that listens is known when the first byte arrives.
    const far = side({ host: toHost, alive: true, in: (_ms, fn) => (fn(), NOTHING_TO_CANCEL) });
    this.#join(near, far, service);
    this.#join(far, near, service);
    this.#carry(near, far, service, () => {
      const process = to();
      if (process === null) return far.close();
      far.process = process;
      accept(far);
    });
    return near;
  }

  #join(side: Side, other: Side, service: string): void {
    side.send = (message) => {
      if (side.closed) return;
      this.#carry(side, other, service, () => {
        if (!other.closed) other.onMessage(message);
      });
    };
    side.close = () => {
      if (side.closed) return;
      side.closed = true;
      this.#carry(side, other, service, () => {
        if (other.closed) return;
        other.closed = true;
        other.onClose();
      });
    };
    side.vanish = () => {
      side.closed = true;
    };
  }

  #carry(from: Side, to: Side, service: string, arrive: () => void): void {
    if (this.#cut(from.process.host, to.process.host, service)) return;
    this.#events.in(LATENCY_MS, () => {
      // Cut while it was on its way.
      if (!this.#cut(from.process.host, to.process.host, service)) to.process.in(0, arrive);
    });
  }
}

function side(process: Process): Side {
  return {
    process,
    closed: false,
    onMessage: () => undefined,
    onClose: () => undefined,
    send: () => undefined,
    close: () => undefined,
    vanish: () => undefined,
  };
}
