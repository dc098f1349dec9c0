import type { Position } from '../api/status.ts';
import { decodeKey } from '../globals/index.ts';
import { NodesDigest } from './nodes-digest.ts';
import { openSqlite, readMeta } from './file.ts';
import { mirrorPositionKey } from './mirror-position.ts';
import { guarded } from './sqlite-error.ts';

export interface Verification {
  readonly sound: boolean;
  readonly nodes: number;
  /** SHA-256 in hex over all nodes in order: equal for databases with the same nodes, whatever their files look like. */
  readonly digest: string;
  readonly position: Position | null;
  /** One sentence each; none when sound. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 20;
const ownKey = Buffer.from(mirrorPositionKey, 'latin1');

/**
 * Looks at every page and node, in one view of the file (an instance may be writing to it). Takes seconds for a large
 * database: not for the executor's thread. What it finds wrong is a result; it throws only what `openSqlite` throws, and DAMAGED where
 * the file cannot even be read through.
 */
export function verifyDatabase(directory: string): Verification {
  const { sqlite, path } = openSqlite(directory);
  try {
    return guarded('verify', path, () => {
      sqlite.pragma('query_only = ON');
      sqlite.exec('BEGIN');
      const problems: string[] = [];
      for (const line of sqlite.prepare<[], string>(`PRAGMA integrity_check(${PROBLEMS_MAX})`).pluck().all()) {
        if (line !== 'ok') problems.push(`The file is damaged: ${line}.`);
      }
      const { position } = readMeta(sqlite, path);
      const rows = sqlite.prepare<[], [Buffer, Buffer]>('SELECT k, v FROM node ORDER BY k').raw().iterate();
      const { nodes, digest } = checkNodes(rows, problems);
      return { sound: problems.length === 0, nodes, digest, position, problems };
    });
  } finally {
    sqlite.close();
  }
}

function checkNodes(rows: Iterable<[Buffer, Buffer]>, problems: string[]): { nodes: number; digest: string } {
  const digest = new NodesDigest();
  let last: Buffer | undefined;
  for (const [key, value] of rows) {
    // It is the engine's own, and no content.
    if (key.equals(ownKey)) continue;
    digest.add(key, value);
    if (problems.length < PROBLEMS_MAX) {
      if (last !== undefined && last.compare(key) >= 0) problems.push(`Node ${digest.nodes} is not in order.`);
      if (!decodes(key)) problems.push(`Node ${digest.nodes} has a key that is none.`);
    }
    last = key;
  }
  return { nodes: digest.nodes, digest: digest.end() };
}

function decodes(key: Buffer): boolean {
  try {
    decodeKey(key.latin1Slice(0, key.length));
    return true;
  } catch {
    return false;
  }
}
