import type Sqlite from 'better-sqlite3';
import type { Position } from '../../api/status.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import { openSqlite, readMeta } from '../file.ts';
import { mirrorPositionKey } from '../mirror-position.ts';
import { guarded } from '../sqlite-error.ts';
import { NodesDigest } from './leaf.ts';

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
const ownKey = Buffer.from(mirrorPositionKey, 'latin1');

type Row = [k: Buffer, v: Buffer];

/**
 * One view of a database file, however long somebody writes to it meanwhile. While it is open the write-ahead log cannot be emptied: not for
 * long. For a thread of its own. All calls throw GemelError as `DatabaseReader` does.
 */
export class PinnedFile {
  readonly position: Position | null;
  readonly #sqlite: Sqlite.Database;
  readonly #path: string;
  readonly #from: Sqlite.Statement<[Buffer], Row>;

  constructor(directory: string) {
    const { sqlite, path } = openSqlite(directory);
    this.#sqlite = sqlite;
    this.#path = path;
    this.position = guarded('read', path, () => {
      sqlite.pragma('query_only = ON');
      sqlite.exec('BEGIN');
      return readMeta(sqlite, path).position;
    });
    this.#from = sqlite.prepare<[Buffer], Row>('SELECT k, v FROM node WHERE k >= ? ORDER BY k').raw();
  }

  /** The next `count` leaves of `nodes` nodes each; fewer when the database ends there. */
  leaves(from: Key, nodes: number, count: number): Leaf[] {
    const found: Leaf[] = [];
    let digest = new NodesDigest();
    for (const [key, value] of this.#rows(from)) {
      if (digest.nodes === nodes) {
        found.push({ to: key.latin1Slice(), nodes: digest.nodes, digest: digest.end() });
        if (found.length === count) return found;
        digest = new NodesDigest();
      }
      digest.add(key, value);
    }
    found.push({ to: null, nodes: digest.nodes, digest: digest.end() });
    return found;
  }

  /** Leaves with these ends, in order. */
  digests(from: Key, ends: readonly (Key | null)[]): Leaf[] {
    const bounds = ends.map((end) => (end === null ? null : Buffer.from(end, 'latin1')));
    const found: Leaf[] = [];
    let digest = new NodesDigest();
    const close = (): void => {
      found.push({ to: ends[found.length] ?? null, nodes: digest.nodes, digest: digest.end() });
      digest = new NodesDigest();
    };
    for (const [key, value] of this.#rows(from)) {
      for (let bound = bounds[found.length]; bound !== null && bound !== undefined && bound.compare(key) <= 0; bound = bounds[found.length])
        close();
      if (found.length === ends.length) return found;
      digest.add(key, value);
    }
    while (found.length < ends.length) close();
    return found;
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
    const rows = guarded('read', this.#path, () => this.#from.iterate(Buffer.from(from, 'latin1')));
    try {
      for (;;) {
        const { done, value } = guarded('read', this.#path, () => rows.next());
        if (done === true) return;
        // The engine's own, and no content.
        if (!value[0].equals(ownKey)) yield value;
      }
    } finally {
      rows.return?.();
    }
  }

  close(): void {
    this.#sqlite.close();
  }
}
