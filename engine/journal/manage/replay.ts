import { GemelError } from '../../api/errors.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import type { Files } from '../../io/files.ts';
import { readHeader } from '../files.ts';
import { forEachRecord } from '../record.ts';
import { recordTypes, type JournalHeader, type RecordView } from '../types.ts';
import { FileWalk, JournalDamage, type WalkedBlock } from './walk.ts';

/** Up to where journal files are applied: only blocks that were written before that time, or that end at or before that place. */
export type ReplayEnd =
  | { readonly by: 'time'; readonly ms: number }
  | { readonly by: 'place'; readonly file: number; readonly offset: number }
  | { readonly by: 'all' };

export interface ReplayOptions {
  readonly files: Files;
  /** In any order. */
  readonly paths: readonly string[];
  /** What the journal calls the database. Regardless of case. */
  readonly source: string;
  readonly end: ReplayEnd;
  /** The node and everything below it; left out: all. */
  readonly global?: Key;
}

/** An update as it is to be applied. */
export interface ReplayUpdate {
  readonly key: Key;
  /** undefined: the node goes away */
  readonly value: Bytes | undefined;
}

interface ReplayFile {
  readonly path: string;
  readonly header: JournalHeader;
  readonly closed: number | null;
}

/** What there is to apply. */
export interface ReplaySurvey {
  readonly updates: number;
  readonly bytes: number;
  /** Databases that the files name. */
  readonly databases: ReadonlySet<string>;
  /** The last block that counts ends there; null: none does. */
  readonly upTo: { readonly file: string; readonly offset: number } | null;
}

/** A transaction open where reading has got to: what its updates found, oldest first. */
interface Open {
  readonly undo: ReplayUpdate[];
}

/**
 * Reads the updates of one database out of journal files, a block a step: once to see that the files are whole and what there is,
 * then again to apply it. Transactions that are open at the end are given as updates that undo them.
 */
export class JournalReplay {
  readonly #options: ReplayOptions;
  readonly #all: readonly ReplayFile[];

  /** @throws GemelError REFUSED when the files do not follow each other, and as `readHeader` */
  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#all = openAll(options);
  }

  get bytes(): number {
    return this.#all.reduce((sum, { path }) => sum + this.#options.files.size(path), 0);
  }

  /** Reads everything and applies nothing. A step a block. Throws DAMAGED. */
  *survey(): Generator<number, ReplaySurvey> {
    let updates = 0;
    let bytes = 0;
    let upTo: ReplaySurvey['upTo'] = null;
    const databases = new Set<string>();
    for (const { block, path, number } of this.#blocks(databases)) {
      forEachRecord(block.bytes, (record) => {
        if (isUpdate(record) && this.#isWanted(record, number)) updates += 1;
      });
      bytes += block.length;
      upTo = { file: path, offset: block.end.offset };
      yield block.length;
    }
    return { updates, bytes, databases, upTo };
  }

  /** The updates of each block in turn, and at last what undoes what is open, newest first. Throws DAMAGED. */
  *updates(): Generator<{ readonly updates: readonly ReplayUpdate[]; readonly bytes: number; readonly undone: number }> {
    const open = new Map<number, Open>();
    for (const { block, number } of this.#blocks(new Set())) {
      const updates: ReplayUpdate[] = [];
      forEachRecord(block.bytes, (record) => {
        const { type, transaction } = record;
        if (type === recordTypes.tcommit || type === recordTypes.rollbackEnd) return void open.delete(transaction);
        if (!isUpdate(record) || !this.#isWanted(record, number)) return;
        const { key, old } = record;
        updates.push({ key, value: type === recordTypes.set ? record.value : undefined });
        if (transaction === 0) return;
        const own = open.get(transaction) ?? { undo: [] };
        open.set(transaction, own);
        own.undo.push({ key, value: old });
      });
      yield { updates, bytes: block.length, undone: 0 };
    }
    for (const { undo } of open.values()) yield { updates: undo.toReversed(), bytes: 0, undone: 1 };
  }

  #isWanted({ database, key }: RecordView, number: ReadonlySet<number>): boolean {
    const { global } = this.#options;
    return number.has(database) && (global === undefined || key.startsWith(global));
  }

  /** Blocks up to the end that is wanted, each with the numbers of the database in its file. */
  *#blocks(databases: Set<string>): Generator<{ block: WalkedBlock; path: string; number: ReadonlySet<number> }> {
    const source = this.#options.source.toUpperCase();
    for (const [n, { path, header, closed }] of this.#all.entries()) {
      const number = new Set<number>();
      const walk = new FileWalk(this.#options.files, path, header, { closed });
      try {
        for (let block = walk.next(); block !== null; block = walk.next()) {
          if (this.#isBehind(block)) return;
          if (block.hasBindings)
            forEachRecord(block.bytes, ({ type, key, database }) => {
              if (type !== recordTypes.database) return;
              const name = Buffer.from(key, 'latin1').toString('utf8');
              databases.add(name);
              if (name.toUpperCase() === source) number.add(database);
              else number.delete(database);
            });
          yield { block, path, number };
        }
        const next = this.#all[n + 1];
        if (next !== undefined && walk.end?.chain !== next.header.chain)
          throw new JournalDamage(next.path, 0, `it does not continue ${path}, but a journal that was another one by then`);
      } finally {
        walk.close();
      }
    }
  }

  #isBehind({ timeMs, end: { file, offset } }: WalkedBlock): boolean {
    const { end } = this.#options;
    if (end.by === 'time') return timeMs > end.ms;
    return end.by === 'place' && (file > end.file || (file === end.file && offset > end.offset));
  }
}

function isUpdate({ type }: RecordView): boolean {
  return type === recordTypes.set || type === recordTypes.kill;
}

function openAll({ files, paths }: ReplayOptions): ReplayFile[] {
  const found = paths.map((path) => ({ path, header: readHeader(files, path) })).sort((a, b) => a.header.number - b.header.number);
  return found.map(({ path, header }, n) => {
    const next = found[n + 1];
    if (next === undefined) return { path, header, closed: null };
    if (next.header.journal.guid !== header.journal.guid)
      throw refused(`${next.path} is of another journal than ${path}`, 'Give files of one journal.');
    if (next.header.number !== header.number + 1)
      throw refused(
        next.header.number === header.number
          ? `${path} and ${next.path} are both journal file ${header.number}`
          : `Between ${path} (file ${header.number}) and ${next.path} (file ${next.header.number}) there are files missing`,
        'Give every file from the first to the last, each once.',
      );
    return { path, header, closed: next.header.previousEnd };
  });
}

function refused(what: string, todo: string): GemelError {
  return new GemelError('REFUSED', `${what}.`, 'Nothing was changed.', todo);
}
