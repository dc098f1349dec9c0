import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realFiles } from '../io/files.ts';
import { JournalFiles } from './files.ts';
import type { Journal } from './journal.ts';
import { BlockReader } from './reader.ts';
import { scanRecords } from './scan.ts';
import { memberA, memberB, mirrorJournal, Workplace } from './test-support.ts';
import type { Position } from './types.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const guid = memberA;

/** A journal of one file and three blocks. @returns its path and where blocks end */
async function small(): Promise<{ path: string; ends: number[]; journal: Journal }> {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const database = writer.bind({ name: 'DB', guid });
  const ends = [4096];
  for (const key of ['a', 'bb', 'ccc']) {
    writer.set(database, key, `value of ${key}`, undefined, 0, 1);
    ends.push((await writer.settled()).offset);
  }
  await writer.close();
  const last = journal.files.last;
  if (last === undefined) throw new Error('there is a file');
  return { path: journal.files.path(last), ends, journal };
}

/** Ends of the blocks that a fresh reader gives, and why it stopped. */
function readAll(journal: Journal, unsyncedTail = false): { ends: number[]; why: string } {
  const reader = new BlockReader(
    new JournalFiles(realFiles, journal.files.directory, mirrorJournal),
    { file: 1, offset: 4096 },
    { unsyncedTail },
  );
  const ends: number[] = [];
  try {
    for (let block = reader.next(); block !== null; block = reader.next()) ends.push(block.end.offset);
    return { ends, why: reader.stop?.why ?? '' };
  } finally {
    reader.close();
  }
}

test('stops at the last whole block whatever the file is cut to', async () => {
  const { path, ends, journal } = await small();
  const whole = readFileSync(path);
  const blocks = ends.slice(1);
  for (let length = whole.length; length >= 4096; length--) {
    truncateSync(path, length);
    const read = readAll(journal);
    expect(read.ends).toEqual(blocks.filter((end) => end <= length));
    expect(read.why).toBe(ends.includes(length) || isZero(whole, length, ends) ? 'end' : 'torn');
  }
});

/** Whether what is left of a block that was cut off is zeros alone. */
function isZero(whole: Buffer, length: number, ends: number[]): boolean {
  const start = ends.findLast((end) => end <= length) ?? 0;
  return whole.subarray(start, length).every((byte) => byte === 0);
}

test('zeros written ahead are the end, garbage is a torn write', async () => {
  const { path, ends, journal } = await small();
  const whole = readFileSync(path);
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(3_000_000)]));
  expect(readAll(journal)).toEqual({ ends: ends.slice(1), why: 'end' });
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(5000, 0x5a)]));
  expect(readAll(journal)).toEqual({ ends: ends.slice(1), why: 'torn' });
  // An old block in the wrong place is no block.
  writeFileSync(path, Buffer.concat([whole, whole.subarray(4096)]));
  expect(readAll(journal)).toEqual({ ends: ends.slice(1), why: 'torn' });
});

test('any changed byte ends the last block, and is damage where sound blocks follow', async () => {
  const { path, ends, journal } = await small();
  const whole = readFileSync(path);
  for (let at = 4096; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x41, at);
    writeFileSync(path, changed);
    const before = ends.slice(1).filter((end) => end <= at);
    if (before.length === 2) expect(readAll(journal)).toEqual({ ends: before, why: 'torn' });
    else {
      expect(() => readAll(journal)).toThrow(new RegExp(`damaged at 1:${ends[before.length]} .*sound block behind it`));
      expect(readAll(journal, true)).toEqual({ ends: before, why: 'torn' });
    }
  }
});

