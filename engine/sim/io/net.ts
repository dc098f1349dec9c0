import type { Connection, Listener, Net } from '../../io/net.ts';
import { Half, type Cable } from './connection.ts';
import type { SimHost } from './host.ts';
import type { SimProcess } from './process.ts';
import type { SimRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** How one host's bytes get to another. */
export interface Way {
  /** Least time, in ms. */
  latencyMs: number;
  /** Up to so much more, by chance for each piece. */
  jitterMs: number;
  /** Bytes per ms; null: no limit. */
  bytesPerMs: number | null;
  /** How likely a piece is lost at first and comes only with the next try. */
  loss: number;
}

/** A direction of traffic: from a host to another, on connections to that port (null: all). */
export interface Cut {
  readonly from: string;
  readonly to: string;
  readonly port: number | null;
}

interface Open {
  readonly dialled: Half;
  readonly accepted: Half;
  readonly port: number;
}

interface Port {
  readonly process: SimProcess;
  readonly accept: (connection: Connection) => void;
  readonly taken: Set<Half>;
  closed: (() => void) | null;
}

const usualWay: Way = { latencyMs: 0.1, jitterMs: 0.3, bytesPerMs: null, loss: 0 };
/** While nothing passes, senders try again after so long, in ms. */
const retryMs = 40;
/** Pieces of a recording kept for a replay, and recordings of connections between the same two. */
const recordedMax = { pieces: 32, connections: 4 } as const;

/**
 * The network between simulated hosts: byte streams in order on each connection, in any order between connections. A cut way
 * stalls what is on it and tells nobody; what a host that lost power knew of is gone, and who sends to it later is reset.
 */
export class SimNet {
  readonly #timeline: Timeline;
  readonly #random: SimRandom;
  readonly #hosts = new Map<string, SimHost>();
  readonly #ports = new Map<string, Port>();
  readonly #ways = new Map<string, Way>();
  readonly #cuts = new Set<Cut>();
  readonly #open = new Set<Open>();
  readonly #recordings = new Map<string, Buffer[][]>();
  #anyPort = 49_152;
  /** Keeps the first bytes of connections, for `replay`. */
  records = false;

  constructor(timeline: Timeline, random: SimRandom) {
    this.#timeline = timeline;
    this.#random = random.fork('net');
  }

  host(name: string): SimHost | undefined {
    return this.#hosts.get(name);
  }

  /** Hosts are known by their names, as addresses are. */
  join(host: SimHost): void {
    this.#hosts.set(host.name, host);
  }

  /** As one process sees the network. */
  of(process: SimProcess): Net {
    return {
      connect: (host, port, timeoutMs) => this.#connect(process, host, port, timeoutMs),
      listen: (_host, port, accept) => this.#listen(process, port, accept),
    };
  }

  // ------------------------------------------------------------ what the network is like

  /** To be changed in place. */
  way(from: string, to: string): Way {
    const key = `${from}>${to}`;
    const way = this.#ways.get(key) ?? { ...usualWay };
    this.#ways.set(key, way);
    return way;
  }

  /** Until `usual`. */
  slow(from: string, to: string, how: Partial<Way>): void {
    // In place: open connections know it.
    Object.assign(this.way(from, to), how);
  }

  usual(from: string, to: string): void {
    Object.assign(this.way(from, to), usualWay);
  }

  /** Nothing passes until `heal` gets the same object. */
  cut(cut: Cut): void {
    this.#cuts.add(cut);
  }

  heal(cut: Cut): void {
    this.#cuts.delete(cut);
  }

  healAll(): void {
    this.#cuts.clear();
    for (const way of this.#ways.values()) Object.assign(way, usualWay);
  }

  /** Everything passes, and as quick as ever. */
  get isUsual(): boolean {
    const isUsual = (way: Way): boolean => Object.entries(usualWay).every(([what, value]) => way[what as keyof Way] === value);
    return this.#cuts.size === 0 && [...this.#ways.values()].every(isUsual);
  }

  isCut(from: string, to: string, port: number): boolean {
    for (const cut of this.#cuts) if (cut.from === from && cut.to === to && (cut.port === null || cut.port === port)) return true;
    return false;
  }

  /** Resets the connections between two hosts, whoever made them (to that port alone, when one is given). */
  reset(one: string, other: string, port: number | null = null): void {
    for (const { dialled, accepted, port: to } of [...this.#open]) {
      const between = [dialled.process.host.name, accepted.process.host.name];
      if (!between.includes(one) || !between.includes(other) || (port !== null && port !== to)) continue;
      dialled.reset('connection reset');
      accepted.reset('connection reset');
    }
  }

  /** Connections that are open at both ends. */
  get connections(): number {
    return this.#open.size;
  }

  /** Makes a connection and sends what an earlier one between the same two has sent at its beginning (needs `records`). */
  replay(from: SimProcess, to: string, port: number): void {
    const recordings = this.#recordings.get(`${from.host.name}>${to}:${port}`) ?? [];
    const recorded = recordings.length === 0 ? [] : this.#random.pick(recordings);
    void this.#connect(from, to, port, 1000).then(
      (connection) => {
        for (const bytes of recorded) connection.write(bytes);
      },
      // Nobody takes it: an attack that fails.
      () => undefined,
    );
  }

  // ------------------------------------------------------------ ports

  #listen(process: SimProcess, wanted: number, accept: (connection: Connection) => void): Promise<Listener> {
    // A ghost gets no answer.
    if (!process.alive) return new Promise(() => undefined);
    const number = wanted === 0 ? this.#anyPort++ : wanted;
    const key = `${process.host.name}:${number}`;
    if (this.#ports.has(key)) return Promise.reject(Object.assign(new Error(`listen EADDRINUSE ${key}`), { code: 'EADDRINUSE' }));
    const port: Port = { process, accept, taken: new Set(), closed: null };
    this.#ports.set(key, port);
    const stop = (): void => {
      if (this.#ports.get(key) === port) this.#ports.delete(key);
    };
    process.onEnd(stop);
    const close = (): Promise<void> => {
      stop();
      return new Promise((resolve) => {
        port.closed = resolve;
        if (port.taken.size === 0) resolve();
      });
    };
    return Promise.resolve({ port: number, close });
  }

  #connect(process: SimProcess, host: string, port: number, timeoutMs: number): Promise<Connection> {
    const from = process.host.name;
    return new Promise((resolve, reject) => {
      let over = false;
      let dialled: Half | null = null;
      const timer = process.clock.timer(timeoutMs, () => {
        over = true;
        dialled?.connection.close();
        reject(new Error(`no answer from ${host}:${port} within ${timeoutMs} ms`));
      });
      const answered = (): void => {
        if (over) return;
        over = true;
        timer.cancel();
        if (dialled === null) return reject(Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), { code: 'ECONNREFUSED' }));
        resolve(dialled.connection);
        // Whoever waits for it sets its callbacks first.
        process.at(process.now, () => dialled?.opened());
      };
      const isGivenUp = (): boolean => over || !process.alive;
      this.#travel(from, host, port, isGivenUp, () => {
        const target = this.#ports.get(`${host}:${port}`);
        if (target !== undefined) dialled = this.#join(process, target, host, port);
        this.#travel(host, from, port, isGivenUp, () => process.run(answered));
      });
    });
  }

  /** The system at the other end has taken the connection; its process learns of it when it comes to it. */
  #join(process: SimProcess, target: Port, host: string, port: number): Half {
    const from = process.host.name;
    const recording = this.records ? this.#record(`${from}>${host}:${port}`) : null;
    const cable = (here: string, there: string): Cable => ({
      timeline: this.#timeline,
      random: this.#random,
      way: this.way(here, there),
      isCut: () => this.isCut(here, there, port),
      isUp: () => this.#hosts.get(there)?.isOn === true,
    });
    const dialled = new Half(process, `${host}:${port}`, cable(from, host), recording);
    const accepted = new Half(target.process, `${from}:${port}`, cable(host, from), null);
    dialled.join(accepted);
    accepted.join(dialled);
    const both = { dialled, accepted, port };
    this.#open.add(both);
    target.taken.add(accepted);
    const ended = (): void => {
      this.#open.delete(both);
      target.taken.delete(accepted);
      if (target.taken.size === 0) target.closed?.();
    };
    dialled.onGone = accepted.onGone = () => {
      if (dialled.gone && accepted.gone) ended();
    };
    target.process.run(() => {
      target.accept(accepted.connection);
      accepted.opened();
    });
    return dialled;
  }

  #record(key: string): (bytes: Buffer) => void {
    const bytes: Buffer[] = [];
    const recordings = this.#recordings.get(key) ?? [];
    this.#recordings.set(key, recordings);
    recordings.push(bytes);
    if (recordings.length > recordedMax.connections) recordings.shift();
    return (more) => {
      if (bytes.length < recordedMax.pieces) bytes.push(more);
    };
  }

  /** A first packet on its way, sent again and again until it gets through or nobody wants it any more. */
  #travel(from: string, to: string, port: number, isGivenUp: () => boolean, arrived: () => void): void {
    const way = this.way(from, to);
    this.#timeline.in(way.latencyMs + way.jitterMs * this.#random.float(), () => {
      if (isGivenUp()) return;
      const isLost = this.isCut(from, to, port) || this.#hosts.get(to)?.isOn !== true || this.#random.chance(way.loss);
      if (isLost) this.#timeline.in(retryMs, () => this.#travel(from, to, port, isGivenUp, arrived));
      else arrived();
    });
  }
}
