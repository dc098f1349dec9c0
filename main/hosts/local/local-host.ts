import path from 'node:path';
import type { BackupHead } from '../../../engine/api/backup.ts';
import { agentMethods, agentTopics, instanceMethods, instanceTopics } from '../../../engine/api/contract.ts';
import type { AgentMethods, InstanceMethods, Params, Result } from '../../../engine/api/contract.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { AgentStatus, InstanceStatus } from '../../../engine/api/status.ts';
import { readBackupHead } from '../../../engine/database/backup/index.ts';
import { realFiles } from '../../../engine/io/files.ts';
import type { Clock } from '../../../engine/io/clock.ts';
import type { Freshness } from '../../contract/index.ts';
import type { KnownHost } from '../../store/index.ts';
import type { Host, HostCommand, HostFacts, InstanceFacts } from '../host.ts';
import { Link } from '../link.ts';
import { LocalCommand } from './command.ts';

const AGENT_POLL_MS = 3000;
const AGENT_ANSWER_MS = 70_000;
/** A running instance reports every second. */
const INSTANCE_SILENCE_MS = 5000;

type AgentLink = Link<AgentMethods, typeof agentTopics, 'inventory'>;
type InstanceLink = Link<InstanceMethods, typeof instanceTopics, 'monitor'>;

interface KnownInstance {
  status: InstanceStatus;
  /** When it was found stopped; undefined while there is, or should be, a connection. */
  stoppedSince: number | undefined;
  link: InstanceLink | undefined;
  /** What was last known when there is no link. */
  last: { snapshot: InstanceFacts['snapshot']; asOf: number | null };
}

/** The agent's process of a host root. */
export interface AgentControl {
  /** Resolves when it is ready. Throws RUNNING when it runs already, else what kept it from starting. */
  startAgent(home: string, options: { port?: number | undefined }): Promise<void>;
  /** Resolves when its process has ended. Throws NOT_RUNNING. */
  stopAgent(home: string): Promise<void>;
}

export interface LocalHostOptions {
  readonly known: KnownHost;
  readonly control: AgentControl;
  /** Whether `gemel` needs to be told this host's root in a shell. */
  readonly needsHome: boolean;
  readonly clock: Clock;
  changed(): void;
}

/** A host root of this computer: its agent and its instances through their control sockets. */
export class LocalHost implements Host {
  readonly known: KnownHost;
  readonly #options: LocalHostOptions;
  readonly #agentLink: AgentLink;
  readonly #instances = new Map<string, KnownInstance>();
  readonly #liveWaiters = new Set<() => void>();
  #agentStatus: AgentStatus | null = null;
  #poll: { cancel(): void } | undefined;
  readonly #ending = new AbortController();

