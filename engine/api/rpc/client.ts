import net from 'node:net';
import { z } from 'zod';
import { realClock, type Clock } from '../../io/clock.ts';
import type { Methods, Params, Result, Topics } from '../contract.ts';
import { GemelError } from '../errors.ts';
import { findSocket } from './address.ts';
import { FrameReader, PROTOCOL, sendFrame, type Request } from './frames.ts';
import { errorCode } from '../../io/error-code.ts';
import { fromWireError } from './wire-error.ts';

/** One connection to a control socket. */
export interface ControlClient<M extends Methods, T extends Topics> {
  /** Process id of the server. */
  readonly pid: number;
  /** Throws what the method threw there; UNREACHABLE when the connection is lost meanwhile, TIMEOUT after `timeoutMs`. */
  call<K extends keyof M & string>(method: K, params: Params<M, K>, timeoutMs?: number): Promise<Result<M, K>>;
  /** Calls `listener` with the newest value and each later one; returns the way to end it. `onError`: the topic was refused. */
  subscribe<K extends keyof T & string>(
    topic: K,
    listener: (value: z.output<T[K]>) => void,
    onError?: (error: GemelError) => void,
  ): () => void;
  close(): void;
  /** Called once when the connection is gone, whoever ended it (at once when it already is). */
  onClose(listener: () => void): void;
}

export interface ConnectOptions {
  /** Longest wait for the server's greeting, and for an answer unless the call says otherwise. Default 5000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

const WireErrorShape = z.object({
  code: z.string(),
  what: z.string(),
  safe: z.string(),
  todo: z.string(),
  condition: z.object({ code: z.string(), facts: z.record(z.string(), z.union([z.string(), z.number()])) }).optional(),
});

const ReplyShape = z.union([
  z.object({ hello: z.object({ protocol: z.number(), pid: z.number() }) }),
  z.object({ id: z.number(), error: WireErrorShape }),
  z.object({ id: z.number(), push: z.unknown() }).refine((reply) => 'push' in reply),
  z.object({ id: z.number(), result: z.unknown() }),
]);

/**
 * Connects to the control socket known as `file` and waits for its greeting, which a hung process does not send.
 * Throws UNREACHABLE when nothing listens, TIMEOUT when nothing answers, VERSION when the other speaks another protocol.
 */
export async function connectControl<M extends Methods, T extends Topics>(
  file: string,
  methods: M,
  topics: T,
  options: ConnectOptions = {},
): Promise<ControlClient<M, T>> {
  const client = new Client(file, methods, topics, options.clock ?? realClock, options.timeoutMs ?? 5000);
  await client.greeted;
  return client;
}

interface Waiting {
  answer(result: unknown): void;
  fail(error: GemelError): void;
}

class Client<M extends Methods, T extends Topics> implements ControlClient<M, T> {
  readonly greeted: Promise<void>;
  readonly #file: string;
  readonly #methods: M;
  readonly #topics: T;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #socket: net.Socket;
  readonly #frames = new FrameReader();
  readonly #calls = new Map<number, Waiting>();
  readonly #subscriptions = new Map<number, { push(value: unknown): void; fail(error: GemelError): void }>();
  readonly #closeListeners: (() => void)[] = [];
  readonly #greeting = Promise.withResolvers<void>();
  #lastId = 0;
  #pid = 0;
  #gone: GemelError | undefined;

