import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeKey } from '../../globals/index.ts';
import { realIo } from '../../io/index.ts';
import { JournalWriter, ThreadDisk, type Journal, type Position } from '../../journal/index.ts';
import type { MirrorDatabases } from './mirror-databases.ts';
import { mirrorGuid, StoreBench } from './test-support.ts';

const names = ['ONE', 'TWO'] as const;
type Name = (typeof names)[number];
const guids = { ONE: '00000000-0000-4000-8000-0000000000d1', TWO: '00000000-0000-4000-8000-0000000000d2' };
const member = '00000000-0000-4000-8000-00000000000b';

let bench: StoreBench;
let journal: Journal;
let writer: JournalWriter;
let numbers: Record<Name, number>;
let mirrored: MirrorDatabases;

beforeEach(async () => {
  bench = new StoreBench();
  await bench.open();
  journal = bench.openMirrorJournal();
  const epoch = { major: 1, minor: 1, member };
  writer = await JournalWriter.open({ io: realIo, journal, disk: new ThreadDisk({ preallocate: 64 * 1024 }), epoch });
  numbers = { ONE: writer.bind({ name: 'ONE', guid: guids.ONE }), TWO: writer.bind({ name: 'TWO', guid: guids.TWO }) };
  mirrored = await bench.store.openMirror({ name: 'TEST', guid: mirrorGuid });
  for (const name of names) {
    const mirror = { name: 'TEST', guid: mirrorGuid, database: name, databaseGuid: guids[name], position: writer.end, failoverDB: true };
    await bench.store.create({ ...bench.store.checkNew(name, undefined), namespace: true, maxSizeMB: undefined, mirror });
  }
});

afterEach(async () => {
  await writer.abandon();
  await mirrored.feed.close();
  await bench.remove();
});

/** One block with an update of each database. @returns its beginning and end */
async function write(value: string): Promise<{ from: Position; to: Position }> {
  const from = writer.end;
  for (const name of names) writer.set(numbers[name], encodeKey('x', ['1']), value, undefined, 0, 1);
  return { from, to: await writer.settled() };
}

/** Makes the journal behind a place unreadable; what is returned makes it as it was. */
function damage({ offset }: Position): () => void {
  const path = journal.files.path(journal.files.last ?? expect.unreachable('a journal file'));
  const whole = fs.readFileSync(path);
  const file = fs.openSync(path, 'r+');
  fs.writeSync(file, Buffer.alloc(64, 0xff), 0, 64, offset + 100);
  fs.closeSync(file);
  return () => fs.writeFileSync(path, whole);
}

async function dejournaled(to: Position): Promise<string[]> {
  await mirrored.feed.drained(to);
  return names.map((name) => {
    const session = bench.store.executor.open(name);
    const value = session.get(session.resolve('^x(1)')) ?? '';
    session.close();
    return value;
  });
}

/** The journal is read up to the place, which fails. */
async function fail(to: Position): Promise<void> {
  await expect(mirrored.feed.drained(to)).rejects.toThrow();
  await expect.poll(() => names.map((name) => mirrored.failure(name) !== undefined)).toEqual([true, true]);
}

describe('databases whose journal could not be read', () => {
  it('are fed again once it can be, from where they stood, without a restart', async () => {
    const first = await write('before');
    expect(await dejournaled(first.to)).toEqual(['before', 'before']);
    const { from, to } = await write('after');
    const mend = damage(from);
    await fail(to);
    mend();
    expect(await mirrored.retry()).toEqual([]);
    expect(await dejournaled(to)).toEqual(['after', 'after']);
    expect(names.map((name) => mirrored.failure(name))).toEqual([undefined, undefined]);
    const { to: end } = await write('and on');
    expect(await dejournaled(end)).toEqual(['and on', 'and on']);
  });

  it('stop again where it still cannot be read, and say so; tried once more they go on', async () => {
    const { from, to } = await write('after');
    const mend = damage(from);
    await fail(to);
    await mirrored.retry();
    await fail(to);
    mend();
    expect(await Promise.all([mirrored.retry(), mirrored.retry()])).toEqual([[], []]);
    expect(await dejournaled(to)).toEqual(['after', 'after']);
  });

  it('go on, too, when a cut of the journal came in between', async () => {
    const { from, to } = await write('after');
    const mend = damage(from);
    await fail(to);
    mend();
    await mirrored.feed.rest();
    await mirrored.feed.resume();
    expect(await mirrored.retry()).toEqual([]);
    expect(await dejournaled(to)).toEqual(['after', 'after']);
  });
});

describe('a database that cannot be opened again after a cut of the journal', () => {
  it('is fed again when that is tried and it can be', async () => {
    const { to } = await write('before');
    const one = bench.database('ONE');
    fs.renameSync(one.directory, `${one.directory}-away`);
    await mirrored.feed.rest();
    await mirrored.feed.resume();
    expect(mirrored.failure('ONE')).not.toBeUndefined();
    fs.renameSync(`${one.directory}-away`, one.directory);
    expect(await mirrored.retry()).toEqual([]);
    expect(await dejournaled(to)).toEqual(['before', 'before']);
  });
});

describe('a copy of a database that was made anew', () => {
  it('takes nothing of the new one of its name, and goes on with nothing else of it', async () => {
    await write('mine');
    const anew = writer.bind({ name: 'ONE', guid: '00000000-0000-4000-8000-0000000000d9' });
    writer.set(anew, encodeKey('x', ['1']), 'of the new one', undefined, 0, 1);
    writer.set(numbers.TWO, encodeKey('x', ['1']), 'more', undefined, 0, 1);
    expect(await dejournaled(await writer.settled())).toEqual(['mine', 'more']);
    await mirrored.feed.rest();
    await mirrored.feed.resume();
    writer.set(anew, encodeKey('x', ['1']), 'of the new one again', undefined, 0, 1);
    expect(await dejournaled(await writer.settled())).toEqual(['mine', 'more']);
  });

  it('is found to be that by what the mirror has, and is not fed', async () => {
    await mirrored.feed.close();
    const entries = [{ name: 'TWO', guid: guids.TWO, created: { file: 1, offset: 4096 } }];
    mirrored = await bench.store.openMirror({ name: 'TEST', guid: mirrorGuid }, () => entries);
    expect(mirrored.active().map(({ name }) => name)).toEqual(['TWO']);
    expect(bench.database('ONE').bar?.what).toMatch(/obsolete/);
    expect(bench.messages.some(({ text }) => text.includes('[DATABASE_OBSOLETE]'))).toBe(true);
    const { to } = await write('more');
    expect(await dejournaled(to)).toEqual(['', 'more']);
  });
});
