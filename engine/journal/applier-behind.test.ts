import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase } from '../database/index.ts';
import { openSqlite } from '../database/file.ts';
import { realIo } from '../io/io.ts';
import { Applier } from './applier.ts';
import type { ApplierCommand } from './applier-messages.ts';
import { startApplierThread, type StartApplierThread } from './applier-start.ts';
import { RawReader } from './raw.ts';
import { JournalReceiver } from './receiver.ts';
import { memberA, memberB, mirrorJournal, Workplace } from './test-support.ts';
import { ThreadDisk } from './thread-disk.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

function newDatabase(name: string): { name: string; directory: string } {
  const directory = place.path(name);
  createDatabase(directory, { guid: memberA, name, createdMs: 0 });
  return { name, directory };
}

function values(directory: string): string[] {
  const { sqlite } = openSqlite(directory);
  const found = sqlite.prepare<[], Buffer>('SELECT v FROM node ORDER BY k').pluck().all();
  sqlite.close();
  return found.map((value) => value.toString('latin1'));
}

test('while dejournaling stands still a backup acknowledges everything, and nothing piles up between the two', async () => {
  const updates = 1500;
  const journal = place.journal('primary');
  const writer = await place.writer(journal, { fileBytesMax: 200_000 });
  const copy = place.journal('backup', memberB);
  const receiver = new JournalReceiver({ io: realIo, journal: copy, disk: new ThreadDisk({ preallocate: 0 }) });
  const database = newDatabase('DB');
  // A thread that hears nothing before it is let go.
  const unheard: ApplierCommand[] = [];
  let isHeld = false;
  const { promise: letGo, resolve: release } = Promise.withResolvers<void>();
  const start: StartApplierThread = (data, user) => {
    const thread = startApplierThread(data, user);
    void letGo.then(() => {
      isHeld = false;
      for (const command of unheard.splice(0)) thread.post(command);
    });
    return { ...thread, post: (command) => (isHeld ? void unheard.push(command) : thread.post(command)) };
  };
  // Each look at the clock is later than a goal has to wait.
  let nowMs = 0;
  const clock = { ...realIo.clock, monotonicMs: () => (nowMs += 100) };
  const applier = new Applier({ clock, directory: copy.files.directory, journal: mirrorJournal, role: 'backup', start });
  try {
    let acknowledged = 0;
    const take = (bytes: Buffer): void => {
      const { position } = receiver.append(bytes);
      acknowledged++;
      applier.applyTo(position);
      writer.remoteAcknowledged(position);
    };
    const begun = new RawReader(journal.files, { file: 1, offset: 0 });
    for (let piece = begun.next(writer.end, 10_000); piece !== null; piece = begun.next(writer.end, 10_000)) take(piece.bytes);
    begun.close();
    await applier.add(database);
    isHeld = true;
    writer.onSealed((block) => take(block.bytes));
    writer.onSwitched((_header, bytes) => take(bytes));
    writer.setGate('remote');
    const number = writer.bind({ name: 'DB', guid: memberA });
    for (let i = 0; i < updates; i++) {
      writer.set(number, `k${i % 10}`, `${String(i)}:${'x'.repeat(500)}`, undefined, 0, 1);
      // Resolves once the backup has acknowledged it.
      await writer.settled();
    }
    expect(acknowledged).toBeGreaterThan(updates);
    expect(writer.durable.file).toBeGreaterThan(2);
    expect(unheard.length).toBeLessThanOrEqual(1);
    expect(values(database.directory)).toEqual([]);
    release();
    await applier.drained(writer.durable);
    const newest = Array.from({ length: 10 }, (_, i) => `${String(updates - 10 + i)}:${'x'.repeat(500)}`);
    expect(values(database.directory)).toEqual(newest);
  } finally {
    release();
    await applier.close();
    await writer.abandon();
    await receiver.close();
  }
});

test('threads feed two databases at once; told to be fewer, they hand theirs over and go', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const databases = ['A', 'B', 'C'].map(newDatabase);
  const numbers = databases.map(({ name }) => writer.bind({ name, guid: memberA }));
  const applier = new Applier({
    clock: realIo.clock,
    directory: journal.files.directory,
    journal: mirrorJournal,
    role: 'backup',
    workers: 2,
  });
  place.atEnd(() => applier.close());
  const update = async (value: string): Promise<void> => {
    for (const number of numbers) writer.set(number, 'k', value, undefined, 0, 1);
    const end = await writer.settled();
    applier.applyTo(end);
    await applier.drained(end);
    for (const { directory } of databases) expect(values(directory)).toEqual([value]);
    expect(applier.progress?.position).toEqual(end);
    expect(applier.progress?.databases.map(({ name }) => name).sort()).toEqual(['A', 'B', 'C']);
  };
  for (const database of databases) await applier.add(database);
  expect(applier.workers).toBe(2);
  await update('1');
  applier.setWorkers(3);
  await update('2');
  expect(applier.workers).toBe(3);
  applier.setWorkers(1);
  await update('3');
  expect(applier.workers).toBe(1);
});
