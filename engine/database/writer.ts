import type Sqlite from 'better-sqlite3';
import { GemelError } from '../api/errors.ts';
import type { Position } from '../api/status.ts';
import { assert } from '../io/assert.ts';
import type { Bytes, Key } from '../globals/index.ts';
import {
  openSqlite,
  prepareProgress,
  readMeta,
  writeProperties,
  type DatabaseMeta,
  type DatabaseProgress,
  type DatabaseProperties,
} from './file.ts';
import { limitOf, withProperties, type PropertyChange } from './properties.ts';
import { guarded } from './sqlite-error.ts';

const CACHE_KIB = 24_576;
/** A write-ahead log longer than this is cut once it is empty; shorter ones are written over from their start. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024;
/** Nodes written by one statement: half the cost of one statement for each. */
const ROW = 32;
/** SQLite's header of one page in the log. */
const WAL_FRAME_HEADER_BYTES = 24;

/** What a commit records; what is left out stays as it was. */
export interface CommitProgress extends Partial<DatabaseProgress> {
  readonly position: Position;
  readonly openStart: Position | null;
}

export interface CommitFigures {
  /** Bytes that the commit added to the write-ahead log. */
  readonly walBytes: number;
}

export interface CheckpointFigures {
  /** Bytes copied from the log into the file (an upper bound: a page that is in the log twice is copied once). */
  readonly copiedBytes: number;
  /** Whether all of the log is in the file now; else a reader kept a part back, and a later call goes on. */
  readonly complete: boolean;
}

interface WalState {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * The one writer of a database file, on a thread of its own. A commit survives the end of the process; what survives a
 * power failure is `safePosition`, and the journal has the rest. All calls throw GemelError DISK_FULL, IO, DAMAGED, LOCKED, RIGHTS.
 */
export class DatabaseWriter {
  readonly path: string;
  readonly #sqlite: Sqlite.Database;
  readonly #upsert: Sqlite.Statement<[Buffer, Buffer]>;
  readonly #upsertRow: Sqlite.Statement<Buffer[]>;
  /** Keys and values in turn that wait to be written together. */
  #waiting: Buffer[] = [];
  readonly #remove: Sqlite.Statement<[Buffer]>;
  readonly #recordProgress: (progress: DatabaseProgress) => void;
  readonly #walState: Sqlite.Statement<[], WalState>;
  readonly #frameBytes: number;
  readonly #pageBytes: number;
  /** Bytes beyond which no batch makes the file grow; null: any does that has to. */
  #limitBytes: number | null = null;
  #keepsLimit = false;
  /** Of the file before the open batch, where there is a limit. */
  #pagesBefore = 0;
  #meta: DatabaseMeta;
  #safePosition: Position | null = null;
  /** Between `begin` and `commit` or `rollback`. */
  #open = false;
  /** The log before the open batch. */
  #walBefore: WalState = { busy: 0, log: 0, checkpointed: 0 };

  /** Throws as `openSqlite` does. */
  static open(directory: string): DatabaseWriter {
    const { sqlite, path } = openSqlite(directory);
    return guarded('open', path, () => new DatabaseWriter(sqlite, path));
  }

