import { createHash } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import type { Position } from '../../api/status.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import { openSqlite, readMeta } from '../file.ts';
import { mirrorPositionKey } from '../mirror-position.ts';
import { guarded } from '../sqlite-error.ts';

/** Some nodes next to each other, as one number for all of them. */
export interface Leaf {
  /** Its keys are before this one; null: to the end. */
  readonly to: Key | null;
  readonly nodes: number;
  /** SHA-256, hex */
  readonly digest: string;
}

export interface NodePage {
  readonly nodes: readonly (readonly [key: Key, value: Bytes])[];
  /** Where the next page begins; null: this was the last one. */
  readonly next: Key | null;
}

/** What a page of nodes may hold: it goes over the network in one message. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Larger leaves are hashed node by node: SQLite would put them together in memory. */
const TOGETHER_BYTES = 16 * 1024 * 1024;
const ownKey = Buffer.from(mirrorPositionKey, 'latin1');

/** Of no nodes. */
const EMPTY = createHash('sha256').digest('hex');
/** Behind every key: names begin with a letter or `%`. */
const PAST_ALL = Buffer.from([0xff]);

type Row = [k: Buffer, v: Buffer];
type Sum = [nodes: number, bytes: number | null, last: Buffer | null];

/** What is hashed of a leaf: its nodes in hex, which no two lists of nodes have in common. */
const TEXT = "group_concat(hex(k) || '|' || hex(v), '/')";

/**
 * One view of a database file, however long somebody writes to it meanwhile. While it is open the write-ahead log cannot be emptied: not for
 * long. For a thread of its own. All calls throw GemelError as `DatabaseReader` does.
 */
export class PinnedFile {
  readonly position: Position | null;
  readonly #sqlite: Sqlite.Database;
  readonly #path: string;
  readonly #from: Sqlite.Statement<[Buffer], Row>;
  readonly #between: Sqlite.Statement<[Buffer, Buffer], Row>;
  readonly #sumFrom: Sqlite.Statement<[Buffer, number], Sum>;
  readonly #sumBetween: Sqlite.Statement<[Buffer, Buffer], Sum>;
  readonly #text: Sqlite.Statement<[Buffer, Buffer], string | null>;
  readonly #next: Sqlite.Statement<[Buffer], Buffer>;

  constructor(directory: string) {
    const { sqlite, path } = openSqlite(directory);
    this.#sqlite = sqlite;
    this.#path = path;
    this.position = guarded('read', path, () => {
      sqlite.pragma('query_only = ON');
      sqlite.exec('BEGIN');
      return readMeta(sqlite, path).position;
    });
    const nodes = `SELECT k, v FROM node WHERE k <> x'${ownKey.toString('hex')}' AND k >= ?`;
    const sum = 'SELECT count(*), sum(length(k) + length(v)), max(k) FROM';
    this.#from = sqlite.prepare<[Buffer], Row>(`${nodes} ORDER BY k`).raw();
    this.#between = sqlite.prepare<[Buffer, Buffer], Row>(`${nodes} AND k < ? ORDER BY k`).raw();
    this.#sumFrom = sqlite.prepare<[Buffer, number], Sum>(`${sum} (${nodes} ORDER BY k LIMIT ?)`).raw();
    this.#sumBetween = sqlite.prepare<[Buffer, Buffer], Sum>(`${sum} (${nodes} AND k < ?)`).raw();
    this.#text = sqlite.prepare<[Buffer, Buffer], string | null>(`SELECT ${TEXT} FROM (${nodes} AND k < ? ORDER BY k)`).pluck();
    this.#next = sqlite.prepare<[Buffer], Buffer>(`SELECT k FROM (${nodes} ORDER BY k LIMIT 1)`).pluck();
  }

  /** The next `count` leaves of `nodes` nodes each; fewer when the database ends there. */
  leaves(from: Key, nodes: number, count: number): Leaf[] {
    const found: Leaf[] = [];
    for (let begin: Buffer | null = Buffer.from(from, 'latin1'); begin !== null && found.length < count;) {
      const start: Buffer = begin;
      const [had, bytes, last] = guarded('read', this.#path, () => this.#sumFrom.get(start, nodes)) ?? [0, null, null];
      const behind = last === null ? null : Buffer.concat([last, Buffer.alloc(1)]);
      const to = behind === null ? null : (guarded('read', this.#path, () => this.#next.get(behind)) ?? null);
      const digest = last === null ? EMPTY : this.#digest(start, behind ?? start, bytes ?? 0);
      found.push({ to: to?.latin1Slice() ?? null, nodes: had, digest });
      begin = to;
    }
    return found;
  }

  /** Leaves with these ends, in order. */
  digests(from: Key, ends: readonly (Key | null)[]): Leaf[] {
    let start = Buffer.from(from, 'latin1');
    return ends.map((to) => {
      const end = to === null ? PAST_ALL : Buffer.from(to, 'latin1');
      const [nodes, bytes] = guarded('read', this.#path, () => this.#sumBetween.get(start, end)) ?? [0, null];
      const digest = nodes === 0 ? EMPTY : this.#digest(start, end, bytes ?? 0);
      start = end;
      return { to, nodes, digest };
    });
  }

  /** Of the nodes from `start` to before `end`. */
  #digest(start: Buffer, end: Buffer, bytes: number): string {
    const hash = createHash('sha256');
    if (bytes <= TOGETHER_BYTES) hash.update(guarded('read', this.#path, () => this.#text.get(start, end)) ?? '', 'latin1');
    else {
      let separator = '';
      for (const [key, value] of this.#each(() => this.#between.iterate(start, end))) {
        hash.update(`${separator}${key.toString('hex').toUpperCase()}|`, 'latin1');
        hash.update(value.toString('hex').toUpperCase(), 'latin1');
        separator = '/';
      }
    }
    return hash.digest('hex');
  }

  /** Nodes with their values. */
  nodes(from: Key, to: Key | null): NodePage {
    const bound = to === null ? null : Buffer.from(to, 'latin1');
    const nodes: [Key, Bytes][] = [];
    let bytes = 0;
    for (const [key, value] of this.#rows(from)) {
      if (bound !== null && bound.compare(key) <= 0) break;
      if (nodes.length > 0 && bytes + key.length + value.length > PAGE_BYTES) return { nodes, next: key.latin1Slice() };
      bytes += key.length + value.length;
      nodes.push([key.latin1Slice(), value.latin1Slice()]);
    }
    return { nodes, next: null };
  }

  *#rows(from: Key): Generator<Row> {
    yield* this.#each(() => this.#from.iterate(Buffer.from(from, 'latin1')));
  }

  *#each(iterate: () => IterableIterator<Row>): Generator<Row> {
    const rows = guarded('read', this.#path, iterate);
    try {
      for (;;) {
        const { done, value } = guarded('read', this.#path, () => rows.next());
        if (done === true) return;
        yield value;
      }
    } finally {
      rows.return?.();
    }
  }

  close(): void {
    this.#sqlite.close();
  }
}
