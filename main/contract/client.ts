import { z } from 'zod';
import { GemelError } from '../../engine/api/errors.ts';
import type { ErrorCode } from '../../engine/api/errors.ts';
import type { Problem } from './actions.ts';
import { calls, topics } from './channels.ts';
import type { CallName, CallParams, CallResult, TopicName, TopicParams, TopicValue } from './channels.ts';
import { ToPage } from './wire.ts';
import type { ToMain } from './wire.ts';

/** The page's connection to main: `since` in ms since the epoch. */
export interface Connection {
  readonly state: 'connecting' | 'open' | 'lost';
  readonly since: number;
}

/** What the renderer knows of main. */
export interface ConsoleClient {
  /** Rejects with GemelError; code UNREACHABLE when the connection to main is or gets lost. */
  call<C extends CallName>(name: C, params: CallParams<C>): Promise<CallResult<C>>;
  /** A value at once, then at each change; again by itself after a lost connection. Gives the function that ends it. */
  subscribe<T extends TopicName>(
    name: T,
    params: TopicParams<T>,
    listener: (value: TopicValue<T>) => void,
    onError?: (error: GemelError) => void,
  ): () => void;
  /** Called at once with the present state, then at each change. */
  onConnection(listener: (connection: Connection) => void): () => void;
}

/** Carries frames. `onOpen` after each (re)connection, `onClose` when it is gone. */
export interface Transport {
  send(frame: ToMain): void;
  start(events: { onOpen(): void; onClose(): void; onFrame(frame: unknown): void }): void;
}

interface PendingCall {
  readonly name: CallName;
  resolve(value: unknown): void;
  reject(error: GemelError): void;
}
interface Subscription {
  readonly name: TopicName;
  readonly params: unknown;
  listener(value: unknown): void;
  onError(error: GemelError): void;
}

/** A checked, typed client over a transport. */
export function createClient(transport: Transport, now: () => number): ConsoleClient {
  const client = new Client(transport, now);
  transport.start(client);
  return client;
}

class Client implements ConsoleClient {
  readonly #transport: Transport;
  readonly #now: () => number;
  readonly #pending = new Map<number, PendingCall>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #watchers = new Set<(connection: Connection) => void>();
  #connection: Connection;
  #nextId = 1;

  constructor(transport: Transport, now: () => number) {
    this.#transport = transport;
    this.#now = now;
    this.#connection = { state: 'connecting', since: now() };
  }

  call<C extends CallName>(name: C, params: CallParams<C>): Promise<CallResult<C>> {
    if (this.#connection.state !== 'open') return Promise.reject(unreachable());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // The frame's result passed the schema of `name` before it gets here.
      this.#pending.set(id, { name, resolve: resolve as (value: unknown) => void, reject });
      this.#transport.send({ kind: 'call', id, name, params });
    });
  }

  subscribe<T extends TopicName>(
    name: T,
    params: TopicParams<T>,
    listener: (value: TopicValue<T>) => void,
    onError: (error: GemelError) => void = report,
  ): () => void {
    const id = this.#nextId++;
    this.#subscriptions.set(id, { name, params, listener: listener as (value: unknown) => void, onError });
    if (this.#connection.state === 'open') this.#transport.send({ kind: 'subscribe', id, name, params });
    return () => {
      if (this.#subscriptions.delete(id) && this.#connection.state === 'open') this.#transport.send({ kind: 'unsubscribe', id });
    };
  }

  onConnection(listener: (connection: Connection) => void): () => void {
    this.#watchers.add(listener);
    listener(this.#connection);
    return () => this.#watchers.delete(listener);
  }

  onOpen(): void {
    this.#change('open');
    for (const [id, s] of this.#subscriptions) this.#transport.send({ kind: 'subscribe', id, name: s.name, params: s.params });
  }

  onClose(): void {
    if (this.#connection.state === 'lost') return;
    this.#change('lost');
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) call.reject(unreachable());
  }

  onFrame(raw: unknown): void {
    const frame = ToPage.parse(raw);
    if (frame.kind === 'value') this.#value(frame.id, frame.value);
    else if (frame.kind === 'result') this.#result(frame.id, frame.value);
    else this.#error(frame.id, frame.error);
  }

  #value(id: number, value: unknown): void {
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return; // ended here while the value was on its way
    const parsed = topics[subscription.name].value.safeParse(value);
    if (parsed.success) subscription.listener(parsed.data);
    else subscription.onError(malformed(subscription.name, parsed.error));
  }

  #result(id: number, value: unknown): void {
    const call = this.#pending.get(id);
    if (!call) return;
    this.#pending.delete(id);
    const parsed = calls[call.name].result.safeParse(value);
    if (parsed.success) call.resolve(parsed.data);
    else call.reject(malformed(call.name, parsed.error));
  }

  #error(id: number, problem: Problem): void {
    const error = toError(problem);
    const call = this.#pending.get(id);
    if (call) {
      this.#pending.delete(id);
      call.reject(error);
      return;
    }
    const subscription = this.#subscriptions.get(id);
    this.#subscriptions.delete(id);
    subscription?.onError(error);
  }

  #change(state: Connection['state']): void {
    this.#connection = { state, since: this.#now() };
    for (const watcher of [...this.#watchers]) watcher(this.#connection);
  }
}

function toError(problem: Problem): GemelError {
  return new GemelError(problem.code as ErrorCode, problem.what, problem.safe, problem.todo);
}

function unreachable(): GemelError {
  return new GemelError(
    'UNREACHABLE',
    'The console has lost its connection to its main process.',
    'Instances and mirrors run on without the console.',
    'Wait until it is back, or start the console again.',
  );
}

function malformed(name: string, error: z.ZodError): GemelError {
  return new GemelError(
    'VERSION',
    `The console's main process sent something unexpected for ${name}: ${z.prettifyError(error)}`,
    'Nothing was changed.',
    'Start the console again; page and main process may be of different versions.',
  );
}

function report(error: GemelError): void {
  console.error(error);
}
