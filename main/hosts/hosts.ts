import { GemelError } from '../../engine/api/errors.ts';
import type { Clock } from '../../engine/io/clock.ts';
import type { KnownHost } from '../store/index.ts';
import type { Host, World } from './host.ts';
import { LocalHost } from './local/index.ts';
import type { AgentControl } from './local/index.ts';

interface HostsOptions {
  readonly known: readonly KnownHost[];
  readonly control: AgentControl;
  /** The host root that `gemel` uses when it is not told another. */
  readonly defaultHome: string;
  readonly clock: Clock;
}

/** All hosts of this console, and the one stream of changes of the world. */
export class Hosts {
  readonly #options: HostsOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #listeners = new Set<() => void>();

  constructor(options: HostsOptions) {
    this.#options = options;
    for (const known of options.known) this.add(known);
  }

  world(): World {
    return { at: this.#options.clock.wallMs(), hosts: [...this.#hosts.values()].map((host) => host.facts()) };
  }

  add(known: KnownHost): Host {
    this.#hosts.get(known.id)?.close();
    const { control, defaultHome, clock } = this.#options;
    const host = new LocalHost({ known, control, clock, needsHome: known.home !== defaultHome, changed: () => this.#changed() });
    this.#hosts.set(known.id, host);
    this.#changed();
    return host;
  }

  remove(id: string): void {
    this.#hosts.get(id)?.close();
    this.#hosts.delete(id);
    this.#changed();
  }

  /** @throws GemelError NOT_FOUND */
  get(id: string): Host {
    const host = this.#hosts.get(id);
    if (!host)
      throw new GemelError('NOT_FOUND', `This console knows no host “${id}”.`, 'Nothing was changed.', 'Choose one of the hosts it lists.');
    return host;
  }

  /** Called after every change of the world. Gives the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits until the world is as wanted.
   * @throws GemelError TIMEOUT after `timeoutMs`; REFUSED when `signal` aborts
   */
  async until(wanted: (world: World) => boolean, options: { what: string; timeoutMs: number; signal: AbortSignal }): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = (): void => {
      if (wanted(this.world())) resolve();
    };
    const abort = (): void => reject(new GemelError('REFUSED', `Cancelled while waiting: ${options.what}.`));
    const timer = this.#options.clock.timer(options.timeoutMs, () => reject(tooLong(options.what, options.timeoutMs)));
    const stop = this.onChange(check);
    options.signal.addEventListener('abort', abort);
    try {
      if (options.signal.aborted) abort();
      check();
      await promise;
    } finally {
      stop();
      timer.cancel();
      options.signal.removeEventListener('abort', abort);
    }
  }

  close(): void {
    for (const host of this.#hosts.values()) host.close();
    this.#hosts.clear();
    this.#listeners.clear();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function tooLong(what: string, timeoutMs: number): GemelError {
  return new GemelError(
    'TIMEOUT',
    `Waited ${Math.round(timeoutMs / 1000)} s in vain: ${what}.`,
    'What was done before stays done.',
    'Look at the monitor for the reason; it may still happen.',
  );
}
