import type { AgentStatus, InstanceStatus, MonitorSnapshot } from '../../engine/api/status.ts';
import type { BackupHead } from '../../engine/api/backup.ts';
import type { AgentMethods, InstanceMethods, Params, Result } from '../../engine/api/contract.ts';
import type { Freshness } from '../contract/index.ts';
import type { KnownHost } from '../store/index.ts';

/** An instance as its host's agent and its own control socket tell of it. */
export interface InstanceFacts {
  /** `<host id>/<name>` */
  readonly id: string;
  readonly host: string;
  readonly name: string;
  readonly status: InstanceStatus;
  readonly connection: Freshness;
  readonly snapshot: MonitorSnapshot | null;
}

export interface HostFacts {
  readonly known: KnownHost;
  readonly connection: Freshness;
  readonly agent: AgentStatus | null;
  readonly instances: readonly InstanceFacts[];
}

/** Everything known at one moment. */
export interface World {
  readonly at: number;
  readonly hosts: readonly HostFacts[];
}

/** Lines that a command has printed, JSON each. */
export interface Lines {
  readonly lines: readonly string[];
  /** It has ended, and there are no more. */
  readonly isAtEnd: boolean;
}

/** A `gemel` command at work on a host. */
export interface HostCommand {
  /**
   * The next lines, at most `count`: as soon as there are any; none when there were none for `waitMs`. It waits while nobody takes what it
   * prints. @throws GemelError what it failed with, once everything before was taken
   */
  next(count: number, waitMs: number): Promise<Lines>;
  /** Ends it. */
  close(): void;
}

/** A host that the console manages, however it is reached. */
export interface Host {
  readonly known: KnownHost;
  facts(): HostFacts;
  /** Makes sure the agent runs, on `port` where given. Resolves when it answers. @throws GemelError with what kept it from starting */
  startAgent(options?: { port?: number | undefined }): Promise<void>;
  /** Ends the agent; instances go on. Resolves when its process is gone, also when there was none. */
  stopAgent(): Promise<void>;
  callAgent<N extends keyof AgentMethods & string>(
    method: N,
    params: Params<AgentMethods, N>,
    timeoutMs?: number,
  ): Promise<Result<AgentMethods, N>>;
  /** @throws GemelError NOT_RUNNING when there is no connection to that instance */
  callInstance<N extends keyof InstanceMethods & string>(
    name: string,
    method: N,
    params: Params<InstanceMethods, N>,
    timeoutMs?: number,
  ): Promise<Result<InstanceMethods, N>>;
  /** Starts a `gemel` command there, `--json` among its arguments, that only reads: what instances would have to read for others takes nothing of their time. */
  run(args: readonly string[]): HostCommand;
  /** The beginning of a backup file there. @throws GemelError */
  backupHead(file: string): Promise<BackupHead>;
  /** The way of writing a `gemel` command for this host in a shell. */
  command(args: string): string;
  close(): void;
}
