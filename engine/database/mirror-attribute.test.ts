import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Database } from './database.ts';
import { createDatabase } from './file.ts';
import { isRetained, retainMirrored, unmirror } from './mirror-attribute.ts';
import { DatabaseWriter } from './writer.ts';

let directory: string;

beforeEach(() => {
  directory = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-attribute-')), 'db');
  createDatabase(directory, {
    guid: 'g',
    name: 'DB',
    createdMs: 1,
    mirror: { name: 'TEST', database: 'DB', guid: 'm', failoverDB: true },
    journalId: 'm',
    extra: { other: 1 },
  });
  const writer = DatabaseWriter.open(directory);
  writer.begin();
  for (const key of ['a', 'b', 'c']) writer.upsert(key, 'now');
  writer.commit({ journalId: 'm', position: { file: 3, offset: 90 }, openStart: { file: 2, offset: 10 } });
  writer.close();
});

afterEach(() => fs.rmSync(path.dirname(directory), { recursive: true, force: true }));

function opened<T>(look: (database: Database) => T): T {
  const database = Database.open(directory);
  try {
    return look(database);
  } finally {
    database.close();
  }
}

it('a kept attribute is marked, and everything else stays', () => {
  retainMirrored(directory);
  retainMirrored(directory);
  const meta = opened((d) => d.meta());
  expect(isRetained(meta)).toBe(true);
  expect(meta).toMatchObject({ mirror: { guid: 'm' }, journalId: 'm', position: { file: 3, offset: 90 }, extra: { other: 1 } });
});

it('unmirrored it is an ordinary database without what was open, the newest change undone first', () => {
  retainMirrored(directory);
  const undo = [
    { key: 'a', old: 'between' },
    { key: 'b', old: undefined },
    { key: 'a', old: 'before' },
  ];
  unmirror(directory, undo, { guid: 'local', position: { file: 1, offset: 5 } });
  const { meta, nodes } = opened((d) => ({ meta: d.meta(), nodes: ['a', 'b', 'c'].map((key) => d.get(key)) }));
  expect(nodes).toEqual(['before', undefined, 'now']);
  expect(meta).toMatchObject({ mirror: null, journalId: 'local', position: { file: 1, offset: 5 }, openStart: null, extra: { other: 1 } });
  expect(isRetained(meta)).toBe(false);
});
