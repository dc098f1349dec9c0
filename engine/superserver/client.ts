import type { LockTable } from '../instance/locks.ts';
import type { Executor, Session, Ticket, Work } from '../instance/session.ts';
import type { Bytes } from '../globals/index.ts';
import type { Clock } from '../io/index.ts';
import type { Command } from './command.ts';
import type { Limits } from './limits.ts';
import type { MultiState } from './multi-state.ts';
import type { Output } from './output.ts';
import type { ScanCursors } from './scan-cursors.ts';

/** What a connection chose for itself; `RESET` brings the defaults back. */
export interface ClientSettings {
  name: Bytes;
  libraryName: Bytes;
  libraryVersion: Bytes;
  /** sync: OK means durable in the mirror. async: OK means done on this member. */
  durability: 'sync' | 'async';
  /** durable: only what can no longer be lost is shown. local: what this member has. */
  reads: 'durable' | 'local';
}

export function defaultSettings(): ClientSettings {
  return { name: '', libraryName: '', libraryVersion: '', durability: 'sync', reads: 'durable' };
}

/** Counters since the start. */
export interface Metrics {
  connectionsAccepted: number;
  connectionsRefused: number;
  commands: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
}

/** What all connections of a superserver share, as far as commands need it. */
export interface ServerContext {
  readonly executor: Executor;
  readonly locks: LockTable;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly version: string;
  readonly metrics: Metrics;
  readonly cursors: ScanCursors;
  readonly startedMs: number;
  clients(): Iterable<Client>;
}

/** A connection as the commands see it. */
export interface Client {
  readonly id: number;
  readonly session: Session;
  readonly out: Output;
  readonly server: ServerContext;
  readonly settings: ClientSettings;
  readonly multi: MultiState;
  /** The namespace a connection begins with. */
  readonly firstNamespace: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly connectedMs: number;
  /** What a client that wants to know how far its updates are must wait for. */
  readonly lastUpdate: Ticket;
  /** False inside EXEC, which runs in one turn: a command that would wait has to answer at once. */
  readonly mayWait: boolean;

  /** The operation just done on the session showed data: the reply waits as reads do. */
  showed(): void;
  /** The operation just done on the session was an update: the reply waits as updates do. */
  changed(): void;
  /** The reply waits for this ticket whatever the connection's settings. */
  requireDurable(ticket: Ticket): void;

  /** Does `work` in slices, then calls `reply`. Later commands of the connection wait. */
  perform(work: Work | undefined, reply: () => void): void;
  /**
   * Lets later commands of the connection wait until the returned function is called with what writes the reply.
   * @param cancel called instead when the connection ends before
   */
  suspend(cancel: () => void): (reply: () => void) => void;
  /** Runs a queued command with its error handling, in EXEC. */
  runQueued(command: Command, args: readonly Bytes[]): void;
  /** `then` is called once when `ticket` is durable, which it is not yet. One at a time: a newer one takes the place of an older one. */
  whenDurable(ticket: Ticket, then: () => void): void;
  /** Forgets what belongs to the connection: transaction, MULTI, WATCH, locks, settings. */
  reset(): void;
  /** Ends the connection once all replies are sent. */
  closeAfterReplies(): void;
}
