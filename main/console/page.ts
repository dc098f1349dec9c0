import { z } from 'zod';
import { GemelError } from '../../engine/api/errors.ts';
import type { Clock } from '../../engine/io/clock.ts';
import { calls, ToMain, topics } from '../contract/index.ts';
import type { CallName, CallParsed, CallResult, ToPage, TopicName, TopicParsed, TopicValue } from '../contract/index.ts';
import { toProblem } from '../jobs/index.ts';

/** What answers pages. Handlers get parameters that passed their schema. */
export type CallHandlers = { readonly [C in CallName]: (params: CallParsed<C>) => CallResult<C> | Promise<CallResult<C>> };

/** What a topic's value depends on. */
export type ChangeKind = 'world' | 'jobs' | 'settings' | 'audit' | 'what-if' | 'procedures' | 'alerts' | 'members' | 'databases';

export type TopicSources = {
  readonly [T in TopicName]: {
    readonly kinds: readonly ChangeKind[];
    value(params: TopicParsed<T>): TopicValue<T>;
    /** The very same value is not sent again. */
    readonly onlyNew?: true;
  };
};

/** The page's end of a connection. */
export interface PageSink {
  send(frame: ToPage): void;
  /** True while the page has not taken what it was sent: values wait, and only the newest is sent then. */
  congested(): boolean;
}

/** Changes closer together than this are sent as one. */
const GATHER_MS = 50;
const MAX_SUBSCRIPTIONS = 200;

interface Subscription {
  readonly name: TopicName;
  readonly params: unknown;
  dirty: boolean;
  /** Sent last. */
  last: unknown;
}

/** One connected page: answers its calls and keeps its subscriptions supplied. */
export class PagePort {
  readonly #handlers: CallHandlers;
  readonly #sources: TopicSources;
  readonly #sink: PageSink;
  readonly #clock: Clock;
  readonly #subscriptions = new Map<number, Subscription>();
  #flushing: { cancel(): void } | undefined;
  #closed = false;

  constructor(options: { handlers: CallHandlers; sources: TopicSources; sink: PageSink; clock: Clock }) {
    this.#handlers = options.handlers;
    this.#sources = options.sources;
    this.#sink = options.sink;
    this.#clock = options.clock;
  }

  /**
   * Takes a frame from the page, whatever it is.
   * @throws GemelError USAGE when it is not a frame of the contract at all: the connection is then not worth keeping
   */
  receive(raw: unknown): void {
    const frame = ToMain.safeParse(raw);
    if (!frame.success) throw new GemelError('USAGE', 'The page sent something that is no frame of the contract.');
    const { data } = frame;
    if (data.kind === 'call') void this.#call(data.id, data.name, data.params);
    else if (data.kind === 'subscribe') this.#subscribe(data.id, data.name, data.params);
    else this.#subscriptions.delete(data.id);
  }

  /** Something of these kinds has changed: what depends on it is sent again soon. */
  changed(kind: ChangeKind): void {
    let any = false;
    for (const subscription of this.#subscriptions.values()) {
      if (!this.#sources[subscription.name].kinds.includes(kind)) continue;
      subscription.dirty = true;
      any = true;
    }
    if (any) this.#flushSoon();
  }

  close(): void {
    this.#closed = true;
    this.#flushing?.cancel();
    this.#subscriptions.clear();
  }

  async #call(id: number, name: string, params: unknown): Promise<void> {
    try {
      if (!isKey(calls, name)) throw new GemelError('USAGE', `There is no call “${name}”.`);
      this.#send({ kind: 'result', id, value: await this.#answer(name, params) });
    } catch (error) {
      this.#send({ kind: 'error', id, error: toProblem(error) });
    }
  }

  async #answer<C extends CallName>(name: C, raw: unknown): Promise<CallResult<C>> {
    const handler: (params: CallParsed<C>) => CallResult<C> | Promise<CallResult<C>> = this.#handlers[name];
    // Parsed with the schema of the very name whose handler gets it.
    const params = check(name, calls[name].params, raw) as CallParsed<C>;
    return handler(params);
  }

  #subscribe(id: number, name: string, raw: unknown): void {
    try {
      if (!isKey(topics, name)) throw new GemelError('USAGE', `There is no subscription “${name}”.`);
      if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
        throw new GemelError('REFUSED', `A page can have ${MAX_SUBSCRIPTIONS} subscriptions.`);
      const subscription: Subscription = { name, params: check(name, topics[name].params, raw), dirty: false, last: undefined };
      subscription.last = this.#value(subscription);
      this.#send({ kind: 'value', id, value: subscription.last });
      this.#subscriptions.set(id, subscription);
    } catch (error) {
      this.#send({ kind: 'error', id, error: toProblem(error) });
    }
  }

  #value<T extends TopicName>({ name, params }: { name: T; params: unknown }): TopicValue<T> {
    const source: { value(params: TopicParsed<T>): TopicValue<T> } = this.#sources[name];
    return source.value(params as TopicParsed<T>); // checked when it was subscribed
  }

  #flushSoon(): void {
    if (this.#flushing || this.#closed) return;
    this.#flushing = this.#clock.timer(GATHER_MS, () => {
      this.#flushing = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#sink.congested()) {
      this.#flushSoon();
      return;
    }
    for (const [id, subscription] of this.#subscriptions) {
      if (!subscription.dirty) continue;
      subscription.dirty = false;
      this.#push(id, subscription);
    }
  }

  #push(id: number, subscription: Subscription): void {
    try {
      const value = this.#value(subscription);
      if (value === subscription.last && this.#sources[subscription.name].onlyNew === true) return;
      subscription.last = value;
      this.#send({ kind: 'value', id, value });
    } catch (error) {
      this.#subscriptions.delete(id);
      this.#send({ kind: 'error', id, error: toProblem(error) });
    }
  }

  #send(frame: ToPage): void {
    if (!this.#closed) this.#sink.send(frame);
  }
}

function isKey<M extends object>(map: M, name: string): name is keyof M & string {
  return Object.hasOwn(map, name);
}

function check(name: string, schema: z.ZodType, raw: unknown): unknown {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  throw new GemelError(
    'USAGE',
    `What was given for “${name}” does not fit: ${z.prettifyError(parsed.error)}`,
    'Nothing was changed.',
    'Start the console again; its parts may be of different versions.',
  );
}
