import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { LockTable } from '../instance/locks.ts';
import type { Clock } from '../io/index.ts';
import type { Limits } from './limits.ts';
import { MemoryExecutor } from './memory-executor.ts';
import { createSuperserver, type Superserver } from './superserver.ts';

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; fn: () => void }>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  get pending(): number {
    return this.#timers.size;
  }

  timer(ms: number, fn: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + ms, fn };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Lets time pass, with all timers that become due, also those that are set meanwhile. */
  advance(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter((t) => t.atMs <= until).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
    }
    this.#nowMs = until;
  }
}

export interface Rig {
  readonly superserver: Superserver;
  readonly executor: MemoryExecutor;
  readonly locks: LockTable;
  readonly clock: ManualClock;
  readonly log: string[];
  readonly port: number;
  connect(): Promise<RawClient>;
}

/** A superserver over a memory executor, closed at the end of the test. */
export async function startRig(options: { limits?: Partial<Limits>; automatic?: boolean } = {}): Promise<Rig> {
  const executor = new MemoryExecutor(options.automatic ?? true);
  const locks = new LockTable();
  const clock = new ManualClock();
  const log: string[] = [];
  const superserver = createSuperserver({
    executor,
    locks,
    clock,
    log: (severity, text) => log.push(`${severity} ${text}`),
    limits: options.limits ?? {},
  });
  const { port } = await superserver.listen('127.0.0.1', 0);
  onTestFinished(() => superserver.close());
  return { superserver, executor, locks, clock, log, port, connect: () => RawClient.connect(port) };
}

/** Waits, turn by turn of the event loop, until something is so; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Speaks the protocol by hand. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  ended = false;

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.received += chunk.latin1Slice()));
    socket.on('end', () => (this.ended = true));
    socket.on('error', () => (this.ended = true));
    socket.on('close', () => (this.ended = true));
    onTestFinished(() => void socket.destroy());
  }

  /** Inline commands, one a line. */
  say(...lines: string[]): void {
    this.send(lines.map((line) => `${line}\r\n`).join(''));
  }

  command(...args: string[]): void {
    this.send(`*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join('')}`);
  }

  send(bytes: string): void {
    this.socket.write(Buffer.from(bytes, 'latin1'));
  }

  /** Waits for replies given as lines, and takes them. */
  async hears(...lines: string[]): Promise<void> {
    const expected = lines.map((line) => `${line}\r\n`).join('');
    await until(() => this.received.length >= expected.length || this.ended);
    expect(this.received.slice(0, expected.length)).toBe(expected);
    this.received = this.received.slice(expected.length);
  }

  /** Waits for one line, and takes it. */
  async line(): Promise<string> {
    await until(() => this.received.includes('\r\n') || this.ended);
    const end = this.received.indexOf('\r\n');
    const line = this.received.slice(0, end);
    this.received = this.received.slice(end + 2);
    return line;
  }

  async ends(): Promise<void> {
    await until(() => this.ended);
  }
}
