import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { realIo } from '../io/io.ts';
import type { Done, JournalDisk } from './disk.ts';
import { Journal } from './journal.ts';
import { scanRecords } from './scan.ts';
import { memberA, memberB, mirrorJournal, Workplace } from './test-support.ts';
import { ThreadDisk } from './thread-disk.ts';
import type { Position } from './types.ts';
import type { JournalWriter } from './writer.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const database = { name: 'DB', guid: memberA };

function keys(journal: Journal, to: Position): string[] {
  const seen: string[] = [];
  scanRecords(journal.files, { file: 1, offset: 4096 }, to, (record) => seen.push(record.key));
  return seen;
}

/** Resolves at the next written position. */
function written(writer: JournalWriter): Promise<Position> {
  return new Promise((resolve) => {
    const stop = writer.onWritten((position) => {
      stop();
      resolve(position);
    });
  });
}

test('records of one turn make one block; its ticket comes with the durable position', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const number = writer.bind(database);
  const told: [Position, number][] = [];
  const sealed: number[] = [];
  writer.onDurable((position, ticket) => told.push([position, ticket]));
  writer.onSealed((block) => sealed.push(block.records));
  for (let i = 1; i <= 10; i++) {
    writer.set(number, `k${i}`, 'v', undefined, 0, 1);
    writer.note(i);
  }
  expect(writer.inFlight).toBeNull();
  const position = await writer.settled();
  // Ten updates and the binding of their database.
  expect(sealed).toEqual([11]);
  expect(told).toEqual([[position, 10]]);
  expect(writer.durable).toEqual(writer.end);
  expect(writer.latency.count).toBe(1);
});

test('one block is in flight; what is recorded meanwhile goes into the next', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal, { gate: 'remote' });
  const number = writer.bind(database);
  const ends: Position[] = [];
  writer.onSealed((block) => ends.push(block.end));
  writer.set(number, 'a', '', undefined, 0, 1);
  const first = await written(writer);
  expect(ends).toEqual([first]);
  for (const key of ['b', 'c']) writer.set(number, key, '', undefined, 0, 1);
  expect(ends).toHaveLength(1);
  writer.remoteAcknowledged(first);
  expect(writer.durable).toEqual(first);
  await written(writer);
  expect(ends).toHaveLength(2);
  writer.remoteAcknowledged({ file: 1, offset: first.offset + 1 });
  expect(writer.durable).toEqual(first);
  writer.setGate('open');
  expect(writer.durable).toEqual(ends[1]);
});

test('nothing becomes durable while the gate holds, acknowledged or not', async () => {
  const writer = await place.writer(place.journal('journal'), { gate: 'remote' });
  const number = writer.bind(database);
  const before = writer.durable;
  writer.setGate('hold');
  writer.set(number, 'a', '', undefined, 0, 1);
  const end = await written(writer);
  writer.remoteAcknowledged(end);
  expect(writer.durable).toEqual(before);
  writer.setGate('remote');
  expect(writer.durable).toEqual(end);
});

test('an acknowledgement may come before the local sync, and a local sync does without once the gate is open', async () => {
  const writer = await place.writer(place.journal('journal'), { gate: 'remote' });
  const number = writer.bind(database);
  writer.onSealed((block) => writer.remoteAcknowledged(block.end));
  const before = writer.durable;
  writer.set(number, 'a', '', undefined, 0, 1);
  expect(writer.durable).toEqual(before);
  const position = await writer.settled();
  expect(writer.durable).toEqual(position);
});

test('a held journal says that it is saturated, and takes records of any size all the same', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal, { gate: 'hold' });
  const number = writer.bind(database);
  const big = 'x'.repeat(3_641_144);
  expect(writer.saturated).toBe(false);
  for (let i = 0; i < 4; i++) writer.set(number, `big${i}`, big, big, 0, 1);
  expect(writer.saturated).toBe(true);
  writer.setGate('open');
  await writer.settled();
  expect(writer.saturated).toBe(false);
  const seen: [string, number, number][] = [];
  scanRecords(journal.files, { file: 1, offset: 4096 }, writer.durable, (record) =>
    seen.push([record.key, record.value.length, record.old?.length ?? -1]),
  );
  expect(seen).toEqual([0, 1, 2, 3].map((i) => [`big${i}`, big.length, big.length]));
});

