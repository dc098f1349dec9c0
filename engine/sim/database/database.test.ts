import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, DatabaseReader, DatabaseWriter, type NewDatabase, type NodeFile } from '../../database/index.ts';
import type { TargetWriter } from '../../journal/index.ts';
import { SimHost, SimRandom, Timeline } from '../io/index.ts';
import { createMemoryDatabase, memoryFile } from './memory-file.ts';
import { MemoryReader } from './memory-reader.ts';
import { MemoryWriter } from './memory-writer.ts';

const init: NewDatabase = { guid: '00000000-0000-4000-8000-0000000000db', name: 'DATA', createdMs: 5, journalId: 'j' };
const position = (offset: number) => ({ file: 1, offset });
const progress = (offset: number) => ({ journalId: 'j', position: position(offset), openStart: null });

function aHost(seed = 1): SimHost {
  const host = new SimHost('h', new Timeline(), new SimRandom(seed));
  createMemoryDatabase(host.drive, '/db', init);
  return host;
}

const memoryOf = (host: SimHost) => ({
  reader: new MemoryReader(memoryFile(host.drive, '/db')),
  writer: new MemoryWriter(memoryFile(host.drive, '/db'), host.spawn('p')),
});

function commit(writer: TargetWriter, changes: Record<string, string | null>, offset: number): void {
  writer.begin();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) writer.remove(key);
    else writer.upsert(key, value);
  }
  writer.commit(progress(offset));
}

describe('a database in memory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gemel-sim-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('shows what a database file shows', () => {
    const key = fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', 'c', '\0', '\xff') });
    const changes = fc.dictionary(key, fc.option(fc.string({ maxLength: 3 })));
    const step = fc.record({ changes, from: key, to: key, hold: fc.boolean() });
    let made = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const real = join(directory, String((made += 1)));
        createDatabase(real, init);
        const sides = [{ reader: DatabaseReader.open(real), writer: DatabaseWriter.open(real) }, memoryOf(aHost())] as const;
        for (const [i, { changes: set, from, to, hold }] of steps.entries()) {
          const [file, memory] = sides.map(({ reader, writer }) => {
            if (hold) reader.hold();
            // A view that is held does not see what is committed meanwhile.
            const before = reader.get(from) ?? null;
            commit(writer, set, i + 1);
            const held = hold ? (reader.get(from) ?? null) === before : true;
            reader.release();
            return { held, position: writer.position, ...seen(reader, from, to) };
          });
          expect(memory).toEqual(file);
          expect(memory?.held).toBe(true);
        }
        for (const { reader, writer } of sides) {
          reader.close();
          writer.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  it('keeps commits through the end of a process, and some of the last ones through a power cut', () => {
    const left = new Set<number>();
    for (let seed = 0; seed < 30; seed++) {
      const host = aHost(seed);
      const { writer } = memoryOf(host);
      commit(writer, { a: '1' }, 1);
      writer.checkpointWal();
      expect(writer.safePosition).toEqual(position(1));
      for (const offset of [2, 3, 4]) commit(writer, { a: String(offset), [`k${offset}`]: 'x' }, offset);
      for (const process of host.processes) process.kill();
      expect(memoryFile(host.drive, '/db').version.meta.position).toEqual(position(4));
      host.powerCut();
      const { nodes, meta } = memoryFile(host.drive, '/db').version;
      const offset = meta.position?.offset ?? 0;
      expect([nodes.get('a'), nodes.size]).toEqual([String(offset), offset]);
      left.add(offset);
    }
    expect([...left].sort()).toEqual([1, 2, 3, 4]);
  });

  it('refuses what a full or broken drive refuses, and has nothing of it', () => {
    const host = aHost();
    const { reader, writer } = memoryOf(host);
    commit(writer, { a: '1' }, 1);
    for (const [effect, code] of [
      ['ENOSPC', 'DISK_FULL'],
      ['EIO', 'IO'],
    ] as const) {
      host.drive.faults.add({ on: 'write', effect, times: 1 });
      expect(() => commit(writer, { a: '2' }, 2)).toThrow(expect.objectContaining({ code }));
      writer.rollback();
      expect([reader.get('a'), writer.position]).toEqual(['1', position(1)]);
    }
    host.drive.faults.add({ on: 'write', effect: 'lost', times: 1 });
    commit(writer, { a: '3' }, 3);
    expect(() => reader.get('a')).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
  });
});

function seen(reader: NodeFile, from: string, to: string) {
  return {
    get: reader.get(from),
    next: [reader.next(from, to, true), reader.next(from, to, false)],
    previous: reader.previous(from, to),
    keys: [reader.keys(from, to, 3, 1), reader.keys(from, to, 3, -1)],
    meta: reader.meta(),
  };
}