test('opening a journal with a torn tail says what was there; the next writer goes on before it', async () => {
  const { path, ends } = await small();
  truncateSync(path, (ends[3] ?? 0) - 5);
  const journal = place.journal('journal');
  expect(journal.end.position).toEqual({ file: 1, offset: ends[2] });
  expect(journal.torn).toMatchObject({ position: { file: 1, offset: ends[2] }, detail: 'a block that is cut off' });
  const writer = await place.writer(journal);
  expect(realFiles.size(path)).toBe(ends[2]);
  const database = writer.bind({ name: 'DB', guid });
  writer.set(database, 'd', '4', undefined, 0, 1);
  await writer.settled();
  const keys: string[] = [];
  scanRecords(journal.files, { file: 1, offset: 4096 }, writer.durable, (record) => keys.push(record.key));
  expect(keys).toEqual(['a', 'bb', 'd']);
});

test('a gap in a received last file is a torn tail, in an own one damage', async () => {
  const { path, ends } = await small();
  const bytes = readFileSync(path);
  bytes.fill(0, ends[1], ends[2]);
  writeFileSync(path, bytes);
  expect(() => place.journal('journal', memberA)).toThrow(/sound block behind/);
  expect(place.journal('journal', memberB).end.position).toEqual({ file: 1, offset: ends[1] });
});

test('below a limit everything must be sound, and nothing past it is read', async () => {
  const { path, ends, journal } = await small();
  const limit: Position = { file: 1, offset: ends[2] ?? 0 };
  const bytes = readFileSync(path);
  bytes.fill(0xff, ends[2]);
  writeFileSync(path, bytes);
  const reader = new BlockReader(journal.files, { file: 1, offset: 4096 });
  expect(reader.next(limit)?.end.offset).toBe(ends[1]);
  expect(reader.next(limit)?.end.offset).toBe(ends[2]);
  expect(reader.next(limit)).toBeNull();
  expect(reader.stop?.why).toBe('limit');
  expect(() => reader.next({ file: 1, offset: ends[3] ?? 0 })).toThrow(/damaged/);
  reader.close();
});

test('a file in the middle that is shorter than it was closed at is damage', async () => {
  const { path, ends } = await small();
  const journal = place.journal('journal');
  await (await place.writer(journal)).close();
  truncateSync(path, ends[2] ?? 0);
  const reader = new BlockReader(journal.files, { file: 1, offset: 4096 });
  expect(() => {
    while (reader.next() !== null) continue;
  }).toThrow(/damaged at 1:/);
  reader.close();
});

test('databases are known when reading starts in the middle of a file', async () => {
  const { journal, ends } = await small();
  const seen: (string | undefined)[] = [];
  scanRecords(journal.files, { file: 1, offset: ends[2] ?? 0 }, journal.end.position, (record, database) =>
    seen.push(database?.name, record.key),
  );
  expect(seen).toEqual(['DB', 'ccc']);
});

test('two files that claim one number, and files of another journal, are refused', async () => {
  const { path, journal } = await small();
  writeFileSync(path.replace(/\d{3}$/, '777'), readFileSync(path));
  expect(() => place.journal('journal')).toThrow(/both claim to be journal file 1/);
  const other = { ...mirrorJournal, guid: memberB };
  expect(() => new JournalFiles(realFiles, journal.files.directory, other)).toThrow(/belongs to another journal/);
});

test('goes on with the next file from the end of one that was purged, also while its directory was not read anew', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const database = writer.bind({ name: 'DB', guid });
  writer.set(database, 'a', 'x', undefined, 0, 1);
  const end = await writer.settled();
  await writer.switch('by hand');
  writer.set(database, 'b', 'x', undefined, 0, 1);
  const last = await writer.settled();
  await writer.close();
  const known = new JournalFiles(realFiles, journal.files.directory, mirrorJournal);
  rmSync(known.path(known.all[0] ?? journal.nextHeader(0, writer.epoch).header));
  for (const files of [known, new JournalFiles(realFiles, journal.files.directory, mirrorJournal)]) {
    const reader = new BlockReader(files, end);
    expect(reader.next(last)?.end).toEqual(last);
    reader.close();
    // What stands in it is missed.
    expect(() => new BlockReader(files, { file: 1, offset: 4096 }).next(last)).toThrow(/Journal file 1 is not in/);
  }
});
