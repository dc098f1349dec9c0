import { createServer, type Server, type Socket } from 'node:net';
import { GemelError } from '../api/errors.ts';
import type { LockTable } from '../instance/locks.ts';
import type { Executor } from '../instance/session.ts';
import { realTurns, type Clock, type Turns } from '../io/index.ts';
import type { Client, Metrics } from './client.ts';
import { Complaints, type Log } from './complaints.ts';
import { Connection } from './connection.ts';
import type { ConnectionHost, Served } from './connection-host.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { ScanCursors } from './scan-cursors.ts';

/** How often replies that only the read rule holds back are looked at again. */
const READ_RULE_POLL_MS = 5;

export interface SuperserverOptions {
  readonly executor: Executor;
  readonly locks: LockTable;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the product, told to clients. */
  readonly version?: string;
  readonly limits?: Partial<Limits>;
  readonly turns?: Turns;
}

export interface Superserver {
  /**
   * Serves a client on a connected socket.
   * @param head bytes that were read from it already
   */
  attach(socket: Socket, head?: Buffer): void;
  /**
   * Accepts clients; port 0 takes any free one. Throws PORT_IN_USE, RIGHTS, IO.
   * @returns where it listens
   */
  listen(host: string, port: number): Promise<{ host: string; port: number }>;
  /** Cuts all connections and goes on listening: what they were still to be told must not be told any more. */
  /** Whoever waits for a reply gets `why` as an error instead, when given. */
  disconnectAll(why?: string): void;
  /** Stops listening, cuts all connections, and comes back when their sessions are closed. */
  close(): Promise<void>;
  readonly connectionCount: number;
  readonly metrics: Readonly<Metrics>;
  /** Bytes held for unfinished commands and for replies that clients have not taken. */
  readonly memory: { readonly input: number; readonly output: number };
}

/** The port that any Redis client library can talk to. */
export function createSuperserver(options: SuperserverOptions): Superserver {
  return new Host(options);
}

class Host implements Superserver, ConnectionHost {
  readonly executor: Executor;
  readonly locks: LockTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly turns: Turns;
  readonly limits: Limits;
  readonly version: string;
  readonly complaints: Complaints;
  readonly cursors = new ScanCursors();
  readonly memory = { input: 0, output: 0 };
  readonly metrics: Metrics = { connectionsAccepted: 0, connectionsRefused: 0, commands: 0, errors: 0, bytesIn: 0, bytesOut: 0 };
  readonly startedMs: number;

  readonly #connections = new Map<Served, Connection>();
  /** Closed ones whose last command is not done yet, too. */
  readonly #sessions = new Set<Served>();
  readonly #servers = new Set<Server>();
  readonly #halfFrames = new Set<Served>();
  #awaitingDurable = new Set<Served>();
  #awaitingDrain = new Set<Served>();
  #readRulePoll: { cancel(): void } | undefined;
  #sweep: { cancel(): void } | undefined;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: SuperserverOptions) {
    this.executor = options.executor;
    this.locks = options.locks;
    this.clock = options.clock;
    this.log = options.log;
    this.turns = options.turns ?? realTurns;
    this.limits = { ...defaultLimits, ...options.limits };
    this.version = options.version ?? '0.1.0';
    this.complaints = new Complaints(options.clock, options.log);
    this.startedMs = options.clock.monotonicMs();
    this.executor.onDurable(() => this.#onDurable());
    this.executor.onDrain(() => this.#onDrain());
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  clients(): Iterable<Client> {
    return this.#connections.values();
  }

  attach(socket: Socket, head?: Buffer): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#turnAway(socket, refusal);
      return;
    }
    let connection: Connection;
    try {
      connection = new Connection(socket, this);
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#turnAway(socket, `-${error.code} ${error.message}`);
      return;
    }
    this.metrics.connectionsAccepted++;
    this.#connections.set(connection, connection);
    this.#sessions.add(connection);
    connection.start(head);
  }

  #refusal(): string | undefined {
    if (this.#closed) return '-ERR the instance is stopping';
    if (this.#connections.size < this.limits.connections) return undefined;
    this.complaints.write(
      'too many connections',
      `${this.#connections.size} clients are connected, which is as many as may; one more was refused.`,
    );
    return '-ERR max number of clients reached';
  }

  #turnAway(socket: Socket, line: string): void {
    this.metrics.connectionsRefused++;
    // what the client does with the answer is its own affair
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.end(`${line}\r\n`, () => socket.destroy());
  }

  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.attach(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
      server.listen({ host, port }, resolve);
    });
    server.on('error', (error) => this.log(2, `Superserver: the listener on ${host}:${port} reports: ${error.message}`));
    this.#servers.add(server);
    const address = server.address();
    return { host, port: address !== null && typeof address === 'object' ? address.port : port };
  }

  disconnectAll(why?: string): void {
    for (const connection of [...this.#connections.values()]) {
      if (why === undefined) connection.destroy();
      else connection.cutOff(why);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#readRulePoll?.cancel();
    this.#sweep?.cancel();
    const stopped = [...this.#servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.disconnectAll();
    if (this.#sessions.size > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    await Promise.all(stopped);
  }

  awaitDurable(connection: Served, readRuleOnly: boolean): void {
    this.#awaitingDurable.add(connection);
    if (!readRuleOnly || this.#readRulePoll !== undefined || this.#closed) return;
    this.#readRulePoll = this.clock.timer(READ_RULE_POLL_MS, () => {
      this.#readRulePoll = undefined;
      this.#onDurable();
    });
  }

  awaitDrain(connection: Served): void {
    this.#awaitingDrain.add(connection);
  }

  setHalfFrame(connection: Served, half: boolean): void {
    if (half) this.#halfFrames.add(connection);
    else this.#halfFrames.delete(connection);
    if (half && this.#sweep === undefined && !this.#closed) this.#armSweep();
  }

  onClosed(connection: Served): void {
    this.#connections.delete(connection);
    this.#awaitingDurable.delete(connection);
    this.#awaitingDrain.delete(connection);
  }

  onEnded(connection: Served): void {
    this.#sessions.delete(connection);
    if (this.#sessions.size === 0) this.#whenIdle?.();
  }

  #armSweep(): void {
    const { halfFrameMs } = this.limits;
    this.#sweep = this.clock.timer(halfFrameMs / 4, () => {
      this.#sweep = undefined;
      const now = this.clock.monotonicMs();
      for (const connection of [...this.#halfFrames]) if (now - connection.silentSinceMs >= halfFrameMs) connection.timeOut();
      if (this.#halfFrames.size > 0) this.#armSweep();
    });
  }

  #onDurable(): void {
    const waiting = this.#awaitingDurable;
    if (waiting.size === 0) return;
    // those that still wait put themselves on the new list
    this.#awaitingDurable = new Set();
    for (const connection of waiting) connection.onDurable();
  }

  #onDrain(): void {
    const waiting = this.#awaitingDrain;
    this.#awaitingDrain = new Set();
    for (const connection of waiting) connection.onDrain();
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): GemelError {
  if (error.code === 'EADDRINUSE') {
    return new GemelError(
      'PORT_IN_USE',
      `Another program listens on ${host}:${port} already.`,
      '',
      'Stop it, or choose another superserver port.',
    );
  }
  if (error.code === 'EACCES')
    return new GemelError('RIGHTS', `This user may not listen on ${host}:${port}.`, '', 'Choose a port above 1023.');
  return new GemelError('IO', `Listening on ${host}:${port} failed: ${error.message}.`, '', 'Check the address.');
}
