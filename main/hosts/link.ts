import type { z } from 'zod';
import type { Methods, Params, Result, Topics } from '../../engine/api/contract.ts';
import { GemelError } from '../../engine/api/errors.ts';
import { connectControl } from '../../engine/api/rpc/index.ts';
import type { ControlClient } from '../../engine/api/rpc/index.ts';
import type { Clock } from '../../engine/io/clock.ts';
import type { Freshness } from '../contract/index.ts';

const RETRY_MS = 1000;
const CONNECT_TIMEOUT_MS = 5000;

export interface LinkOptions<M extends Methods, T extends Topics, K extends keyof T & string> {
  /** The control socket's file. */
  readonly file: string;
  readonly methods: M;
  readonly topics: T;
  /** The one topic this link follows. */
  readonly topic: K;
  /** Longest silence of the topic before what it told counts as lost; absent when it only speaks at changes. */
  readonly silenceMs?: number;
  readonly clock: Clock;
  /** After every new value and every change of `freshness`. */
  changed(): void;
}

/**
 * Keeps one control socket connected: dials again after every loss, subscribes again, and knows since when its newest
 * value is old.
 */
export class Link<M extends Methods, T extends Topics, K extends keyof T & string> {
  readonly #options: LinkOptions<M, T, K>;
  #client: ControlClient<M, T> | undefined;
  #value: z.output<T[K]> | undefined;
  #freshness: Freshness;
  #retry: { cancel(): void } | undefined;
  #silence: { cancel(): void } | undefined;
  #closed = false;

  constructor(options: LinkOptions<M, T, K>) {
    this.#options = options;
    this.#freshness = { state: 'connecting', since: options.clock.wallMs(), asOf: null, reason: null };
    void this.#dial();
  }

  get freshness(): Freshness {
    return this.#freshness;
  }

  /** The newest value, as old as `freshness.asOf`; undefined when none ever came. */
  get value(): z.output<T[K]> | undefined {
    return this.#value;
  }

  /** @throws GemelError UNREACHABLE without a connection, else what the method throws */
  async call<N extends keyof M & string>(method: N, params: Params<M, N>, timeoutMs?: number): Promise<Result<M, N>> {
    if (!this.#client)
      throw new GemelError(
        'UNREACHABLE',
        this.#freshness.reason ?? `Nothing answers on ${this.#options.file}.`,
        'Nothing was changed.',
        'Start it, or wait until it answers again.',
      );
    return this.#client.call(method, params, timeoutMs);
  }

  /** Dials at once instead of at the next turn: for when there is reason to think that the other end is back. */
  retryNow(): void {
    if (this.#client || !this.#retry) return;
    this.#retry.cancel();
    this.#retry = undefined;
    void this.#dial();
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#silence?.cancel();
    this.#client?.close();
  }

  async #dial(): Promise<void> {
    const { file, methods, topics, topic } = this.#options;
    try {
      const client = await connectControl(file, methods, topics, { timeoutMs: CONNECT_TIMEOUT_MS });
      if (this.#closed) {
        client.close();
        return;
      }
      this.#client = client;
      client.onClose(() => this.#lose('The connection was lost.'));
      client.subscribe(
        topic,
        (value) => this.#take(value),
        (error) => this.#refuse(client, error),
      );
    } catch (error) {
      this.#lose(error instanceof GemelError ? error.what : String(error));
    }
  }

  #take(value: z.output<T[K]>): void {
    this.#value = value;
    const now = this.#options.clock.wallMs();
    const { state, since } = this.#freshness;
    this.#freshness = { state: 'live', since: state === 'live' ? since : now, asOf: now, reason: null };
    this.#awaitNext();
    this.#options.changed();
  }

  /** A live value that only changes now and then is still confirmed, e.g. by another call that was answered. */
  confirm(): void {
    if (this.#freshness.state === 'live') this.#freshness = { ...this.#freshness, asOf: this.#options.clock.wallMs() };
  }

  #awaitNext(): void {
    const { silenceMs, clock } = this.#options;
    if (silenceMs === undefined) return;
    this.#silence?.cancel();
    this.#silence = clock.timer(silenceMs, () => this.#mark('It is connected but does not report: it may be hung.'));
  }

  #refuse(client: ControlClient<M, T>, error: GemelError): void {
    this.#mark(error.what);
    client.close();
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    this.#client = undefined;
    this.#silence?.cancel();
    this.#mark(reason);
    this.#retry = this.#options.clock.timer(RETRY_MS, () => {
      this.#retry = undefined;
      void this.#dial();
    });
  }

  #mark(reason: string): void {
    const { state, since, asOf, reason: before } = this.#freshness;
    if (state === 'lost' && before === reason) return;
    this.#freshness = { state: 'lost', since: state === 'lost' ? since : this.#options.clock.wallMs(), asOf, reason };
    this.#options.changed();
  }
}
