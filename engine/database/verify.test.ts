import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeKey } from '../globals/index.ts';
import { databasePath } from './file.ts';
import { makeDatabase, temporaryDirectory } from './fixtures.ts';
import { verifyDatabase } from './verify.ts';
import { DatabaseWriter } from './writer.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  temporary = temporaryDirectory();
});
afterEach(() => temporary.remove());

const position = { file: 1, offset: 100 };

/** Writes the numbers in batches of `batch`, in the order given. */
function fill(directory: string, numbers: readonly number[], batch: number): void {
  const writer = DatabaseWriter.open(directory);
  for (let at = 0; at < numbers.length; at += batch) {
    writer.begin();
    for (const n of numbers.slice(at, at + batch)) writer.upsert(encodeKey('x', [String(n)]), `value ${n}`);
    writer.commit({ position, openStart: null });
  }
  writer.close();
}

describe('verifying', () => {
  test('gives equal digests for equal nodes, however they came', () => {
    const up = Array.from({ length: 3000 }, (_, i) => i);
    const a = makeDatabase(temporary.directory, 'a');
    const b = makeDatabase(temporary.directory, 'b');
    const c = makeDatabase(temporary.directory, 'c');
    fill(a, up, 3000);
    fill(b, up.toReversed(), 100);
    fill(c, up.slice(1), 3000);
    const found = verifyDatabase(a);
    expect(found).toMatchObject({ sound: true, nodes: 3000, position, problems: [] });
    expect(verifyDatabase(b)).toEqual(found);
    expect(verifyDatabase(c).digest).not.toBe(found.digest);
  });

  test('tells a value moved to the next key', () => {
    const digests = [
      ['1', ''],
      ['', '1'],
    ].map(([first, second], i) => {
      const directory = makeDatabase(temporary.directory, `d${i}`);
      const writer = DatabaseWriter.open(directory);
      writer.begin();
      writer.upsert(encodeKey('x', ['1']), first!);
      writer.upsert(encodeKey('x', ['2']), second!);
      writer.commit({ position, openStart: null });
      writer.close();
      return verifyDatabase(directory).digest;
    });
    expect(digests[0]).not.toBe(digests[1]);
  });

  test('finds keys that are none', () => {
    const directory = makeDatabase(temporary.directory);
    fill(directory, [1, 2], 2);
    const sqlite = new Sqlite(databasePath(directory));
    sqlite.prepare('INSERT INTO node VALUES (?, ?)').run(Buffer.from('y\0\x99'), Buffer.from('v'));
    sqlite.close();
    expect(verifyDatabase(directory)).toMatchObject({ sound: false, nodes: 3, problems: ['Node 3 has a key that is none.'] });
  });

  test('finds damage in the middle of the file', () => {
    const directory = makeDatabase(temporary.directory);
    fill(
      directory,
      Array.from({ length: 20_000 }, (_, i) => i),
      20_000,
    );
    const path = databasePath(directory);
    const pages = statSync(path).size / 4096;
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(16, 0xff), 0, 16, Math.floor(pages / 2) * 4096 + 8);
    closeSync(file);
    let verdict: boolean | string;
    try {
      verdict = verifyDatabase(directory).sound;
    } catch (error) {
      verdict = (error as { code: string }).code;
    }
    expect([false, 'DAMAGED']).toContain(verdict);
  });
});
