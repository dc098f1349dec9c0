import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase } from '../database/index.ts';
import { openSqlite, readMeta } from '../database/file.ts';
import { realIo } from '../io/io.ts';
import { Applier } from './applier.ts';
import type { Journal } from './journal.ts';
import { mirrorJournal, Workplace } from './test-support.ts';
import type { JournalWriter } from './writer.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const guid = '00000000-0000-4000-8000-0000000000d0';
let copies = 0;

/** The file alone, without its log, as it would be on another computer. */
function copyOf(directory: string): { nodes: Record<string, string>; position: unknown } {
  const copy = place.path(`copy-${(copies += 1)}`);
  mkdirSync(copy);
  copyFileSync(join(directory, 'GEMEL.DAT'), join(copy, 'GEMEL.DAT'));
  const { sqlite, path } = openSqlite(copy);
  const rows = sqlite.prepare<[], { k: Buffer; v: Buffer }>('SELECT k, v FROM node ORDER BY k').all();
  const { position } = readMeta(sqlite, path);
  sqlite.close();
  return { nodes: Object.fromEntries(rows.map(({ k, v }) => [k.toString('latin1'), v.toString('latin1')])), position };
}

function bytesOf(directory: string): Record<string, string> {
  return Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'latin1')]));
}

interface Fed {
  readonly applying: Applier;
  readonly writer: JournalWriter;
  readonly directories: readonly string[];
  /** Each database as it is after everything set. */
  readonly model: readonly Map<string, string>[];
  set(database: number, key: string, value: string): void;
  /** All of it is durable, and may be applied. */
  settle(): Promise<void>;
}

async function fed(journal: Journal, label: string): Promise<Fed> {
  const writer = await place.writer(journal);
  const applying = new Applier({ clock: realIo.clock, directory: journal.files.directory, journal: mirrorJournal, role: 'backup' });
  place.atEnd(() => applying.close());
  const directories = ['X', 'Y'].map((name) => {
    const directory = place.path(`${label}-${name}`);
    createDatabase(directory, { guid, name, createdMs: 0 });
    return directory;
  });
  for (const [n, directory] of directories.entries()) await applying.add({ name: 'XY'.charAt(n), directory });
  const numbers = ['X', 'Y'].map((name) => writer.bind({ name, guid }));
  const model = [new Map<string, string>(), new Map<string, string>()] as const;
  return {
    applying,
    writer,
    directories,
    model,
    set: (database, key, value) => {
      writer.set(numbers[database] ?? 0, key, value, model[database]?.get(key), 0, 1);
      model[database]?.set(key, value);
    },
    settle: async () => applying.applyTo(await writer.settled()),
  };
}

test('files that are held are all at one position and stay there, while updates go on', async () => {
  const update = fc.record({
    database: fc.nat(1),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    value: fc.string({ maxLength: 4, unit: 'binary-ascii' }),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(update, { maxLength: 10 }), fc.array(update, { maxLength: 10 }), async (before, during) => {
      const label = `run${(run += 1)}`;
      const { applying, directories, model, set, settle, writer } = await fed(place.journal(label), label);
      for (const { database, key, value } of before) set(database, key, value);
      await settle();
      const wanted = model.map((nodes) => Object.fromEntries([...nodes].sort()));
      const { hold, files } = await applying.hold(['X', 'Y'], false);
      expect(files.map(({ position }) => position)).toEqual([files[0]?.position, files[0]?.position]);
      for (const { database, key, value } of during) set(database, key, value);
      await settle();
      await applying.drained(writer.durable);
      expect(directories.map(copyOf)).toEqual(wanted.map((nodes, n) => ({ nodes, position: files[n]?.position })));
      expect(await applying.release(hold)).toBe(true);
      // Afterwards logs are copied into the files again.
      const again = await applying.hold(['X', 'Y'], false);
      expect(directories.map((each) => copyOf(each).nodes)).toEqual(model.map((nodes) => Object.fromEntries([...nodes].sort())));
      await applying.release(again.hold);
      await applying.close();
      await writer.abandon();
    }),
    { numRuns: 6 },
  );
}, 60_000);

test('a database at rest is not written at all; what came meanwhile follows', async () => {
  const { applying, directories, set, settle, writer } = await fed(place.journal('j'), 'rest');
  set(0, 'a', '1');
  await settle();
  const { hold } = await applying.hold(['X'], true);
  const before = directories.map(bytesOf);
  set(0, 'a', '2');
  set(1, 'b', '3');
  await settle();
  let isDrained = false;
  const drained = applying.drained(writer.durable).then(() => {
    isDrained = true;
  });
  // Answered once the thread has looked at all that was sent before.
  expect(await applying.release(0)).toBe(false);
  expect(await applying.release(0)).toBe(false);
  expect([isDrained, directories.map(bytesOf)]).toEqual([false, before]);
  expect(await applying.release(hold)).toBe(true);
  await drained;
  expect(directories.map((each) => bytesOf(each)['GEMEL.DAT-wal'] !== undefined)).toEqual([true, true]);
}, 20_000);

test('who has to have what the files lack does not wait for a rest; whoever copies is told', async () => {
  const { applying, set, settle, writer } = await fed(place.journal('j'), 'heir');
  const { hold } = await applying.hold(['X'], true);
  set(0, 'a', '1');
  await settle();
  expect((await applying.inherit(writer.durable)).databases.find(({ name }) => name === 'X')).toMatchObject({ keys: ['a'] });
  await applying.drained(writer.durable);
  expect(await applying.release(hold)).toBe(false);
});

test('a file that is fed no more has not stayed as it was, and one that nobody feeds cannot be held', async () => {
  const { applying } = await fed(place.journal('j'), 'gone');
  await expect(applying.hold(['Z'], false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const { hold } = await applying.hold(['X', 'Y'], false);
  await applying.remove('X');
  expect(await applying.release(hold)).toBe(false);
  expect(await applying.release(hold)).toBe(false);
});

test('a file that has more than the journal here waits for it, takes each update once, and holds nobody up', async () => {
  const { applying, directories, set, settle, writer } = await fed(place.journal('j'), 'ahead');
  set(0, 'a', '1');
  set(0, 'b', '1');
  const contained = await writer.settled();
  applying.applyTo(contained);
  await applying.drained(contained);
  expect(await applying.remove('X')).toEqual(contained);
  // Of a member that may apply nothing of it yet.
  const late = new Applier({ clock: realIo.clock, directory: place.path('j'), journal: mirrorJournal, role: 'backup' });
  place.atEnd(() => late.close());
  expect(await late.add({ name: 'X', directory: directories[0] ?? '' })).toEqual(contained);
  set(0, 'a', '2');
  await settle();
  late.applyTo(contained);
  await late.drained(contained);
  late.applyTo(writer.durable);
  const { hold, files } = await late.hold(['X'], false);
  expect(files).toEqual([{ name: 'X', position: writer.durable, openStart: null }]);
  expect(copyOf(directories[0] ?? '').nodes).toEqual({ a: '2', b: '1' });
  await late.release(hold);
});
