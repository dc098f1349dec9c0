import { chmodSync, closeSync, existsSync, openSync, readdirSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { Database } from './database.ts';
import { createDatabase, databasePath } from './file.ts';
import { makeDatabase, someDatabase, temporaryDirectory } from './fixtures.ts';
import { verifyDatabase } from './verify.ts';
import { DatabaseWriter } from './writer.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  temporary = temporaryDirectory();
});
afterEach(() => temporary.remove());

function errorOf(act: () => unknown): GemelError {
  try {
    act();
  } catch (error) {
    if (error instanceof GemelError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** All ways to open a directory refuse it alike. */
function refused(directory: string): GemelError {
  const error = errorOf(() => Database.open(directory));
  for (const open of [DatabaseWriter.open, verifyDatabase]) expect(errorOf(() => open(directory)).message).toBe(error.message);
  return error;
}

function write(path: string, offset: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

describe('a new database', () => {
  test('says what it is', () => {
    const directory = join(temporary.directory, 'deep', 'er');
    const init = {
      ...someDatabase,
      mirror: { name: 'DEMO', database: 'ACC', guid: 'm', failoverDB: true },
      maxSizeBytes: 1e6,
      expansionBytes: 2e6,
      resource: 'ACCOUNTS',
      collation: 'standard',
      journalId: 'j1',
      position: { file: 3, offset: 4096 },
      openStart: { file: 2, offset: 77 },
      extra: { note: 1 },
    };
    createDatabase(directory, init);
    const database = Database.open(directory);
    expect(database.meta()).toEqual(init);
    database.close();
    expect(readdirSync(directory)).toEqual(['GEMEL.DAT']);
  });

  test('leaves the one that is there alone', () => {
    const directory = makeDatabase(temporary.directory);
    expect(errorOf(() => createDatabase(directory, someDatabase)).code).toBe('EXISTS');
  });

  test('takes the place of one that was never finished', () => {
    writeFileSync(join(temporary.directory, 'GEMEL.DAT.new'), 'half');
    createDatabase(temporary.directory, someDatabase);
    expect(verifyDatabase(temporary.directory).sound).toBe(true);
    expect(existsSync(join(temporary.directory, 'GEMEL.DAT.new'))).toBe(false);
  });
});

describe('opening refuses', () => {
  test('a missing directory and a missing file', () => {
    expect(refused(join(temporary.directory, 'nowhere')).code).toBe('NOT_FOUND');
    expect(refused(temporary.directory).code).toBe('NOT_FOUND');
  });

  test.each([
    ['an empty file', '', 'DAMAGED'],
    ['a short file', 'SQLite format 3\0', 'DAMAGED'],
    ['zeros', '\0'.repeat(8192), 'DAMAGED'],
    ['text', 'hello '.repeat(100), 'FOREIGN'],
  ])('%s', (_, content, code) => {
    writeFileSync(databasePath(temporary.directory), content, 'latin1');
    expect(refused(temporary.directory).code).toBe(code);
  });

  test("another program's database", () => {
    const sqlite = new Sqlite(databasePath(temporary.directory));
    sqlite.exec('CREATE TABLE node (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID');
    sqlite.close();
    const error = refused(temporary.directory);
    expect(error.code).toBe('FOREIGN');
    expect(error.what).toContain('another program');
  });

  test('a newer format', () => {
    const directory = makeDatabase(temporary.directory);
    const sqlite = new Sqlite(databasePath(directory));
    sqlite.pragma('user_version = 2');
    sqlite.close();
    expect(refused(directory).code).toBe('VERSION');
  });

  test('a file that was cut', () => {
    const directory = makeDatabase(temporary.directory);
    truncateSync(databasePath(directory), 8192);
    const error = refused(directory);
    expect(error.code).toBe('DAMAGED');
    expect(error.what).toContain('8192 of its');
  });

  test('other tables, other properties', () => {
    const directory = makeDatabase(temporary.directory);
    const sqlite = new Sqlite(databasePath(directory));
    sqlite.exec(`UPDATE meta SET properties = '{"guid":1}'`);
    expect(refused(directory).what).toContain('properties');
    sqlite.exec('DELETE FROM meta');
    expect(refused(directory).what).toContain('which database');
    sqlite.exec('CREATE TABLE other (x)');
    expect(refused(directory).what).toContain('tables');
    sqlite.close();
  });

  test('a page of garbage at the root of the nodes', () => {
    const directory = makeDatabase(temporary.directory);
    write(databasePath(directory), 4096, Buffer.alloc(4096, 0x5a));
    expect(refused(directory).code).toBe('DAMAGED');
  });

  test('a file without rights', ({ skip }) => {
    skip(process.getuid?.() === 0, 'the superuser may read every file');
    const directory = makeDatabase(temporary.directory);
    chmodSync(databasePath(directory), 0o000);
    expect(refused(directory).code).toBe('RIGHTS');
  });
});
