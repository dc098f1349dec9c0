import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MEGABYTE, plainProperties } from '../api/database-properties.ts';
import { GemelError } from '../api/errors.ts';
import { Database } from './database.ts';
import { createDatabase, openSqlite } from './file.ts';
import { someDatabase, temporaryDirectory } from './fixtures.ts';
import { unmirror } from './mirror-attribute.ts';
import { limitOf } from './properties.ts';
import { setFileProperties } from './set-properties.ts';
import { verifyDatabase } from './verify.ts';
import { DatabaseWriter } from './writer.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  temporary = temporaryDirectory();
});
afterEach(() => temporary.remove());

const mirror = { name: 'M', database: 'D', guid: 'g', failoverDB: true };
const limited = { shared: { ...plainProperties, maxSizeBytes: MEGABYTE / 4 }, isLimited: true };

function copy(): string {
  createDatabase(temporary.directory, { ...someDatabase, mirror, extra: { home: 'here' } });
  return temporary.directory;
}

function batch(writer: DatabaseWriter, name: string, count: number, offset: number): string {
  writer.begin();
  try {
    for (let n = 0; n < count; n++) writer.upsert(`${name}${n}\0`, 'x'.repeat(500));
    writer.commit({ position: { file: 1, offset }, openStart: null });
    return 'taken';
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return error.code;
  }
}

describe('properties of a file', () => {
  test('are set between batches, and what else it says stays', () => {
    const directory = copy();
    const writer = DatabaseWriter.open(directory);
    batch(writer, 'a', 10, 100);
    // Another one changes what the writer has read before.
    setFileProperties(directory, { shared: { ...plainProperties, resource: 'R' }, isLimited: false });
    const database = Database.open(directory);
    writer.setProperties({ shared: { ...plainProperties, maxSizeBytes: 5, expansionBytes: 7 }, isLimited: true });
    expect(database.properties).toMatchObject({ resource: 'R', maxSizeBytes: null });
    database.refresh();
    expect(database.properties).toMatchObject({ resource: null, maxSizeBytes: 5, expansionBytes: 7, mirror });
    expect(database.properties.extra).toEqual({ home: 'here', limited: true });
    expect(database.full).toBe(true);
    batch(writer, 'b', 1, 200);
    writer.setProperties({ shared: plainProperties, isLimited: false });
    writer.close();
    expect(database.meta()).toMatchObject({ maxSizeBytes: null, extra: { home: 'here' }, position: { file: 1, offset: 200 } });
    database.close();
  });

  test('of an earlier version’s file are plain', () => {
    const directory = copy();
    const { sqlite } = openSqlite(directory);
    sqlite.exec("UPDATE meta SET properties = json_remove(properties, '$.expansionBytes', '$.resource', '$.collation')");
    sqlite.close();
    const database = Database.open(directory);
    expect(database.properties).toMatchObject(plainProperties);
    database.close();
  });

  test('leave room where something was killed', () => {
    const directory = copy();
    setFileProperties(directory, { shared: { ...plainProperties, maxSizeBytes: MEGABYTE / 4 }, isLimited: false });
    const writer = DatabaseWriter.open(directory);
    batch(writer, 'a', 800, 100);
    const database = Database.open(directory);
    expect(database.full).toBe(true);
    writer.begin();
    for (let n = 0; n < 800; n++) writer.remove(`a${n}\0`);
    writer.commit({ position: { file: 1, offset: 200 }, openStart: null });
    database.refresh();
    expect(database.full).toBe(false);
    expect(database.fileBytes).toBeGreaterThan(MEGABYTE / 4);
    database.close();
    writer.close();
  });
});

describe('a copy with a maximum size of its own', () => {
  test('refuses a batch that makes it larger as a whole, and takes it once the size is raised, or nobody holds it to that', () => {
    const directory = copy();
    setFileProperties(directory, limited);
    const writer = DatabaseWriter.open(directory);
    writer.keepLimit(true);
    expect(batch(writer, 'a', 100, 100)).toBe('taken');
    expect(batch(writer, 'b', 400, 200)).toBe('FILEFULL');
    writer.rollback();
    expect(writer.position).toEqual({ file: 1, offset: 100 });
    // What makes it no larger is taken.
    expect(batch(writer, 'a', 100, 150)).toBe('taken');
    writer.setProperties({ shared: { ...plainProperties, maxSizeBytes: MEGABYTE }, isLimited: true });
    expect(batch(writer, 'b', 400, 200)).toBe('taken');
    expect(batch(writer, 'c', 2000, 300)).toBe('FILEFULL');
    writer.keepLimit(false);
    expect(batch(writer, 'c', 2000, 300)).toBe('taken');
    writer.close();
    expect(verifyDatabase(directory)).toMatchObject({ sound: true, nodes: 2500 });
  });

  test('is held to it only as a copy that the mirror alone updates', () => {
    const extra = { limited: true };
    expect(limitOf({ mirror, maxSizeBytes: 5, extra })).toBe(5);
    expect(limitOf({ mirror, maxSizeBytes: 5, extra: {} })).toBe(null);
    expect(limitOf({ mirror: { ...mirror, failoverDB: false }, maxSizeBytes: 5, extra })).toBe(null);
    expect(limitOf({ mirror: null, maxSizeBytes: 5, extra })).toBe(null);
    const directory = copy();
    setFileProperties(directory, limited);
    unmirror(directory, [], { guid: 'local', position: { file: 1, offset: 1 } });
    const database = Database.open(directory);
    expect(database.properties).toMatchObject({ extra: {}, maxSizeBytes: MEGABYTE / 4 });
    database.close();
  });
});
