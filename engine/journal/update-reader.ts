import type { Bytes, Key } from '../globals/bytes.ts';
import { Bindings, notBound } from './bindings.ts';
import type { JournalFiles } from './files.ts';
import { BlockReader } from './reader.ts';
import { forEachRecord } from './record.ts';
import { recordTypes, type Position } from './types.ts';

/** An update as the journal has it. */
export interface JournalUpdate {
  /** The database, as the journal's records name it. */
  readonly name: string;
  /** Which database of that name. */
  readonly guid: string;
  readonly key: Key;
  /** undefined: the node went away */
  readonly value: Bytes | undefined;
  /** 0: outside a transaction. */
  readonly transaction: number;
  /** Written by a rollback, to undo an earlier one. */
  readonly compensation: boolean;
  /** Start of its block. */
  readonly at: Position;
  /** When that was written, ms since the epoch. */
  readonly timeMs: number;
}

/** The updates of one block. */
export interface UpdateBlock {
  readonly end: Position;
  /** Of the whole block, with what is no update. */
  readonly bytes: number;
  /** When it was written, ms since the epoch. */
  readonly timeMs: number;
  readonly updates: readonly JournalUpdate[];
}

/** Reads the updates of some databases from a journal, block by block. */
export class UpdateReader {
  readonly #files: JournalFiles;
  readonly #reader: BlockReader;
  readonly #bindings = new Bindings();

  /** @param from where a block begins */
  constructor(files: JournalFiles, from: Position) {
    this.#files = files;
    this.#reader = new BlockReader(files, from);
  }

  /**
   * The next block, never beyond the limit; null: that is reached.
   * @param wanted whether updates of that database are wanted
   * @throws GemelError DAMAGED, NOT_FOUND
   */
  next(limit: Position, wanted: (name: string) => boolean): UpdateBlock | null {
    const block = this.#reader.next(limit);
    if (block === null) return null;
    this.#bindings.moveTo(this.#files, block.start);
    const { start: at, timeMs } = block;
    const updates: JournalUpdate[] = [];
    forEachRecord(block.bytes, (record) => {
      const { type } = record;
      if (type === recordTypes.database) this.#bindings.learn(record);
      if (type !== recordTypes.set && type !== recordTypes.kill) return;
      const identity = this.#bindings.get(record.database);
      if (identity === undefined) throw notBound(record.database, block.end);
      const { name, guid } = identity;
      if (!wanted(name)) return;
      const { key, transaction, compensation } = record;
      updates.push({ name, guid, key, value: type === recordTypes.set ? record.value : undefined, transaction, compensation, at, timeMs });
    });
    return { end: block.end, bytes: block.length, timeMs, updates };
  }

  close(): void {
    this.#reader.close();
  }
}
