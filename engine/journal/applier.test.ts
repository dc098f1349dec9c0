import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase, DatabaseWriter } from '../database/index.ts';
import { realIo } from '../io/io.ts';
import { openSqlite } from '../database/file.ts';
import { Applier } from './applier.ts';
import { ApplierCore } from './applier-core.ts';
import { JournalFiles } from './files.ts';
import type { Inheritance } from './applier-messages.ts';
import type { Journal } from './journal.ts';
import { comparePositions } from './position.ts';
import { mirrorJournal, Workplace } from './test-support.ts';
import { dataStart, type Position } from './types.ts';
import type { JournalWriter } from './writer.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const guid = '00000000-0000-4000-8000-0000000000d0';

function newDatabase(name: string): string {
  const directory = place.path(name);
  createDatabase(directory, { guid, name, createdMs: 0 });
  return directory;
}

function nodes(directory: string): Record<string, string> {
  const { sqlite } = openSqlite(directory);
  const rows = sqlite.prepare<[], { k: Buffer; v: Buffer }>('SELECT k, v FROM node ORDER BY k').all();
  sqlite.close();
  return Object.fromEntries(rows.map(({ k, v }) => [k.toString('latin1'), v.toString('latin1')]));
}

function applier(journal: Journal, role: 'primary' | 'backup' = 'backup'): Applier {
  const made = new Applier({ clock: realIo.clock, directory: journal.files.directory, journal: mirrorJournal, role });
  place.atEnd(() => made.close());
  return made;
}

/** Databases as maps, and the same updates recorded. */
class Model {
  readonly #nodes = new Map<string, Map<string, string>>();
  readonly #numbers = new Map<string, number>();
  readonly #writer: JournalWriter;

  constructor(writer: JournalWriter, names: string[], before?: Model) {
    this.#writer = writer;
    for (const name of names) {
      this.#numbers.set(name, writer.bind({ name, guid }));
      this.#nodes.set(name, new Map(before?.of(name)));
    }
  }

  of(name: string): Map<string, string> {
    return this.#nodes.get(name) ?? new Map();
  }

  set(name: string, key: string, value: string): void {
    this.#writer.set(this.#numbers.get(name) ?? 0, key, value, this.of(name).get(key), 0, 1);
    this.of(name).set(key, value);
  }

  kill(name: string, key: string): void {
    const old = this.of(name).get(key);
    if (old === undefined) return;
    this.#writer.kill(this.#numbers.get(name) ?? 0, key, old, 0, 1);
    this.of(name).delete(key);
  }

  sorted(name: string): Record<string, string> {
    return Object.fromEntries([...this.of(name)].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

test('brings databases to the position given, and no further', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['DB']);
  const directory = newDatabase('DB');
  const applying = applier(journal);
  await applying.add({ name: 'DB', directory });
  model.set('DB', 'a', '1');
  const first = await writer.settled();
  model.set('DB', 'b', '2');
  await writer.settled();
  applying.applyTo(first);
  await applying.drained(first);
  expect(nodes(directory)).toEqual({ a: '1' });
  expect(applying.progress?.position).toEqual(first);
  expect(applying.progress?.timeMs).toBeGreaterThan(0);
  applying.applyTo(writer.durable);
  await applying.drained(writer.durable);
  expect(nodes(directory)).toEqual({ a: '1', b: '2' });
});

test('a small update is applied without waiting for more', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['DB']);
  const directory = newDatabase('DB');
  const applying = applier(journal, 'primary');
  await applying.add({ name: 'DB', directory });
  model.set('DB', 'a', '1');
  const position = await writer.settled();
  // the first news of a thread says where the files stood, and may come late
  const applied = new Promise<void>((resolve) =>
    applying.onApplied((progress) => {
      if (comparePositions(progress.position, position) >= 0) resolve();
    }),
  );
  applying.applyTo(position);
  await applied;
  expect(nodes(directory)).toEqual({ a: '1' });
});

test('a database of another journal is refused', async () => {
  const journal = place.journal('journal');
  await place.writer(journal);
  const directory = newDatabase('DB');
  const writing = DatabaseWriter.open(directory);
  writing.begin();
  writing.commit({ journalId: 'another', position: { file: 1, offset: 4096 }, openStart: null });
  writing.close();
  await expect(applier(journal).add({ name: 'DB', directory })).rejects.toThrow(/belongs to another journal/);
});

