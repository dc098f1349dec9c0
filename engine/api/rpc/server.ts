import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import type { Methods, Parsed, Result, Topics } from '../contract.ts';
import { GemelError } from '../errors.ts';
import { placeSocket } from './address.ts';
import { FrameReader, PROTOCOL, sendFrame, type Reply } from './frames.ts';
import { errorCode } from '../../io/error-code.ts';
import type { TopicSource } from './topic.ts';
import { toWireError, type ErrorSink } from './wire-error.ts';

/** One function for each method; what it throws reaches the caller. */
export type Handlers<M extends Methods> = { readonly [K in keyof M]: (params: Parsed<M, K>) => Promise<Result<M, K>> | Result<M, K> };

/** One source for each topic. */
export type Sources<T extends Topics> = { readonly [K in keyof T]: TopicSource<z.output<T[K]>> };

export interface ControlServer {
  /** Stops listening, drops every connection and removes the socket file. */
  close(): Promise<void>;
}

export interface ServeOptions<M extends Methods, T extends Topics> {
  readonly methods: M;
  readonly handlers: Handlers<M>;
  readonly topics: T;
  readonly sources: Sources<T>;
  /** Told of errors that are faults of ours (the caller gets INTERNAL). */
  readonly onFault?: ErrorSink;
}

/**
 * Serves the management contract on the control socket known as `file` (its directory is made private to this
 * user). A socket file left by a process that is gone is replaced.
 * Throws RUNNING when another process answers there, RIGHTS or IO when it cannot be made.
 */
export async function serveControl<M extends Methods, T extends Topics>(file: string, options: ServeOptions<M, T>): Promise<ControlServer> {
  const serving: Serving = {
    methods: new Map(
      Object.entries(options.methods).map(([name, { params }]) => [name, { params, handler: handlerOf(options.handlers, name) }]),
    ),
    sources: new Map(Object.entries<TopicSource<unknown>>(options.sources)),
    onFault: options.onFault ?? (() => undefined),
  };
  const connections = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    new Connection(socket, serving);
  });
  if (process.platform !== 'win32') makePrivate(path.dirname(file));
  const place = placeSocket(file);
  await listenReplacingStale(server, place.address, file);
  if (process.platform !== 'win32') fs.chmodSync(place.address, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await closed;
      for (const leftover of place.remove) fs.rmSync(leftover, { force: true, recursive: true });
    },
  };
}

/** A handler as the connection calls it: its parameters have just been parsed by its own schema. */
type AnyHandler = (params: never) => unknown;

function handlerOf(handlers: Handlers<Methods>, name: string): AnyHandler {
  const handler = handlers[name];
  if (handler === undefined) throw new GemelError('INTERNAL', `The method ${name} of the contract has no handler.`);
  return handler;
}

interface Serving {
  readonly methods: ReadonlyMap<string, { readonly params: z.ZodType; readonly handler: AnyHandler }>;
  readonly sources: ReadonlyMap<string, TopicSource<unknown>>;
  readonly onFault: ErrorSink;
}

function makePrivate(directory: string): void {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  fs.chmodSync(directory, 0o700);
}

async function listenReplacingStale(server: net.Server, address: string, file: string): Promise<void> {
  try {
    await listen(server, address);
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw asListenError(error, file);
    if (await answers(address)) {
      throw new GemelError('RUNNING', `Another process already serves ${file}.`, 'It was left alone.', 'Stop it first, or use it.');
    }
    fs.rmSync(address, { force: true });
    await listen(server, address).catch((again: unknown) => {
      throw asListenError(again, file);
    });
  }
}

function listen(server: net.Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(address);
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}

function asListenError(error: unknown, file: string): GemelError {
  const code = errorCode(error);
  const rights = code === 'EACCES' || code === 'EPERM';
  const text = error instanceof Error ? error.message : String(error);
  return new GemelError(
    rights ? 'RIGHTS' : 'IO',
    `The control socket ${file} cannot be made: ${text}.`,
    '',
    'Check the directory and who owns it.',
  );
}