test('files are switched by size and on demand; each can be read alone and the chain goes on', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal, { fileBytesMax: 10_000 });
  const number = writer.bind(database);
  const switched: number[] = [];
  writer.onSwitched((header) => switched.push(header.number));
  for (let i = 0; i < 10; i++) {
    writer.set(number, `k${i}`, 'x'.repeat(2000), undefined, 0, 1);
    await writer.settled();
  }
  expect(switched).toEqual([2, 3, 4, 5]);
  expect(await writer.switch('asked')).toEqual({ file: 6, offset: 4096 });
  writer.set(number, 'last', '', undefined, 0, 1);
  await writer.close();
  for (const header of journal.files.all.slice(0, -1)) {
    expect(realIo.files.size(journal.files.path(header))).toBe(journal.files.closedLength(header.number));
  }
  const lastFile: string[] = [];
  scanRecords(journal.files, { file: 6, offset: 4096 }, writer.durable, (record, found) => lastFile.push(`${found?.name} ${record.key}`));
  expect(lastFile).toEqual(['DB last']);
  expect(keys(journal, writer.durable)).toEqual([...Array.from({ length: 10 }, (_, i) => `k${i}`), 'last']);
  expect(place.journal('journal').end).toEqual(journal.end);
});

test('a block waiting during a switch binds its databases in the new file', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const number = writer.bind(database);
  writer.set(number, 'a', '', undefined, 0, 1);
  await writer.settled();
  const switching = writer.switch('asked');
  writer.set(number, 'b', '', undefined, 0, 1);
  await switching;
  const end = await writer.settled();
  expect(end.file).toBe(2);
  const seen: (string | undefined)[] = [];
  scanRecords(journal.files, { file: 2, offset: 4096 }, end, (_record, found) => seen.push(found?.name));
  expect(seen).toEqual(['DB']);
});

test('a restart goes on in a new file of the same chain; an epoch leaves its mark in the lineage', async () => {
  const first = place.journal('journal');
  const writer = await place.writer(first);
  writer.set(writer.bind(database), 'a', '', undefined, 0, 1);
  await writer.settled();
  await writer.startEpoch({ major: 1, minor: 1, member: memberA });
  const forkOne = first.lineage.at(-1);
  writer.mark('ACTIVE', '1');
  await writer.abandon();
  const again = place.journal('journal');
  expect(again.lineage).toEqual(first.lineage);
  const next = await place.writer(again, { epoch: { major: 1, minor: 2, member: memberB } });
  next.set(next.bind(database), 'b', '', undefined, 0, 1);
  await next.close();
  const closed = first.files.closedLength(1) ?? 0;
  expect(forkOne).toMatchObject({
    epoch: { major: 1, minor: 1 },
    first: { file: 2, offset: 4096 },
    previousEnd: { file: 1, offset: closed },
  });
  expect(again.lineage.map(({ epoch }) => `${epoch.minor}${epoch.member.slice(-1)}`)).toEqual(['0a', '1a', '2b']);
  expect(keys(again, next.durable).filter((key) => key !== 'ACTIVE')).toEqual(['a', 'b']);
});

test('every file begun and closed gets a line in the log', async () => {
  const log = place.path('journal.log');
  const journal = Journal.open({ io: realIo, directory: place.path('journal'), journal: mirrorJournal, member: memberA, logs: [log] });
  const writer = await place.writer(journal);
  await writer.switch('asked for');
  await writer.close();
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  expect(lines.map((line) => line.replace(/^\S+ (\S+) .*?(file \d.*)$/, '$1 $2'))).toEqual([
    'begun file 1 epoch 1.0 (start)',
    'closed file 1 epoch 1.0 (asked for)',
    'begun file 2 epoch 1.0 (asked for)',
    'closed file 2 epoch 1.0 (stop)',
  ]);
});

/** A real disk on which writing blocks fails from the given one on. */
class FailingDisk implements JournalDisk {
  readonly #disk = new ThreadDisk({ preallocate: 0 });
  #left: number;

  constructor(soundAppends: number) {
    this.#left = soundAppends;
  }