  constructor(file: string, methods: M, topics: T, clock: Clock, timeoutMs: number) {
    this.#file = file;
    this.#methods = methods;
    this.#topics = topics;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#socket = net.connect(findSocket(file));
    this.greeted = this.#greeting.promise;
    const timer = clock.timer(timeoutMs, () => this.#lose(this.#noAnswer('greet')));
    this.greeted.then(
      () => timer.cancel(),
      () => timer.cancel(),
    );
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#lose(connectionError(error, file)));
    this.#socket.on('close', () => this.#lose(lost(file)));
  }

  get pid(): number {
    return this.#pid;
  }

  async call<K extends keyof M & string>(method: K, params: Params<M, K>, timeoutMs?: number): Promise<Result<M, K>> {
    if (this.#gone !== undefined) throw this.#gone;
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = this.#clock.timer(timeoutMs ?? this.#timeoutMs, () => reject(this.#noAnswer(method)));
    this.#calls.set(id, { answer: resolve, fail: reject });
    this.#send({ id, call: method, params });
    try {
      const shape = this.#methods[method]?.result;
      if (shape === undefined) throw new GemelError('USAGE', `There is no method ${method}.`);
      return parseValue(shape, await promise, method) as Result<M, K>;
    } finally {
      timer.cancel();
      this.#calls.delete(id);
    }
  }

  subscribe<K extends keyof T & string>(
    topic: K,
    listener: (value: z.output<T[K]>) => void,
    onError: (error: GemelError) => void = () => undefined,
  ): () => void {
    const shape = this.#topics[topic];
    if (shape === undefined) throw new GemelError('USAGE', `There is no topic ${topic}.`);
    const id = ++this.#lastId;
    const push = (value: unknown): void => {
      const parsed = shape.safeParse(value);
      if (parsed.success) listener(parsed.data as z.output<T[K]>);
      else this.#lose(notUnderstood(topic));
    };
    this.#subscriptions.set(id, { push, fail: onError });
    this.#send({ id, subscribe: topic });
    return () => {
      if (this.#subscriptions.delete(id)) this.#send({ id, unsubscribe: true });
    };
  }

  close(): void {
    this.#lose(new GemelError('UNREACHABLE', `The connection to ${this.#file} was closed here.`));
  }

  onClose(listener: () => void): void {
    if (this.#gone !== undefined) listener();
    else this.#closeListeners.push(listener);
  }

  #send(request: Request): void {
    if (this.#gone === undefined) sendFrame(this.#socket, request);
  }

  #read(chunk: Buffer): void {
    for (const reply of this.#parse(chunk)) this.#take(reply);
  }

  #parse(chunk: Buffer): z.output<typeof ReplyShape>[] {
    try {
      return this.#frames.push(chunk).map((message) => ReplyShape.parse(message));
    } catch {
      this.#lose(notUnderstood(this.#file));
      return [];
    }
  }

  #take(reply: z.output<typeof ReplyShape>): void {
    if ('hello' in reply) this.#greet(reply.hello);
    else if ('push' in reply) this.#subscriptions.get(reply.id)?.push(reply.push);
    else if ('error' in reply) this.#fail(reply.id, fromWireError(reply.error));
    else this.#calls.get(reply.id)?.answer(reply.result);
  }

  #fail(id: number, error: GemelError): void {
    this.#calls.get(id)?.fail(error);
    this.#subscriptions.get(id)?.fail(error);
    this.#subscriptions.delete(id);
  }

  #greet(hello: { protocol: number; pid: number }): void {
    if (hello.protocol !== PROTOCOL) {
      this.#lose(
        new GemelError(
          'VERSION',
          `${this.#file} speaks management protocol ${hello.protocol}, this side ${PROTOCOL}.`,
          '',
          'Use the same version on both sides.',
        ),
      );
      return;
    }
    this.#pid = hello.pid;
    this.#greeting.resolve();
  }

  #noAnswer(doing: string): GemelError {
    const text = `${this.#file} did not answer (${doing}) in time.`;
    return new GemelError('TIMEOUT', text, 'What was asked may still be done.', 'Look at its status and its messages.log.');
  }

  #lose(error: GemelError): void {
    if (this.#gone !== undefined) return;
    this.#gone = error;
    this.#socket.destroy();
    this.#greeting.reject(error);
    for (const waiting of this.#calls.values()) waiting.fail(error);
    this.#calls.clear();
    this.#subscriptions.clear();
    for (const listener of this.#closeListeners.splice(0)) listener();
  }
}

function parseValue(shape: z.ZodType, value: unknown, name: string): unknown {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notUnderstood(name);
}

function notUnderstood(what: string): GemelError {
  return new GemelError(
    'VERSION',
    `The answer from ${what} is not what this version understands.`,
    '',
    'Use the same version on both sides.',
  );
}

function connectionError(error: Error, file: string): GemelError {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new GemelError('UNREACHABLE', `Nothing listens on ${file}.`, '', 'Start it first.');
  if (code === 'EACCES' || code === 'EPERM')
    return new GemelError('RIGHTS', `You may not use ${file}.`, '', 'Run this as the user who owns it.');
  return lost(file);
}

function lost(file: string): GemelError {
  return new GemelError('UNREACHABLE', `The connection to ${file} was lost.`, 'What was asked may have been done.', 'Look at its status.');
}