const RequestShape = z.union([
  z.object({ id: z.number(), call: z.string(), params: z.unknown() }),
  z.object({ id: z.number(), subscribe: z.string() }),
  z.object({ id: z.number(), unsubscribe: z.literal(true) }),
]);

interface Subscription {
  stop(): void;
  /** The newest value the client has not been sent yet. */
  waiting: { readonly value: unknown } | undefined;
}

/** One client. Answers go out as they come; of pushed values a slow client gets only the newest. */
class Connection {
  readonly #socket: net.Socket;
  readonly #serving: Serving;
  readonly #frames = new FrameReader();
  readonly #subscriptions = new Map<number, Subscription>();

  constructor(socket: net.Socket, serving: Serving) {
    this.#socket = socket;
    this.#serving = serving;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
    this.#send({ hello: { protocol: PROTOCOL, pid: process.pid } });
  }

  #read(chunk: Buffer): void {
    try {
      for (const message of this.#frames.push(chunk)) this.#take(RequestShape.parse(message));
    } catch {
      // Not our protocol: nothing sensible can be answered, and going on would answer nonsense.
      this.#socket.destroy();
    }
  }

  #take(request: z.output<typeof RequestShape>): void {
    if ('call' in request) void this.#call(request.id, request.call, request.params);
    else if ('subscribe' in request) this.#subscribe(request.id, request.subscribe);
    else this.#unsubscribe(request.id);
  }

  async #call(id: number, name: string, params: unknown): Promise<void> {
    try {
      const method = this.#serving.methods.get(name);
      if (method === undefined) {
        throw new GemelError('USAGE', `There is no method ${name} here.`, 'Nothing was done.', 'Both sides may be of different versions.');
      }
      const parsed = method.params.safeParse(params);
      if (!parsed.success) throw new GemelError('USAGE', `${name}: ${sayIssues(parsed.error)}`, 'Nothing was done.');
      // The schema of this very method has just produced the value.
      this.#send({ id, result: await method.handler(parsed.data as never) });
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #fail(id: number, error: unknown): void {
    this.#send({ id, error: toWireError(error, this.#serving.onFault) });
  }

  #subscribe(id: number, name: string): void {
    const source = this.#serving.sources.get(name);
    if (source === undefined || this.#subscriptions.has(id)) {
      this.#fail(id, new GemelError('USAGE', `There is nothing called ${name} to subscribe to here.`));
      return;
    }
    const subscription: Subscription = { stop: () => undefined, waiting: undefined };
    this.#subscriptions.set(id, subscription);
    subscription.stop = source.subscribe((value) => this.#push(id, subscription, value));
  }

  #unsubscribe(id: number): void {
    this.#subscriptions.get(id)?.stop();
    this.#subscriptions.delete(id);
  }

  #push(id: number, subscription: Subscription, value: unknown): void {
    if (this.#subscriptions.get(id) !== subscription) return;
    if (this.#socket.writableNeedDrain) subscription.waiting = { value };
    else this.#send({ id, push: value });
  }

  #send(reply: Reply): void {
    // A client that does not read is not read from either, so that answers cannot pile up.
    if (!sendFrame(this.#socket, reply)) this.#socket.pause();
  }

  #drained(): void {
    this.#socket.resume();
    for (const [id, subscription] of this.#subscriptions) {
      const { waiting } = subscription;
      if (waiting === undefined || this.#socket.writableNeedDrain) continue;
      subscription.waiting = undefined;
      this.#send({ id, push: waiting.value });
    }
  }

  #closed(): void {
    for (const subscription of this.#subscriptions.values()) subscription.stop();
    this.#subscriptions.clear();
  }
}

function sayIssues(error: z.ZodError): string {
  return error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`)).join(' ');
}