test('damage in the journal stops everything and says where', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['DB']);
  const directory = newDatabase('DB');
  const applying = applier(journal);
  await applying.add({ name: 'DB', directory });
  model.set('DB', 'a', '1');
  const first = await writer.settled();
  model.set('DB', 'b', '2');
  await writer.close();
  const header = journal.files.last;
  if (header === undefined) throw new Error('there is a file');
  const file = realIo.files.open(journal.files.path(header), 'update');
  file.write(Buffer.from([0xff]), 0, 1, first.offset + 100);
  file.close();
  const failure = new Promise((resolve) => applying.onFailure(resolve));
  applying.applyTo(writer.durable);
  await expect(applying.drained(writer.durable)).rejects.toThrow(/damaged at 1:/);
  expect(await failure).toMatchObject({ database: null, position: first });
  await expect(applying.drained(first)).rejects.toThrow(/damaged/);
  expect(nodes(directory)).toEqual({ a: '1' });
});

test('who asks to drain after the journal broke is told too', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['DB']);
  const directory = newDatabase('DB');
  const core = new ApplierCore({
    clock: realIo.clock,
    files: journal.files,
    openWriter: (path) => DatabaseWriter.open(path),
    intervalMs: 0,
    applied: () => undefined,
    failed: () => undefined,
  });
  core.add({ name: 'DB', directory });
  model.set('DB', 'a', '1');
  await writer.close();
  const header = journal.files.last;
  if (header === undefined) throw new Error('there is a file');
  const file = realIo.files.open(journal.files.path(header), 'update');
  file.truncate(dataStart + 10);
  file.close();
  core.raiseGoal(writer.durable);
  core.step();
  const told: unknown[] = [];
  core.drain(writer.durable, (error) => told.push(error));
  expect(told).toMatchObject([{ code: 'DAMAGED' }]);
  core.close();
});

test('a database whose file vanished from under it fails alone; the others go on', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['GOOD', 'BAD']);
  const [good, bad] = [newDatabase('GOOD'), newDatabase('BAD')];
  const applying = applier(journal);
  await applying.add({ name: 'GOOD', directory: good });
  await applying.add({ name: 'BAD', directory: bad });
  const { sqlite } = openSqlite(bad);
  sqlite.exec('DROP TABLE node');
  sqlite.close();
  model.set('GOOD', 'a', '1');
  model.set('BAD', 'a', '1');
  const position = await writer.settled();
  const failure = new Promise((resolve) => applying.onFailure(resolve));
  applying.applyTo(position);
  await expect(applying.drained(position)).rejects.toThrow(/no such table/);
  expect(await failure).toMatchObject({ database: 'BAD' });
  await applying.remove('BAD');
  await applying.drained(position);
  expect(nodes(good)).toEqual({ a: '1' });
});

/** What the core tells whoever inherits everything before the position. */
async function inherited(core: ApplierCore, position: Position): Promise<Inheritance> {
  core.raiseGoal(position);
  const answer = new Promise<Inheritance>((done, failed) => core.inherit(position, { done, failed }));
  while (core.step() === 0) continue;
  return answer;
}

/** A database's file, and over it what is inherited. */
function heldBy(directory: string, name: string, { databases }: Inheritance): Record<string, string> {
  const held = new Map(Object.entries(nodes(directory)));
  const { keys, values } = databases.find((each) => each.name === name) ?? { keys: [], values: [] };
  for (const [n, key] of keys.entries()) {
    const value = values[n] ?? null;
    if (value === null) held.delete(key);
    else held.set(key, value);
  }
  return Object.fromEntries([...held].sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('what the files lack is told before they have it, with the transaction that is open there', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['DB']);
  const directory = newDatabase('DB');
  const core = new ApplierCore({
    clock: realIo.clock,
    files: journal.files,
    openWriter: (path) => DatabaseWriter.open(path),
    intervalMs: 1e9,
    applied: () => undefined,
    failed: (_database, _position, error) => {
      throw error;
    },
  });
  core.add({ name: 'DB', directory });
  model.set('DB', 'a', '1');
  model.set('DB', 'b', '1');
  const first = await writer.settled();
  core.raiseGoal(first);
  core.drain(first, () => undefined);
  core.step();
  writer.tstart(7, 1);
  model.set('DB', 'a', '2');
  model.kill('DB', 'b');
  const end = await writer.settled();
  expect(await inherited(core, end)).toEqual({
    position: end,
    openStart: first,
    databases: [{ name: 'DB', keys: ['a', 'b'], values: ['2', null] }],
  });
  expect(nodes(directory)).toEqual({ a: '1', b: '1' });
  core.close();
  expect(nodes(directory)).toEqual({ a: '2' });
});

