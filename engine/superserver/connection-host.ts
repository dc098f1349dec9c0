import type { Turns } from '../io/index.ts';
import type { ServerContext } from './client.ts';
import type { Complaints, Log } from './complaints.ts';
import type { MemoryTotals } from './memory-share.ts';

/** A connection as its superserver calls it back. */
export interface Served {
  /** When the last bytes of a half command came, ms of the monotonic clock. */
  readonly silentSinceMs: number;
  /** The durable ticket has grown, or the read rule may hold again. */
  onDurable(): void;
  /** The executor takes updates again. */
  onDrain(): void;
  /** The client was silent in the middle of a command for too long. */
  timeOut(): void;
}

/** What a connection needs of its superserver beside what commands need. */
export interface ConnectionHost extends ServerContext {
  readonly log: Log;
  readonly complaints: Complaints;
  readonly turns: Turns;
  readonly memory: MemoryTotals;
  /** The connection wants `onDurable` after the next growth of the durable ticket, or sooner if only the read rule is missing. */
  awaitDurable(connection: Served, readRuleOnly: boolean): void;
  /** The connection wants `onDrain`. */
  awaitDrain(connection: Served): void;
  /** Whether the connection is in the middle of a command, and so to be watched for silence. */
  setHalfFrame(connection: Served, half: boolean): void;
  /** The socket is closed. */
  onClosed(connection: Served): void;
  /** The session is closed too, which may be later: work that has begun is finished first. */
  onEnded(connection: Served): void;
}
