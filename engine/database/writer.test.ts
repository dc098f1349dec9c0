import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssertionError } from '../io/assert.ts';
import { Database } from './database.ts';
import { makeDatabase, someDatabase, temporaryDirectory } from './fixtures.ts';
import { verifyDatabase } from './verify.ts';
import { DatabaseWriter } from './writer.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let directory: string;
beforeEach(() => {
  temporary = temporaryDirectory();
  directory = makeDatabase(temporary.directory);
});
afterEach(() => temporary.remove());

const at = (offset: number): { file: number; offset: number } => ({ file: 1, offset });

describe('the writer', () => {
  test('makes a batch and its position visible together', () => {
    const writer = DatabaseWriter.open(directory);
    const database = Database.open(directory);
    writer.begin();
    writer.upsert('a\0', '1');
    writer.upsert('b\0', '\0\xff');
    expect(database.get('a\0')).toBeUndefined();
    writer.commit({ position: at(10), openStart: at(5), journalId: 'j' });
    expect([database.get('a\0'), database.get('b\0')]).toEqual(['1', '\0\xff']);
    expect(database.meta()).toMatchObject({ position: at(10), openStart: at(5), journalId: 'j' });
    writer.begin();
    writer.remove('a\0');
    writer.remove('missing\0');
    writer.upsert('b\0', 'new');
    writer.commit({ position: at(20), openStart: null });
    expect([database.get('a\0'), database.get('b\0')]).toEqual([undefined, 'new']);
    expect(database.meta()).toMatchObject({ position: at(20), openStart: null, journalId: 'j' });
    database.close();
    writer.close();
    const again = DatabaseWriter.open(directory);
    expect([again.position, again.openStart, again.meta.journalId]).toEqual([at(20), null, 'j']);
    again.close();
  });

  test('forgets a batch that is rolled back or not committed at the end', () => {
    const writer = DatabaseWriter.open(directory);
    writer.begin();
    writer.upsert('a\0', '1');
    writer.rollback();
    writer.begin();
    writer.upsert('b\0', '1');
    writer.close();
    expect(verifyDatabase(directory)).toMatchObject({ sound: true, nodes: 0, position: null });
  });

  test('takes updates only within a batch', () => {
    const writer = DatabaseWriter.open(directory);
    expect(() => writer.upsert('a\0', '1')).toThrow(AssertionError);
    expect(() => writer.commit({ position: at(1), openStart: null })).toThrow(AssertionError);
    writer.begin();
    expect(() => writer.checkpointWal()).toThrow(AssertionError);
    writer.close();
  });

  test('checkpoints all that no reader holds back, and knows what is safe then', () => {
    const writer = DatabaseWriter.open(directory);
    const database = Database.open(directory);
    const batch = (offset: number): void => {
      writer.begin();
      for (let i = 0; i < 200; i++) writer.upsert(`k${i}\0`, `value ${offset}`);
      expect(writer.commit({ position: at(offset), openStart: null }).walBytes).toBeGreaterThan(0);
    };
    batch(1);
    expect(writer.safePosition).toBeNull();
    expect(writer.walBytes()).toBeGreaterThan(0);
    expect(writer.checkpointWal()).toMatchObject({ complete: true });
    expect(writer.safePosition).toEqual(at(1));

    database.hold();
    expect(database.get('k1\0')).toBe('value 1');
    batch(2);
    batch(3);
    expect(database.get('k1\0')).toBe('value 1');
    expect(writer.checkpointWal().complete).toBe(false);
    expect(writer.safePosition).toEqual(at(1));
    database.release();
    expect(database.get('k1\0')).toBe('value 3');
    expect(writer.checkpointWal().complete).toBe(true);
    expect(writer.safePosition).toEqual(at(3));
    database.close();
    writer.close();
  });

  test('starts its log over instead of letting it grow', () => {
    const writer = DatabaseWriter.open(directory);
    const sizes: number[] = [];
    for (let round = 1; round <= 5; round++) {
      writer.begin();
      for (let i = 0; i < 500; i++) writer.upsert(`k${i}\0`, `value ${round}`);
      writer.commit({ position: at(round), openStart: null });
      sizes.push(writer.walBytes());
      writer.checkpointWal();
    }
    expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(sizes[0]! * 2);
    writer.close();
  });

  test('changes properties and keeps the rest', () => {
    const writer = DatabaseWriter.open(directory);
    writer.begin();
    writer.commit({ position: at(9), openStart: null });
    writer.updateProperties({ mirror: { name: 'M', database: 'D', guid: 'g', failoverDB: true }, maxSizeBytes: 100_000 });
    writer.close();
    const database = Database.open(directory);
    expect(database.meta()).toMatchObject({
      ...someDatabase,
      mirror: { name: 'M', database: 'D', guid: 'g', failoverDB: true },
      maxSizeBytes: 100_000,
      position: at(9),
    });
    expect(database.full).toBe(false);
    for (let i = 0; i < 1000; i++) database.set(`k${i}\0`, 'x'.repeat(100), i);
    expect(database.full).toBe(true);
    database.close();
  });

  test('killed at any moment leaves whole batches', async () => {
    const script = fileURLToPath(new URL('./writer-process.fixture.ts', import.meta.url));
    let last = 0;
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      let seen = '';
      // Each commit prints a line: the kill falls somewhere in the batches after some of them.
      for await (const piece of child.stdout) {
        seen += String(piece);
        if (seen.split('\n').length > 3 + round * 7) break;
      }
      child.kill('SIGKILL');
      await exit;
      const reported = Number(seen.trimEnd().split('\n').at(-1));
      const found = verifyDatabase(directory);
      expect(found.problems).toEqual([]);
      const offset = found.position!.offset;
      expect(offset).toBeGreaterThanOrEqual(reported);
      expect(offset).toBeGreaterThan(last);
      last = offset;
      const database = Database.open(directory);
      // Every batch writes its number into all of its nodes.
      expect(new Set(Array.from({ length: 300 }, (_, i) => database.get(`k${i}\0`)))).toEqual(new Set([String(offset)]));
      database.close();
    }
  }, 60_000);
});