  private constructor(sqlite: Sqlite.Database, path: string) {
    this.#sqlite = sqlite;
    this.path = path;
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma('wal_autocheckpoint = 0');
    sqlite.pragma(`cache_size = -${CACHE_KIB}`);
    // What undoes one statement of several rows: else a file below /var/tmp, two writes for each page that changes.
    sqlite.pragma('temp_store = MEMORY');
    sqlite.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`);
    this.#upsert = sqlite.prepare('REPLACE INTO node (k, v) VALUES (?, ?)');
    this.#upsertRow = sqlite.prepare(`REPLACE INTO node (k, v) VALUES ${Array(ROW).fill('(?, ?)').join(', ')}`);
    this.#remove = sqlite.prepare('DELETE FROM node WHERE k = ?');
    this.#recordProgress = prepareProgress(sqlite);
    this.#walState = sqlite.prepare<[], WalState>('PRAGMA wal_checkpoint(NOOP)');
    this.#pageBytes = Number(sqlite.pragma('page_size', { simple: true }));
    this.#frameBytes = this.#pageBytes + WAL_FRAME_HEADER_BYTES;
    this.#meta = readMeta(sqlite, path);
    // What an ended process left in the log is not on the disk for sure before this.
    this.checkpointWal();
  }

  /** As of the last commit. */
  get meta(): DatabaseMeta {
    return this.#meta;
  }

  get position(): Position | null {
    return this.#meta.position;
  }

  get openStart(): Position | null {
    return this.#meta.openStart;
  }

  /** The position that the file has even after a power failure: journal before it (and before `openStart`) is not needed for this database. */
  get safePosition(): Position | null {
    return this.#safePosition;
  }

  /** Opens the transaction that `upsert` and `remove` belong to. Keys in order are written fastest. */
  begin(): void {
    assert(!this.#open, 'one batch at a time');
    guarded('update', this.path, () => {
      this.#walBefore = this.#checkpoint('NOOP');
      this.#sqlite.exec('BEGIN IMMEDIATE');
      if (this.#limitBytes !== null) this.#pagesBefore = this.#pages();
    });
    this.#open = true;
  }

  upsert(key: Key, value: Bytes): void {
    assert(this.#open, 'an update belongs to a batch');
    this.#put(Buffer.from(key, 'latin1'), Buffer.from(value, 'latin1'));
  }

  /** As `upsert`, of parts of `bytes`, which stay as they are until the batch ends. */
  upsertFrom(bytes: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void {
    assert(this.#open, 'an update belongs to a batch');
    this.#put(bytes.subarray(keyAt, keyAt + keyLength), bytes.subarray(valueAt, valueAt + valueLength));
  }

  #put(key: Buffer, value: Buffer): void {
    this.#waiting.push(key, value);
    if (this.#waiting.length === 2 * ROW) this.#writeWaiting();
  }

  #writeWaiting(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    guarded('update', this.path, () => {
      if (waiting.length === 2 * ROW) {
        this.#upsertRow.run(...waiting);
        return;
      }
      for (let i = 0; i < waiting.length; i += 2) this.#upsert.run(waiting[i] as Buffer, waiting[i + 1] as Buffer);
    });
  }

  remove(key: Key): void {
    this.#take(Buffer.from(key, 'latin1'));
  }

  /** As `remove`, of a part of `bytes`. */
  removeFrom(bytes: Buffer, keyAt: number, keyLength: number): void {
    this.#take(bytes.subarray(keyAt, keyAt + keyLength));
  }

  #take(key: Buffer): void {
    assert(this.#open, 'an update belongs to a batch');
    this.#writeWaiting();
    guarded('update', this.path, () => this.#remove.run(key));
  }

  /** No node is left; the file keeps its size. */
  clear(): void {
    assert(this.#open, 'an update belongs to a batch');
    this.#waiting = [];
    guarded('update', this.path, () => this.#sqlite.exec('DELETE FROM node'));
  }

  /** All of the batch and its position become visible together, or, after a throw, nothing. */
  commit(progress: CommitProgress): CommitFigures {
    assert(this.#open, 'a commit ends a batch');
    const meta = { ...this.#meta, ...progress };
    try {
      this.#writeWaiting();
      this.#refuseGrowth();
      return guarded('update', this.path, () => {
        this.#recordProgress(meta);
        this.#sqlite.exec('COMMIT');
        this.#open = false;
        this.#meta = meta;
        return { walBytes: this.#framesAdded() * this.#frameBytes };
      });
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Forgets the batch. Does nothing outside of one. */
  rollback(): void {
    this.#waiting = [];
    this.#open = false;
    // SQLite has ended it itself where the disk was full or failed.
    if (this.#sqlite.inTransaction) guarded('update', this.path, () => this.#sqlite.exec('ROLLBACK'));
  }

  /** Changes properties, with the batch that is open or else in a commit of its own. */
  updateProperties(change: Partial<DatabaseProperties>): void {
    const meta = { ...this.#meta, ...change };
    const { journalId: _journalId, position: _position, openStart: _openStart, ...properties } = meta;
    guarded('update', this.path, () => writeProperties(this.#sqlite, properties));
    this.#meta = meta;
  }

  /** Changes properties between batches, in a commit of its own that survives a power failure. */
  setProperties(change: PropertyChange): void {
    assert(!this.#open, 'properties are changed between batches');
    guarded('update', this.path, () => {
      // Another one may have changed them while this writer was open.
      this.#meta = readMeta(this.#sqlite, this.path);
      this.#sqlite.pragma('synchronous = FULL');
      try {
        this.updateProperties(withProperties(this.#meta, change));
      } finally {
        this.#sqlite.pragma('synchronous = NORMAL');
      }
    });
    this.keepLimit(this.#keepsLimit);
  }

  /** Whether a copy that holds to a maximum size of its own refuses batches that make it larger. At first none is refused. */
  keepLimit(isKept: boolean): void {
    this.#keepsLimit = isKept;
    this.#limitBytes = isKept ? limitOf(this.#meta) : null;
  }

  /** Throws FILEFULL when the open batch has made the file larger than it may become. */
  #refuseGrowth(): void {
    if (this.#limitBytes === null) return;
    const pages = guarded('update', this.path, () => this.#pages());
    if (pages <= this.#pagesBefore || pages * this.#pageBytes <= this.#limitBytes) return;
    throw new GemelError(
      'FILEFULL',
      `The database file ${this.path} has reached its maximum size.`,
      'What it contains stays as it is; the journal has the rest.',
      'Raise the maximum size (gemel db set-size), then gemel db catchup.',
    );
  }

  #pages(): number {
    return Number(this.#sqlite.pragma('page_count', { simple: true }));
  }

  /** Bytes in the write-ahead log: what a checkpoint has to look through. */
  walBytes(): number {
    return this.#checkpoint('NOOP').log * this.#frameBytes;
  }

  /** Copies what it can of the log into the file and syncs both. Waits for nobody and holds up no reader. */
  checkpointWal(): CheckpointFigures {
    assert(!this.#open, 'a checkpoint stands between batches');
    return guarded('checkpoint', this.path, () => {
      const before = this.#checkpoint('NOOP');
      const after = this.#checkpoint('PASSIVE');
      const complete = after.log === after.checkpointed;
      if (complete) this.#safePosition = this.#meta.position;
      return { copiedBytes: Math.max(0, after.checkpointed - before.checkpointed) * this.#frameBytes, complete };
    });
  }

  /** Ends a batch that is open without it, checkpoints and closes. */
  close(): void {
    this.rollback();
    try {
      this.checkpointWal();
    } finally {
      this.#sqlite.close();
    }
  }

  /** A log that was copied whole is written over from its start. */
  #framesAdded(): number {
    const before = this.#walBefore;
    const after = this.#checkpoint('NOOP').log;
    return before.log === before.checkpointed || after < before.log ? after : after - before.log;
  }

  #checkpoint(mode: 'NOOP' | 'PASSIVE'): WalState {
    const state = mode === 'NOOP' ? this.#walState.get() : this.#sqlite.prepare<[], WalState>('PRAGMA wal_checkpoint(PASSIVE)').get();
    assert(state !== undefined, 'a checkpoint answers');
    return { busy: state.busy, log: Math.max(0, state.log), checkpointed: Math.max(0, state.checkpointed) };
  }
}
