import {
  comparePositions,
  isBefore,
  recordTypes,
  recoverTransactions,
  type Inheritance,
  scanRecords,
  type Journal,
  type JournalFiles,
  type OpenTransaction,
  type Position,
  type Recovered,
} from '../../journal/index.ts';
import { parsePrepared, PREPARED, type FoundOpen, type OpenDatabase, type Prepared, type Undo } from '../executor/index.ts';

/** From where a journal must be read for transactions that databases fed by it may hold open. */
export function oldestOpen(databases: Iterable<OpenDatabase>, end: Position): Position {
  let oldest = end;
  for (const database of databases) {
    const meta = database.nodes.meta();
    const from = meta.openStart ?? meta.position;
    if (from !== null && isBefore(from, oldest)) oldest = from;
  }
  return oldest;
}

/** The same, of what a new primary inherits: its databases' files need not say it. */
export function oldestInherited({ openStart, position }: Inheritance, end: Position): Position {
  // The journal of a new mirror has no file yet.
  return openStart ?? (position.file === 0 ? end : position);
}

export interface FoundPrepared {
  readonly found: FoundOpen;
  readonly mirror: Prepared;
}

export interface OpenAtEnd {
  /** To be rolled back. */
  readonly open: readonly FoundOpen[];
  /** Prepared transactions, decided by the mirror's journal. */
  readonly prepared: readonly FoundPrepared[];
  readonly highest: number;
}

/**
 * What a journal holds open at its end, in terms of the databases mounted here. Updates of databases that are not here are left out.
 * @param from where the oldest of them begins; left out: as the databases' files say
 */
export function openAtEnd(files: JournalFiles, databases: Iterable<OpenDatabase>, end: Position, from?: Position): OpenAtEnd {
  const byName = new Map([...databases].map((d) => [d.journalName, d]));
  const recovered = files.last === undefined ? nothing : recoverTransactions(files, from ?? oldestOpen(byName.values(), end), end);
  const open: FoundOpen[] = [];
  const prepared: FoundPrepared[] = [];
  for (const transaction of recovered.open) {
    const found = translate(transaction, byName);
    const mark = preparedMark(recovered, transaction);
    if (mark === null) open.push(found);
    else prepared.push({ found, mirror: mark });
  }
  return { open, prepared, highest: recovered.highest };
}

/** Numbers are used again after a restart: only a mark behind the transaction's own start is about it. */
function preparedMark(recovered: Recovered, transaction: OpenTransaction): Prepared | null {
  const mark = recovered.marks.find(
    (m) =>
      m.kind === PREPARED && !isBefore(m.position, transaction.start) && parsePrepared(m.payload)?.transaction === transaction.transaction,
  );
  return mark === undefined ? null : parsePrepared(mark.payload);
}

const nothing: Recovered = { open: [], marks: [], highest: 0 };

function translate(transaction: OpenTransaction, byName: ReadonlyMap<string, OpenDatabase>): FoundOpen {
  const undo: Undo[] = [];
  for (const entry of transaction.undo) {
    const database = byName.get(entry.database.name);
    if (database?.guid === entry.database.guid) undo.push({ database, key: entry.key, old: entry.old });
  }
  return { transaction: transaction.transaction, session: transaction.session, undo };
}

/**
 * Whether the mirror's journal, settled up to the position, holds the commit of a prepared transaction. undefined: it cannot
 * say yet, since the epoch that would have it goes on there.
 */
export function committedIn(journal: Journal, settled: Position, { transaction, major, minor, from }: Prepared): boolean | undefined {
  const { lineage } = journal;
  const after = lineage.find(
    ({ epoch, first }) => (epoch.major - major || epoch.minor - minor) > 0 && comparePositions(first, settled) <= 0,
  );
  if (after === undefined) return undefined;
  const isKept = lineage.some(({ epoch }) => epoch.major === major && epoch.minor === minor);
  // Cut before the place where the commit could stand: it never became durable in the mirror.
  if (!isKept || isBefore(after.previousEnd, from)) return false;
  let isCommitted = false;
  scanRecords(journal.files, from, after.previousEnd, (record) => {
    if (record.type === recordTypes.tcommit && record.transaction === transaction) isCommitted = true;
  });
  return isCommitted;
}
