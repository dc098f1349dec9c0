import type { JournalWriter } from '../journal/index.ts';
import type { Side } from './compare/side.ts';
import type { SeedSource } from './seeding/index.ts';
import type { Position } from './failover/index.ts';

/** A mirrored database as it stands on this member. */
export interface LocalDatabase {
  /** Mirror database name. */
  readonly name: string;
  readonly directory: string;
  readonly mounted: boolean;
  /** It was left mirrored when this instance left the mirror, or was brought from another one: nothing feeds it before it is activated. */
  readonly needsActivation?: boolean;
  /** Its database was removed from the mirror, or made anew, since. */
  readonly isObsolete?: boolean;
  /** Why it is not fed although nothing has failed. */
  readonly halt?: 'needs-catchup' | 'catching-up' | 'paused';
  /** An error keeps the journal from it. */
  readonly isFailed?: boolean;
  /** Why it does not follow the mirror, and what to do. */
  readonly reason?: string;
  /** What its file contains; null: not known, or nothing yet. */
  readonly position: Position | null;
  /** The FailoverDB flag: only the mirror updates it, so it may become the primary's. */
  readonly failoverDB: boolean;
}

/** How far dejournaling has got. */
export interface Dejournaled {
  readonly position: Position;
  readonly timeMs: number | null;
}

/** What the mirror needs of the instance it runs in. */
export interface MirrorHost {
  log(severity: 0 | 1 | 2 | 3, text: string): void;
  /** Mirrored databases configured here. */
  databases(): LocalDatabase[];
  /** The copy here of a database (its name in the mirror), for a comparison. Throws GemelError when it cannot be compared. */
  compared(database: string): Side;
  /** The copy here, for another member to make its own from. Throws GemelError when none can be had. @param asker the member's GUID */
  seeded(database: string, asker: string): SeedSource;
  /** null: this member could become primary as far as its databases go; otherwise why not. */
  cannotTakeOver(): string | null;

  /** Journal below this position is durable in the mirror and synced here: it may be applied. Only grows while the journal is the same. */
  applyTo(position: Position): void;
  /**
   * Resolves when everything before the position, which `applyTo` has reached, will be read of the mirrored databases once a
   * writer is attached, be it in their files yet or not. Rejects when dejournaling has stopped.
   */
  inherit(position: Position): Promise<void>;
  /** Nobody reads the mirrored databases, for that reason; null: they are read. */
  barReads(why: string | null): void;
  /** The least that any mirrored database contains, with the time of its last block (ms since the epoch; null: none since the start); null without databases. */
  dejournaled(): Dejournaled | null;

  /** This member writes the mirror's journal from now on. Nothing is open for users yet. */
  attachWriter(writer: JournalWriter): void;
  /** Undoes transactions that the inherited journal holds open, with records of the new epoch. */
  rollBackOpen(): void;
  openForUsers(): void;
  /** Updates are refused from now on; resolves when everything taken before is durable. */
  drain(): Promise<void>;
  /** Takes updates again after an abandoned hand-over. */
  resume(): void;
  /** This member no longer writes: clients are let go, mirrored databases are read-only. */
  detachWriter(why: string): void;
  /** The process should end. */
  end(reason: string): void;
  /** The member is of another type now, as its record says: it is to be begun anew as that. */
  typeChanged(): void;
  /** The status changed in a way worth telling at once. */
  changed(): void;
}