test('nothing is inherited from a journal or into a database that failed', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const model = new Model(writer, ['DB']);
  const directory = newDatabase('DB');
  const applying = applier(journal);
  await applying.add({ name: 'DB', directory });
  const { sqlite } = openSqlite(directory);
  sqlite.exec('DROP TABLE node');
  sqlite.close();
  model.set('DB', 'a', '1');
  const position = await writer.settled();
  applying.applyTo(position);
  await expect(applying.drained(position)).rejects.toThrow(/no such table/);
  await expect(applying.inherit(position)).rejects.toThrow(/no such table/);
});

const operation = fc.record({
  database: fc.constantFrom('ONE', 'TWO'),
  key: fc.constantFrom(...'abcdefgh\0\xff'),
  value: fc.option(fc.string({ maxLength: 20, unit: 'binary-ascii' })),
});
const step = fc.oneof(
  { weight: 12, arbitrary: operation },
  { weight: 2, arbitrary: fc.constant('durable' as const) },
  { weight: 1, arbitrary: fc.constant('switch' as const) },
  { weight: 2, arbitrary: fc.constant('step' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  // The core is forgotten, with what it gathered: its files stay at what it committed.
  { weight: 1, arbitrary: fc.constant('crash' as const) },
  { weight: 1, arbitrary: fc.constant('again' as const) },
  { weight: 2, arbitrary: fc.constant('inherit' as const) },
);

test('equals a naive model over switches and restarts', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 1e9), async (steps, intervalMs) => {
      const inner = new Workplace();
      try {
        const journal = inner.journal('journal');
        const writer = await inner.writer(journal);
        const model = new Model(writer, ['ONE', 'TWO']);
        const directories = new Map(['ONE', 'TWO'].map((name) => [name, inner.path(name)]));
        for (const [name, directory] of directories) createDatabase(directory, { guid, name, createdMs: 0 });
        const begin = (): ApplierCore => {
          const core = new ApplierCore({
            clock: realIo.clock,
            files: new JournalFiles(realIo.files, journal.files.directory, mirrorJournal),
            openWriter: (directory) => DatabaseWriter.open(directory),
            intervalMs,
            applied: () => undefined,
            failed: (_database, _position, error) => {
              throw error;
            },
          });
          for (const [name, directory] of directories) core.add({ name, directory });
          return core;
        };
        let core = begin();
        for (const each of steps) {
          if (each === 'durable') core.raiseGoal(await writer.settled());
          else if (each === 'switch') await writer.switch('test');
          else if (each === 'step') core.step();
          else if (each === 'restart') {
            core.close();
            core = begin();
          } else if (each === 'crash') core = begin();
          else if (each === 'inherit') {
            const inheritance = await inherited(core, await writer.settled());
            for (const [name, directory] of directories) expect(heldBy(directory, name, inheritance)).toEqual(model.sorted(name));
          } else if (each === 'again') {
            core.remove('ONE');
            core.add({ name: 'ONE', directory: directories.get('ONE') ?? '' });
          } else if (each.value === null) model.kill(each.database, each.key);
          else model.set(each.database, each.key, each.value);
        }
        const end = await writer.settled();
        core.raiseGoal(end);
        core.drain(end, (error) => expect(error).toBeNull());
        while (core.step() !== null) continue;
        core.close();
        for (const [name, directory] of directories) expect(nodes(directory)).toEqual(model.sorted(name));
      } finally {
        await inner.remove();
      }
    }),
    { numRuns: 20 },
  );
});
