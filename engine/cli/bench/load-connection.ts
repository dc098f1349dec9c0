import net from 'node:net';
import { GemelError } from '../../api/errors.ts';
import type { Latencies } from './latencies.ts';
import type { Load } from './load.ts';

/** Where a connection counts what it got. */
export interface Tally {
  readonly latencies: Latencies;
  errors: number;
  firstError: string | null;
}

const LINE_END = 0x0a;
const ERROR = 0x2d;
const ZERO = 0x30;
const KEY_DIGITS = 9;

/** Digits of the key and of the value within one update of the batch. */
interface Places {
  readonly key: number;
  readonly value: number;
}

/**
 * One connection that sends a batch of updates, waits for all its answers, and sends the next. The batch is one buffer
 * whose keys are changed in place: by the time all answers are there the kernel has taken all of it.
 */
export class LoadConnection {
  /** Rejects when the connection is lost. */
  readonly lost: Promise<never>;
  /** null: not measured yet. */
  tally: Tally | null = null;
  readonly #socket: net.Socket;
  readonly #options: Load;
  readonly #batch: Buffer;
  readonly #places: Places[];
  /** Answers for each update. */
  readonly #answers: number;
  #left = 0;
  #sentMs = 0;
  /** First byte of the line being read, -1 before it. */
  #first = -1;
  #line = '';
  #state = Math.floor(Math.random() * 0x7fffffff) | 1;

  private constructor(socket: net.Socket, options: Load) {
    this.#socket = socket;
    this.#options = options;
    this.#answers = options.wait ? 2 : 1;
    ({ batch: this.#batch, places: this.#places } = makeBatch(options));
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    // Nobody may be waiting for it any more when the measuring is over.
    promise.catch(() => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => reject(new GemelError('UNREACHABLE', `A connection to ${options.host}:${options.port} was lost.`)));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  static open(options: Load): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: options.host, port: options.port, noDelay: true });
      socket.once('error', (error) =>
        reject(new GemelError('UNREACHABLE', `Nothing answers on ${options.host}:${options.port}: ${error.message}.`)),
      );
      socket.once('connect', () => {
        if (options.namespace === null) return ready();
        socket.write(`*2\r\n$9\r\nNAMESPACE\r\n$${options.namespace.length}\r\n${options.namespace}\r\n`);
        socket.once('data', (answer: Buffer) => {
          if (answer[0] === ERROR) reject(new GemelError('NAMESPACE', answer.toString('utf8', 1).trim()));
          else ready();
        });
      });
      const ready = (): void => {
        socket.removeAllListeners('error');
        resolve(new LoadConnection(socket, options));
      };
    });
  }

  start(): void {
    this.#send();
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(): void {
    for (const { key, value } of this.#places) {
      this.#write(key, KEY_DIGITS, this.#random() % this.#options.keys);
      this.#write(value, Math.min(KEY_DIGITS, this.#options.valueBytes), this.#random());
    }
    this.#left = this.#places.length * this.#answers;
    this.#sentMs = performance.now();
    this.#socket.write(this.#batch);
  }

  #write(at: number, digits: number, number: number): void {
    let rest = number;
    for (let place = at + digits - 1; place >= at; place--) {
      const next = Math.floor(rest / 10);
      this.#batch[place] = ZERO + rest - next * 10;
      rest = next;
    }
  }

  /** xorshift: cheap and even enough for choosing keys. */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 1;
  }

  #read(chunk: Buffer): void {
    let done = 0;
    for (let at = 0; at < chunk.length;) {
      const end = chunk.indexOf(LINE_END, at);
      if (this.#first < 0) this.#first = chunk[at] ?? 0;
      if (this.#first === ERROR) this.#line += chunk.toString('latin1', at, end < 0 ? chunk.length : end);
      if (end < 0) break;
      if (this.#answered(chunk, end)) done++;
      this.#first = -1;
      at = end + 1;
    }
    if (done > 0) this.tally?.latencies.record((performance.now() - this.#sentMs) * 1000, done);
    if (this.#left === 0) this.#send();
  }

  /** One answer is there: whether it completes an update. */
  #answered(chunk: Buffer, end: number): boolean {
    this.#left--;
    if (this.#first === ERROR) {
      this.#complain(this.#line);
      this.#line = '';
      return false;
    }
    if (this.#answers === 1) return true;
    if (this.#left % 2 === 1) return false;
    // `:1\r\n`, the number of replicas that have it.
    const acknowledged = end < 2 || chunk[end - 2] !== ZERO;
    if (!acknowledged) this.#complain('WAIT answered 0');
    return acknowledged;
  }

  #complain(what: string): void {
    if (this.tally === null) return;
    this.tally.errors++;
    this.tally.firstError ??= what.trim();
  }
}

function makeBatch({ command, valueBytes, pipeline, wait }: Load): { batch: Buffer; places: Places[] } {
  const digits = '0'.repeat(KEY_DIGITS);
  const key = command === 'GSET' ? `^bench("k:${digits}")` : `bench:key:${digits}`;
  const value = 'v'.repeat(valueBytes);
  const update = `*3\r\n$${command.length}\r\n${command}\r\n$${key.length}\r\n${key}\r\n$${valueBytes}\r\n${value}\r\n`;
  const one = update + (wait ? '*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n' : '');
  const keyAt = update.indexOf(digits);
  const valueAt = update.length - 2 - valueBytes;
  const places = Array.from({ length: pipeline }, (_, n) => ({ key: n * one.length + keyAt, value: n * one.length + valueAt }));
  return { batch: Buffer.from(one.repeat(pipeline), 'latin1'), places };
}
