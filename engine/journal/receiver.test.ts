import { readFileSync, truncateSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realIo } from '../io/io.ts';
import { encodeHeader } from './header.ts';
import type { Journal } from './journal.ts';
import { RawReader } from './raw.ts';
import { JournalMismatch, JournalReceiver } from './receiver.ts';
import { memberA, memberB, Workplace } from './test-support.ts';
import { ThreadDisk } from './thread-disk.ts';
import type { Position } from './types.ts';
import type { JournalWriter } from './writer.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const database = { name: 'DB', guid: memberA };

function receiver(journal: Journal, at = place): JournalReceiver {
  const made = new JournalReceiver({ io: realIo, journal, disk: new ThreadDisk({ preallocate: 0 }) });
  at.atEnd(() => made.close().catch(() => undefined));
  return made;
}

/** Sends what the receiver lacks, from the files. */
function catchUp(from: Journal, to: JournalReceiver, limit: Position, maxBytes = 3000): void {
  const { position } = to.end;
  const raw = new RawReader(from.files, position.file === 0 ? { file: 1, offset: 0 } : position);
  for (let piece = raw.next(limit, maxBytes); piece !== null; piece = raw.next(limit, maxBytes))
    expect(to.append(piece.bytes).position).toEqual(piece.end);
  raw.close();
}

function contents(journal: Journal): [string, string][] {
  return journal.files.all.map((header) => [
    header.fileName,
    readFileSync(journal.files.path(header))
      .subarray(0, journal.files.closedLength(header.number) ?? journal.end.position.offset)
      .toString('hex'),
  ]);
}

async function fill(writer: JournalWriter, count: number): Promise<void> {
  const number = writer.bind(database);
  for (let i = 0; i < count; i++) {
    writer.set(number, `k${i}`, 'x'.repeat((i * 37) % 900), undefined, 0, 1);
    await writer.settled();
  }
}

test('caught up from the files and then live, it holds the same files byte for byte', async () => {
  const source = place.journal('a');
  const writer = await place.writer(source, { fileBytesMax: 9000 });
  await fill(writer, 12);
  const target = place.journal('b', memberB);
  const receiving = receiver(target);
  catchUp(source, receiving, writer.written);
  expect(receiving.end).toEqual(source.end);
  writer.onSealed((block) => writer.remoteAcknowledged(receiving.append(block.bytes).position));
  writer.onSwitched((_header, bytes) => receiving.append(bytes));
  writer.setGate('remote');
  await fill(writer, 20);
  expect(writer.durable.file).toBeGreaterThan(2);
  expect(receiving.end).toEqual(source.end);
  await writer.abandon();
  await receiving.close();
  expect(receiving.synced).toEqual(receiving.end.position);
  expect(contents(target)).toEqual(contents(source));
});

test('tells what is synced in the background', async () => {
  const source = place.journal('a');
  const writer = await place.writer(source);
  await fill(writer, 3);
  const receiving = receiver(place.journal('b', memberB));
  const synced = new Promise<void>((resolve) => {
    receiving.onSynced((position) => {
      if (position.offset === writer.written.offset) resolve();
    });
  });
  catchUp(source, receiving, writer.written);
  await synced;
  expect(receiving.synced).toEqual(writer.written);
});

test('goes on after a restart, with a torn tail cut off', async () => {
  const source = place.journal('a');
  const writer = await place.writer(source, { fileBytesMax: 9000 });
  await fill(writer, 10);
  const half = writer.written;
  const first = place.journal('b', memberB);
  const receiving = receiver(first);
  catchUp(source, receiving, half);
  await receiving.close();
  const last = first.files.last;
  truncateSync(last === undefined ? '' : first.files.path(last), half.offset - 3);
  await fill(writer, 10);
  const target = place.journal('b', memberB);
  expect(target.torn).not.toBeNull();
  const again = receiver(target);
  catchUp(source, again, writer.written);
  await writer.abandon();
  await again.close();
  expect(contents(target)).toEqual(contents(source));
});

