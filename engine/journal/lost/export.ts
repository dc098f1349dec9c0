import { GemelError } from '../../api/errors.ts';
import type { LostBytes, LostHeader, LostUpdate } from '../../api/lost.ts';
import type { Bytes, Key } from '../../globals/bytes.ts';
import { formatReference } from '../../globals/index.ts';
import type { JournalFiles } from '../files.ts';
import { comparePositions } from '../position.ts';
import type { Block } from '../reader.ts';
import { earliest, type OpenAtFork } from '../rewind/open-at-fork.ts';
import { scanRecords } from '../scan.ts';
import { recordTypes, type DatabaseIdentity, type Position, type RecordView } from '../types.ts';
import { toJson } from './bytes.ts';
import { LineWriter } from './line-writer.ts';
import { Units, type Unit } from './units.ts';

/** What a first reading of the lost part tells. */
export interface LostPart {
  readonly units: readonly Unit[];
  readonly updates: number;
  readonly single: number;
  /** Up to there it could be read. */
  readonly readable: Position;
  /** Why not further; null: to its end. */
  readonly incomplete: string | null;
}

/** Reads everything behind the fork once: which transactions there are, how they ended, and how much can be read. */
export function surveyLost(files: JournalFiles, fork: Position, end: Position): LostPart {
  const units = new Units();
  let updates = 0;
  let single = 0;
  let readable = fork;
  const incomplete = unlessDamaged(() =>
    scanRecords(files, fork, end, (record, _database, block) => {
      const unit = units.see(record, block);
      readable = block.end;
      if (!isUpdate(record)) return;
      updates += 1;
      if (unit === null) single += 1;
    }),
  );
  return { units: units.all, updates, single, readable, incomplete };
}

/** The text of what is wrong with the journal; null: nothing. */
function unlessDamaged(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof GemelError && (error.code === 'DAMAGED' || error.code === 'NOT_FOUND')) return error.message;
    throw error;
  }
}

export interface LostExport {
  readonly files: JournalFiles;
  readonly fork: Position;
  readonly part: LostPart;
  /** Transactions that were open at the fork: what they did before it was rolled back by the mirror. */
  readonly open: readonly OpenAtFork[];
  readonly header: LostHeader;
  readonly path: string;
}

/** Writes the report: a line for the whole, then one for each update. Durable when it returns. */
export function exportLost(options: LostExport): void {
  const { files, fork, part, header, path } = options;
  const lines = new LineWriter(files.files, path);
  try {
    lines.add(header);
    const updates = new UpdateLines(lines);
    addShared(options, updates);
    const units = new Units();
    scanRecords(files, fork, part.readable, (record, database, block) => {
      const seen = units.see(record, block);
      // How it ended is known from the first reading.
      const unit = seen === null ? null : (part.units[seen.index] ?? seen);
      if (isUpdate(record) && database !== null) updates.add(record, database, block, unit, false);
    });
    lines.finish();
  } catch (error) {
    lines.abandon();
    throw error;
  }
}

/** What transactions did before the fork that were open there: it counts as lost where they were committed behind it. */
function addShared({ files, fork, part, open }: LostExport, updates: UpdateLines): void {
  const first = earliest(open.map(({ start }) => start));
  if (first === null) return;
  const older = new Map(part.units.filter(({ isOlder }) => isOlder).map((unit) => [unit.transaction, unit]));
  const starts = new Map(open.map(({ transaction, start }) => [transaction, start]));
  const begun = new Set<number>();
  scanRecords(files, first, fork, (record, database, block) => {
    const { transaction, type } = record;
    const start = starts.get(transaction);
    if (start === undefined) return;
    if (type === recordTypes.tstart && comparePositions(block.start, start) === 0) begun.add(transaction);
    if (!begun.has(transaction) || !isUpdate(record) || database === null) return;
    const unit = older.get(transaction) ?? null;
    if (unit?.outcome === 'committed') updates.add(record, database, block, unit, true);
    else updates.note(record, database);
  });
}

function isUpdate({ type }: RecordView): boolean {
  return type === recordTypes.set || type === recordTypes.kill;
}

/** The lines of updates, and what the mirror kept of each node that they changed. */
class UpdateLines {
  readonly #lines: LineWriter;
  /** By database and key: what stood there before any of it. */
  readonly #kept = new Map<string, Map<Key, Bytes | undefined>>();
  #n = 0;

  constructor(lines: LineWriter) {
    this.#lines = lines;
  }

  /** @returns what the mirror kept of the node */
  note({ key, old }: RecordView, { name }: DatabaseIdentity): Bytes | undefined {
    let kept = this.#kept.get(name);
    if (kept === undefined) this.#kept.set(name, (kept = new Map<Key, Bytes | undefined>()));
    if (kept.has(key)) return kept.get(key);
    kept.set(key, old);
    return old;
  }

  add(record: RecordView, database: DatabaseIdentity, { timeMs }: Block, unit: Unit | null, isShared: boolean): void {
    const { old } = record;
    const kept = this.note(record, database);
    this.#n += 1;
    this.#lines.add({
      n: this.#n,
      id: unit?.id ?? `U${this.#n}`,
      time: new Date(timeMs).toISOString(),
      transaction: unit?.transaction ?? null,
      outcome: unit?.outcome ?? 'single',
      process: record.session,
      database: database.name,
      reference: toJson(formatReference(null, record.key)),
      old: orNull(old),
      new: record.type === recordTypes.kill ? null : toJson(record.value),
      ...(kept === old ? {} : { kept: orNull(kept) }),
      ...(record.compensation ? { compensation: true } : {}),
      ...(isShared ? { shared: true } : {}),
    } satisfies LostUpdate);
  }
}

function orNull(bytes: Bytes | undefined): LostBytes | null {
  return bytes === undefined ? null : toJson(bytes);
}
