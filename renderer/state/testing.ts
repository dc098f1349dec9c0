import { GemelError } from '../../engine/api/errors.ts';
import type {
  CallName,
  CallParams,
  CallResult,
  Connection,
  ConsoleClient,
  TopicName,
  TopicParams,
  TopicValue,
} from '../../main/contract/index.ts';

type Answer = (params: never) => unknown;

/** A client for tests: calls are answered by the given functions, values are pushed by hand. */
export class TestClient implements ConsoleClient {
  readonly #answers: Partial<Record<CallName, Answer>>;
  readonly #listeners = new Map<
    number,
    { name: TopicName; value: (value: never) => void; error: ((error: GemelError) => void) | undefined }
  >();
  readonly called: { name: CallName; params: unknown }[] = [];
  #next = 1;

  constructor(answers: Partial<Record<CallName, Answer>>) {
    this.#answers = answers;
  }

  async call<C extends CallName>(name: C, params: CallParams<C>): Promise<CallResult<C>> {
    this.called.push({ name, params });
    const answer = this.#answers[name];
    if (answer === undefined) throw new GemelError('NOT_BUILT', `The test has no answer to ${name}.`);
    return (await answer(params as never)) as CallResult<C>;
  }

  subscribe<T extends TopicName>(
    name: T,
    _params: TopicParams<T>,
    listener: (value: TopicValue<T>) => void,
    onError?: (error: GemelError) => void,
  ): () => void {
    const id = this.#next++;
    this.#listeners.set(id, { name, value: listener as (value: never) => void, error: onError });
    return () => this.#listeners.delete(id);
  }

  onConnection(listener: (connection: Connection) => void): () => void {
    listener({ state: 'open', since: 0 });
    return () => undefined;
  }

  /** Sends a value to everyone subscribed to `name`. */
  push<T extends TopicName>(name: T, value: TopicValue<T>): void {
    for (const l of this.#listeners.values()) if (l.name === name) l.value(value as never);
  }

  fail(name: TopicName, error: GemelError): void {
    for (const l of this.#listeners.values()) if (l.name === name) l.error?.(error);
  }

  /** How many subscriptions are open. */
  get open(): number {
    return this.#listeners.size;
  }
}

/** Lets everything that is ready run: promises settle in a few turns. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