test('refuses whatever does not continue it, and keeps what came before', async () => {
  const source = place.journal('a');
  const writer = await place.writer(source);
  await fill(writer, 3);
  await writer.switch('test');
  await fill(writer, 1);
  const limit = writer.written;
  const pieces: Buffer[] = [];
  const raw = new RawReader(source.files, { file: 1, offset: 0 });
  for (let piece = raw.next(limit, 1); piece !== null; piece = raw.next(limit, 1)) pieces.push(piece.bytes);
  raw.close();
  const [header, one, two, three, secondHeader, four] = pieces;
  if (
    header === undefined ||
    one === undefined ||
    two === undefined ||
    three === undefined ||
    secondHeader === undefined ||
    four === undefined
  )
    throw new Error('six pieces');
  const target = place.journal('b', memberB);
  const receiving = receiver(target);
  expect(() => receiving.append(one)).toThrow(/before a file header/);
  receiving.append(header);
  expect(() => receiving.append(two)).toThrow(JournalMismatch);
  expect(() => receiving.append(Buffer.concat([one, three]))).toThrow(/a block of 1:/);
  const end = receiving.end;
  expect(end.position.offset).toBe(4096 + one.length);
  const changed = Buffer.from(two);
  changed.writeUInt8(changed.readUInt8(two.length - 9) ^ 1, two.length - 9);
  expect(() => receiving.append(changed)).toThrow(/checksum/);
  expect(() => receiving.append(two.subarray(0, two.length - 1))).toThrow(/cut off/);
  expect(() => receiving.append(secondHeader)).toThrow(/closed file 1 at/);
  expect(() => receiving.append(Buffer.from('nonsense'.repeat(20)))).toThrow(JournalMismatch);
  expect(receiving.end).toEqual(end);
  receiving.append(Buffer.concat([two, three, secondHeader, four]));
  expect(receiving.end).toEqual(source.end);
});

test('refuses a file of another journal, of another lineage, or out of order', async () => {
  const source = place.journal('a');
  const writer = await place.writer(source);
  await fill(writer, 2);
  const target = place.journal('b', memberB);
  const receiving = receiver(target);
  catchUp(source, receiving, writer.written);
  const continued = source.nextHeader(0, { major: 1, minor: 1, member: memberB });
  const header = continued.header;
  expect(() => receiving.append(encodeHeader({ ...header, journal: { ...header.journal, guid: memberB } }))).toThrow(/another journal/);
  expect(() => receiving.append(encodeHeader({ ...header, number: 3 }))).toThrow(/goes on with file 3/);
  expect(() => receiving.append(encodeHeader({ ...header, lineage: header.lineage.slice(1) }))).toThrow(/lineage is another/);
  expect(() => receiving.append(encodeHeader({ ...header, chain: 'ff'.repeat(16) }))).toThrow(JournalMismatch);
  expect(receiving.append(continued.bytes).position).toEqual({ file: 2, offset: 4096 });
  expect(target.lineage).toEqual(header.lineage);
});

test('any cutting of the stream into pieces gives the same journal', { timeout: 60_000 }, async () => {
  const source = place.journal('a');
  const writer = await place.writer(source, { fileBytesMax: 9000 });
  await fill(writer, 25);
  const limit = writer.written;
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 1, max: 12_000 })), async (sizes) => {
      const inner = new Workplace();
      try {
        const target = inner.journal('b', memberB);
        const receiving = receiver(target, inner);
        const raw = new RawReader(source.files, { file: 1, offset: 0 });
        for (const size of sizes) {
          const piece = raw.next(limit, size);
          if (piece === null) break;
          receiving.append(piece.bytes);
        }
        raw.close();
        expect(receiving.end.position).toEqual(limit);
        expect(contents(target)).toEqual(contents(source));
      } finally {
        await inner.remove();
      }
    }),
    { numRuns: 5 },
  );
});
