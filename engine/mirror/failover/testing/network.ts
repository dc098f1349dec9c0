import type { Events } from './events.ts';

/** A process on a host: what happens to it happens only while it lives and is not frozen. */
export interface Process {
  readonly host: string;
  readonly alive: boolean;
  /** Runs `fn` after `ms`, if the process lives then. */
  in(ms: number, fn: () => void): { cancel(): void };
}

/** One side of a connection. */
export interface End {
  readonly closed: boolean;
  onMessage: (message: unknown) => void;
  onClose: () => void;
  send(message: unknown): void;
  close(): void;
  /** The host is gone: nobody says so to the other side. */
  vanish(): void;
}

interface Half extends End {
  closed: boolean;
  readonly process: Process;
  readonly queue: (() => void)[];
  arrivesAt: number;
}

/** How long a network that stalls waits before it sends again, in ms. */
const RETRY_MS = 7;

/**
 * Byte streams: in order on each connection, in any order between connections; what was sent before a close may still
 * arrive after it, and after a new connection was made. A blocked way stalls what is on it.
 */
export class Network {
  readonly #events: Events;
  readonly #latency: () => number;
  readonly #blocked: (from: string, to: string, service: string) => boolean;
  /** Told of every message when it is sent and when it has been taken. */
  onPassing: (message: unknown, when: 'sent' | 'taken') => void = () => undefined;

  constructor(events: Events, latency: () => number, blocked: (from: string, to: string, service: string) => boolean) {
    this.#events = events;
    this.#latency = latency;
    this.#blocked = blocked;
  }

  /** @param accept called at the other side when the first byte arrives there; null: nobody listens */
  connect(from: Process, to: () => Process | null, toHost: string, service: string, accept: (end: End) => void): End {
    const listener: Process = { host: toHost, alive: true, in: (ms, fn) => this.#events.in(ms, fn) };
    const near = this.#half(from);
    let far = this.#half(listener);
    this.#join(near, () => far, service);
    this.#join(far, () => near, service);
    this.#push(
      near,
      () => far,
      service,
      () => {
        const process = to();
        if (process === null) return far.close();
        far = this.#half(process);
        this.#join(far, () => near, service);
        accept(far);
      },
    );
    return near;
  }

  #half(process: Process): Half {
    return {
      process,
      closed: false,
      queue: [],
      arrivesAt: 0,
      onMessage: () => undefined,
      onClose: () => undefined,
      send: () => undefined,
      close: () => undefined,
      vanish: () => undefined,
    };
  }

  #join(half: Half, other: () => Half, service: string): void {
    half.send = (message) => {
      if (half.closed) return;
      this.#push(half, other, service, () => this.#arrive(other(), message));
      this.onPassing(message, 'sent');
    };
    half.close = () => {
      if (half.closed) return;
      half.closed = true;
      this.#push(half, other, service, () => this.#ended(other()));
    };
    half.vanish = () => {
      half.closed = true;
    };
  }

  #arrive(at: Half, message: unknown): void {
    at.process.in(0, () => {
      if (at.closed) return;
      at.onMessage(message);
      this.onPassing(message, 'taken');
    });
  }

  #ended(at: Half): void {
    at.process.in(0, () => {
      if (at.closed) return;
      at.closed = true;
      at.onClose();
    });
  }

  #push(half: Half, other: () => Half, service: string, deliver: () => void): void {
    half.queue.push(deliver);
    half.arrivesAt = Math.max(half.arrivesAt, this.#events.now + this.#latency());
    const pump = (): void => {
      if (this.#blocked(half.process.host, other().process.host, service)) return void this.#events.in(RETRY_MS, pump);
      half.queue.shift()?.();
    };
    this.#events.in(half.arrivesAt - this.#events.now, pump);
  }
}