  constructor(options: LocalHostOptions) {
    this.#options = options;
    this.known = options.known;
    this.#agentLink = new Link({
      file: path.join(options.known.home, 'run', 'agent.sock'),
      methods: agentMethods,
      topics: agentTopics,
      topic: 'inventory',
      clock: options.clock,
      changed: () => this.#agentChanged(),
    });
  }

  facts(): HostFacts {
    return {
      known: this.known,
      connection: this.#agentLink.freshness,
      agent: this.#agentStatus,
      instances: [...this.#instances].map(([name, instance]) => this.#instanceFacts(name, instance)),
    };
  }

  async startAgent(options: { port?: number | undefined } = {}): Promise<void> {
    if (this.#agentLink.freshness.state === 'live') return;
    const live = this.#untilLive();
    const failed = Promise.withResolvers<never>();
    const fail = (): void => failed.reject(noAnswer(this.known));
    const timer = this.#options.clock.timer(AGENT_ANSWER_MS, fail);
    this.#ending.signal.addEventListener('abort', fail);
    try {
      await Promise.race([this.#launchAgent(options), failed.promise]);
      this.#agentLink.retryNow();
      await Promise.race([live.promise, failed.promise]);
    } finally {
      timer.cancel();
      this.#ending.signal.removeEventListener('abort', fail);
      live.cancel();
    }
  }

  async stopAgent(): Promise<void> {
    try {
      await this.#options.control.stopAgent(this.known.home);
    } catch (error) {
      // It does not run: that is what was wanted.
      if (!(error instanceof GemelError) || error.code !== 'NOT_RUNNING') throw error;
    }
  }

  async callAgent<N extends keyof AgentMethods & string>(
    method: N,
    params: Params<AgentMethods, N>,
    timeoutMs?: number,
  ): Promise<Result<AgentMethods, N>> {
    return this.#agentLink.call(method, params, timeoutMs);
  }

  async callInstance<N extends keyof InstanceMethods & string>(
    name: string,
    method: N,
    params: Params<InstanceMethods, N>,
    timeoutMs?: number,
  ): Promise<Result<InstanceMethods, N>> {
    const link = this.#instances.get(name)?.link;
    if (!link) throw new GemelError('NOT_RUNNING', `Instance ${name} is not running.`, 'Nothing was changed.', 'Start it first.');
    return link.call(method, params, timeoutMs);
  }

  run(args: readonly string[]): HostCommand {
    return new LocalCommand({ home: this.known.home, args, clock: this.#options.clock });
  }

  async backupHead(file: string): Promise<BackupHead> {
    return readBackupHead(realFiles, file);
  }

  command(args: string): string {
    return this.#options.needsHome ? `GEMEL_HOME=${quote(this.known.home)} gemel ${args}` : `gemel ${args}`;
  }

  close(): void {
    this.#ending.abort();
    this.#poll?.cancel();
    this.#agentLink.close();
    for (const instance of this.#instances.values()) instance.link?.close();
  }

  async #launchAgent(options: { port?: number | undefined }): Promise<void> {
    try {
      await this.#options.control.startAgent(this.known.home, options);
    } catch (error) {
      // Somebody else has just started it: that is as good.
      if (!(error instanceof GemelError) || error.code !== 'RUNNING') throw error;
    }
  }

  #agentChanged(): void {
    if (this.#ending.signal.aborted) return;
    if (this.#agentLink.freshness.state === 'live') {
      this.#takeInventory(this.#agentLink.value ?? []);
      for (const waiter of [...this.#liveWaiters]) waiter();
      if (!this.#poll) void this.#pollAgent();
    }
    this.#options.changed();
  }

  /** The agent's own status has no topic: it is asked for every few seconds, which also proves that the agent is not hung. */
  async #pollAgent(): Promise<void> {
    this.#poll = this.#options.clock.timer(AGENT_POLL_MS, () => {
      this.#poll = undefined;
      if (this.#agentLink.freshness.state === 'live') void this.#pollAgent();
    });
    try {
      this.#agentStatus = await this.#agentLink.call('agent.status', {});
      this.#agentLink.confirm();
    } catch {
      // Nothing to add: the link itself tells when and why it was lost, and what is shown stays marked as old.
      return;
    }
    if (!this.#ending.signal.aborted) this.#options.changed();
  }

  #takeInventory(inventory: readonly InstanceStatus[]): void {
    const names = new Set(inventory.map((status) => status.name));
    for (const [name, instance] of this.#instances) {
      if (names.has(name)) continue;
      instance.link?.close();
      this.#instances.delete(name);
    }
    for (const status of inventory) this.#takeInstance(status);
  }

  #takeInstance(status: InstanceStatus): void {
    const known = this.#instances.get(status.name) ?? {
      status,
      stoppedSince: undefined,
      link: undefined,
      last: { snapshot: null, asOf: null },
    };
    this.#instances.set(status.name, known);
    known.status = status;
    if (status.state === 'stopped') this.#drop(known);
    else this.#keep(known);
  }

  #drop(instance: KnownInstance): void {
    if (instance.link) {
      instance.last = { snapshot: instance.link.value ?? instance.last.snapshot, asOf: instance.link.freshness.asOf ?? instance.last.asOf };
      instance.link.close();
      instance.link = undefined;
    }
    instance.stoppedSince ??= this.#options.clock.wallMs();
  }

  #keep(instance: KnownInstance): void {
    instance.stoppedSince = undefined;
    if (instance.link) {
      instance.link.retryNow();
      return;
    }
    instance.link = new Link({
      file: path.join(instance.status.directory, 'run', 'control.sock'),
      methods: instanceMethods,
      topics: instanceTopics,
      topic: 'monitor',
      silenceMs: INSTANCE_SILENCE_MS,
      clock: this.#options.clock,
      changed: () => this.#options.changed(),
    });
  }

  #instanceFacts(name: string, instance: KnownInstance): InstanceFacts {
    const { link, last } = instance;
    const snapshot = link?.value ?? last.snapshot;
    const live = link?.freshness.state === 'live';
    return {
      id: `${this.known.id}/${name}`,
      host: this.known.id,
      name,
      status: live && snapshot ? snapshot.instance : instance.status,
      connection: this.#connection(instance),
      snapshot,
    };
  }

  #connection(instance: KnownInstance): Freshness {
    const { link, last, stoppedSince } = instance;
    if (link) return { ...link.freshness, asOf: link.freshness.asOf ?? last.asOf };
    return { state: 'stopped', since: stoppedSince ?? this.#options.clock.wallMs(), asOf: last.asOf, reason: 'The instance is stopped.' };
  }

  #untilLive(): { promise: Promise<void>; cancel(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = (): void => resolve();
    this.#liveWaiters.add(waiter);
    return { promise, cancel: () => this.#liveWaiters.delete(waiter) };
  }
}

function noAnswer(known: KnownHost): GemelError {
  return new GemelError(
    'TIMEOUT',
    `The agent of ${known.label} does not answer.`,
    'Instances that run go on running.',
    `Look at ${path.join(known.home, 'agent.log')}.`,
  );
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
