import type Sqlite from 'better-sqlite3';
import { assert } from '../io/assert.ts';
import type { Bytes, Key, Node, NodeReader } from '../globals/index.ts';
import { openSqlite, readMeta, type DatabaseMeta } from './file.ts';
import { guarded } from './sqlite-error.ts';

/** KiB of pages that a reader keeps. A commit of the writer makes SQLite forget them all, so more gains little. */
const CACHE_KIB = 8192;

type Row = [k: Buffer, v: Buffer];

function bytesOf(buffer: Buffer): Bytes {
  return buffer.latin1Slice(0, buffer.length);
}

function nodeOf(row: Row | undefined): Node | undefined {
  return row === undefined ? undefined : { key: bytesOf(row[0]), value: bytesOf(row[1]) };
}

/** A database file as it is read: what `Database` and scans need of one. */
export interface NodeFile extends NodeReader {
  /** The first `count` keys with `from <= key < end`, or the last ones, last first. */
  keys(from: Key, end: Key, count: number, direction: 1 | -1): Key[];
  /** What the newest commit says. */
  meta(): DatabaseMeta;
  /** Bytes of the file, as of the newest commit. */
  fileBytes(): number;
  /** Those of them that hold something: what was killed leaves room for other nodes. */
  usedBytes(): number;
  /** Keeps one view of the file until `release`. */
  hold(): void;
  release(): void;
  readonly held: boolean;
  close(): void;
}

/**
 * Reads a database file that a writer may be writing to at the same time: each call sees the newest commit and leaves
 * no read transaction behind (one would keep the write-ahead log from being emptied), but for `hold`.
 * All calls throw GemelError DAMAGED, IO, LOCKED.
 */
export class DatabaseReader implements NodeFile {
  readonly path: string;
  readonly #sqlite: Sqlite.Database;
  readonly #get: Sqlite.Statement<[Buffer], Buffer>;
  readonly #next: Sqlite.Statement<[Buffer, Buffer], Row>;
  readonly #previous: Sqlite.Statement<[Buffer, Buffer], Row>;
  readonly #keys: Sqlite.Statement<[Buffer, Buffer, number], Buffer>;
  readonly #keysBack: Sqlite.Statement<[Buffer, Buffer, number], Buffer>;
  readonly #begin: Sqlite.Statement<[]>;
  readonly #end: Sqlite.Statement<[]>;
  #held = false;

  /** Throws as `openSqlite` does. */
  static open(directory: string): DatabaseReader {
    const { sqlite, path } = openSqlite(directory);
    return new DatabaseReader(sqlite, path);
  }

  private constructor(sqlite: Sqlite.Database, path: string) {
    this.#sqlite = sqlite;
    this.path = path;
    sqlite.pragma('query_only = ON');
    sqlite.pragma(`cache_size = -${CACHE_KIB}`);
    const range = 'FROM node WHERE k >= ? AND k < ? ORDER BY k';
    this.#get = sqlite.prepare<[Buffer], Buffer>('SELECT v FROM node WHERE k = ?').pluck();
    this.#next = sqlite.prepare<[Buffer, Buffer], Row>(`SELECT k, v ${range} LIMIT 1`).raw();
    this.#previous = sqlite.prepare<[Buffer, Buffer], Row>(`SELECT k, v ${range} DESC LIMIT 1`).raw();
    this.#keys = sqlite.prepare<[Buffer, Buffer, number], Buffer>(`SELECT k ${range} LIMIT ?`).pluck();
    this.#keysBack = sqlite.prepare<[Buffer, Buffer, number], Buffer>(`SELECT k ${range} DESC LIMIT ?`).pluck();
    this.#begin = sqlite.prepare('BEGIN');
    this.#end = sqlite.prepare('COMMIT');
  }

  get(key: Key): Bytes | undefined {
    return guarded('read', this.path, () => {
      const value = this.#get.get(Buffer.from(key, 'latin1'));
      return value === undefined ? undefined : bytesOf(value);
    });
  }

  next(from: Key, end: Key, inclusive: boolean): Node | undefined {
    return guarded('read', this.path, () =>
      nodeOf(this.#next.get(Buffer.from(inclusive ? from : successor(from), 'latin1'), Buffer.from(end, 'latin1'))),
    );
  }

  previous(from: Key, start: Key): Node | undefined {
    return guarded('read', this.path, () => nodeOf(this.#previous.get(Buffer.from(start, 'latin1'), Buffer.from(from, 'latin1'))));
  }

  keys(from: Key, end: Key, count: number, direction: 1 | -1): Key[] {
    const statement = direction === 1 ? this.#keys : this.#keysBack;
    return guarded('read', this.path, () => statement.all(Buffer.from(from, 'latin1'), Buffer.from(end, 'latin1'), count).map(bytesOf));
  }

  meta(): DatabaseMeta {
    return guarded('read', this.path, () => readMeta(this.#sqlite, this.path));
  }

  fileBytes(): number {
    return this.#bytes('SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()');
  }

  usedBytes(): number {
    return this.#bytes(
      'SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()',
    );
  }

  #bytes(query: string): number {
    const bytes = guarded('read', this.path, () => this.#sqlite.prepare<[], number>(query).pluck().get());
    assert(bytes !== undefined, 'SQLite knows its size');
    return bytes;
  }

  /**
   * Keeps one view of the file until `release`: reads in between cost about half. Only for the length of one turn of
   * the event loop, and released before the executor learns of a commit.
   */
  hold(): void {
    if (this.#held) return;
    guarded('read', this.path, () => this.#begin.run());
    this.#held = true;
  }

  release(): void {
    if (!this.#held) return;
    guarded('read', this.path, () => this.#end.run());
    this.#held = false;
  }

  get held(): boolean {
    return this.#held;
  }

  close(): void {
    this.release();
    this.#sqlite.close();
  }
}

/** The smallest key greater than `key`. */
export function successor(key: Key): Key {
  return key + '\0';
}