  append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void {
    if (this.#left-- > 0) this.#disk.append(memory, from, length, offset, done);
    else queueMicrotask(() => done(new GemelError('DISK_FULL', 'The disk is full.')));
  }

  create(path: string, header: Uint8Array, done: Done): void {
    this.#disk.create(path, header, done);
  }

  finish(length: number, done: Done): void {
    this.#disk.finish(length, done);
  }

  relocate(from: string, to: string, length: number, done: Done): void {
    this.#disk.relocate(from, to, length, done);
  }

  attach(path: string, done: Done): void {
    this.#disk.attach(path, done);
  }

  sync(done: Done): void {
    this.#disk.sync(done);
  }

  isInline(): boolean {
    return false;
  }

  close(done: Done): void {
    this.#disk.close(done);
  }
}

test('a disk that fails is told once, nothing becomes durable any more, and recording does not throw', async () => {
  const journal = place.journal('journal');
  const writer = await place.writer(journal, { disk: new FailingDisk(1) });
  const number = writer.bind(database);
  const errors: string[] = [];
  writer.onError((error) => errors.push(error.code));
  writer.set(number, 'a', '', undefined, 0, 1);
  const durable = await writer.settled();
  writer.set(number, 'b', '', undefined, 0, 1);
  await expect(writer.settled()).rejects.toThrow(/disk is full/);
  writer.set(number, 'c', '', undefined, 0, 1);
  writer.note(7);
  await expect(writer.settled()).rejects.toThrow(/disk is full/);
  await expect(writer.switch('try')).rejects.toThrow(/disk is full/);
  writer.setGate('open');
  expect(writer.durable).toEqual(durable);
  expect(writer.saturated).toBe(true);
  expect(errors).toEqual(['DISK_FULL']);
  await writer.abandon();
  expect(keys(place.journal('journal'), durable)).toEqual(['a']);
});

test('a file that cannot be made fails the opening with its path', async () => {
  const journal = place.journal('journal');
  realIo.files.remove(place.path('journal/none'));
  const disk = new ThreadDisk();
  const error = await new Promise<GemelError | null>((resolve) =>
    disk.create(place.path('no/such/directory/file'), Buffer.alloc(4096), resolve),
  );
  expect(error).toMatchObject({ code: 'NOT_FOUND' });
  expect(error?.message).toMatch(/no\/such\/directory\/file/);
  const after = await new Promise<GemelError | null>((resolve) => disk.create(place.path('journal/fine'), Buffer.alloc(4096), resolve));
  expect(after).toBe(error);
  await new Promise((resolve) => disk.close(resolve));
  expect(journal.files.all).toHaveLength(0);
  expect(realIo.files.exists(place.path('journal/fine'))).toBe(false);
});

test('whatever is recorded is read back in order, over switches and restarts', { timeout: 60_000 }, async () => {
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.tuple(fc.constant('set' as const), fc.string({ maxLength: 8 }), fc.nat({ max: 3000 })) },
    { weight: 3, arbitrary: fc.constant(['settle'] as const) },
    { weight: 1, arbitrary: fc.constant(['switch'] as const) },
    { weight: 1, arbitrary: fc.constant(['restart'] as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const inner = new Workplace();
      try {
        let journal = inner.journal('journal');
        let writer = await inner.writer(journal, { fileBytesMax: 16_384 });
        let number = writer.bind(database);
        const expected: string[] = [];
        for (const [what, key, length] of steps) {
          if (what === 'set') {
            writer.set(number, key, 'v'.repeat(length), undefined, 0, 1);
            expected.push(key);
          } else if (what === 'settle') await writer.settled();
          else if (what === 'switch') void writer.switch('asked');
          else {
            await writer.close();
            journal = inner.journal('journal');
            writer = await inner.writer(journal, { fileBytesMax: 16_384 });
            number = writer.bind(database);
          }
        }
        await writer.close();
        const reopened = inner.journal('journal');
        expect(reopened.end).toEqual(journal.end);
        expect(keys(reopened, reopened.end.position)).toEqual(expected);
      } finally {
        await inner.remove();
      }
    }),
    { numRuns: 12 },
  );
});
