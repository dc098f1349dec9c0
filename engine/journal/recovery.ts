import type { Bytes, Key } from '../globals/bytes.ts';
import { notBound } from './bindings.ts';
import type { JournalFiles } from './files.ts';
import { scanRecords } from './scan.ts';
import { recordTypes, type DatabaseIdentity, type Position, type RecordView } from './types.ts';

/** What one record of an open transaction takes to be undone. */
export interface Undo {
  readonly database: DatabaseIdentity;
  readonly key: Key;
  /** The value to be put back; undefined: the node goes away. */
  readonly old: Bytes | undefined;
}

/** A transaction that the journal neither commits nor ends. */
export interface OpenTransaction {
  readonly transaction: number;
  readonly session: number;
  /** Epoch of its first record: (major, minor). */
  readonly major: number;
  readonly minor: number;
  /** Start of the block that its first record stands in. */
  readonly start: Position;
  /** Newest first: the order to undo them in. */
  readonly undo: readonly Undo[];
}

/** A MARK record. */
export interface Mark {
  readonly kind: Bytes;
  readonly payload: Bytes;
  /** Start of its block. */
  readonly position: Position;
}

export interface Recovered {
  /** Oldest first. */
  readonly open: readonly OpenTransaction[];
  readonly marks: readonly Mark[];
  /** The highest transaction number seen, 0 when there was none. */
  readonly highest: number;
}

/**
 * Which transactions exist at any moment of reading, and where they began. Numbers are those of one epoch; a new epoch's
 * first writer ends those it inherits before it begins any of its own.
 */
export class TransactionTracker {
  /** In the order of their starts. */
  readonly #starts = new Map<number, Position>();

  see(record: RecordView, blockStart: Position): void {
    const { transaction } = record;
    if (transaction === 0) return;
    const { type } = record;
    if (type === recordTypes.tcommit || type === recordTypes.rollbackEnd) this.#starts.delete(transaction);
    else if (!this.#starts.has(transaction)) this.#starts.set(transaction, blockStart);
  }

  /** Where the oldest open one began; null when none is open. */
  get oldest(): Position | null {
    const first = this.#starts.values().next();
    return first.done === true ? null : first.value;
  }

  clear(): void {
    this.#starts.clear();
  }
}

interface Building extends OpenTransaction {
  readonly undo: Undo[];
}

/**
 * Reads the journal from `from` to `to` for what is left open at its end: the executor undoes it with compensation records
 * and a rollback end.
 * @param from at or before the start of the oldest transaction that can be open: the least `openStart ?? position` of the databases
 */
export function recoverTransactions(files: JournalFiles, from: Position, to: Position): Recovered {
  const open = new Map<number, Building>();
  const marks: Mark[] = [];
  let highest = 0;
  scanRecords(files, from, to, (record, database, block) => {
    const { type, transaction } = record;
    if (type === recordTypes.mark) marks.push({ kind: record.key, payload: record.value, position: block.start });
    if (transaction === 0) return;
    highest = Math.max(highest, transaction);
    if (type === recordTypes.tcommit || type === recordTypes.rollbackEnd) {
      open.delete(transaction);
      return;
    }
    let building = open.get(transaction);
    if (building === undefined) {
      building = { transaction, session: record.session, major: block.major, minor: block.minor, start: block.start, undo: [] };
      open.set(transaction, building);
    }
    if (type !== recordTypes.set && type !== recordTypes.kill) return;
    if (database === null) throw notBound(record.database, block.start);
    building.undo.push({ database, key: record.key, old: record.old });
  });
  return { open: [...open.values()].map((building) => ({ ...building, undo: building.undo.reverse() })), marks, highest };
}
