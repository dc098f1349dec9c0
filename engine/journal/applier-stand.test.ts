import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase, DatabaseReader } from '../database/index.ts';
import { realIo } from '../io/io.ts';
import { Applier } from './applier.ts';
import type { Journal } from './journal.ts';
import { mirrorJournal, Workplace } from './test-support.ts';
import type { Position } from './types.ts';
import type { JournalWriter } from './writer.ts';

const guid = '00000000-0000-4000-8000-0000000000d0';
const LONG_MS = 600_000;
let place: Workplace;
let journal: Journal;
let writer: JournalWriter;
let applier: Applier;
let number: number;
let directory: string;
const positions: Position[] = [];

beforeEach(async () => {
  place = new Workplace();
  journal = place.journal('primary');
  writer = await place.writer(journal);
  directory = place.path('DB');
  createDatabase(directory, { guid, name: 'DB', createdMs: 0 });
  number = writer.bind({ name: 'DB', guid });
  positions.length = 0;
  for (let n = 0; n < 5; n += 1) {
    writer.set(number, `k${n}`, `v${n}`, undefined, 0, 1);
    positions.push(await writer.settled());
  }
  applier = new Applier({ clock: realIo.clock, directory: journal.files.directory, journal: mirrorJournal, role: 'backup' });
  place.atEnd(() => applier.close());
  await applier.add({ name: 'DB', directory });
});
afterEach(() => place.remove());

function contents(): string[] {
  const reader = DatabaseReader.open(directory);
  const keys = reader.keys('', '\xff', 100, 1).map((key) => `${key}=${reader.get(key) ?? ''}`);
  reader.close();
  return keys;
}

const at = (n: number): Position => positions[n] ?? { file: 0, offset: 0 };

test('it stands still exactly there, with everything before in the file and nothing behind it, and goes on when released', async () => {
  const standing = applier.stand('DB', at(2), LONG_MS);
  applier.applyTo(at(4));
  expect(await standing).toEqual(at(2));
  expect(contents()).toEqual(['k0=v0', 'k1=v1', 'k2=v2']);
  expect(await applier.stand('DB', null, LONG_MS)).toEqual(at(2));
  expect(await applier.stand('DB', at(3), LONG_MS)).toEqual(at(3));
  await expect(applier.stand('DB', at(1), LONG_MS)).rejects.toMatchObject({ code: 'TIMEOUT' });
  applier.goOn('DB');
  await applier.drained(at(4));
  expect(contents()).toHaveLength(5);
});

test('who needs the files, such as a takeover, ends it at once; so does its time', async () => {
  applier.applyTo(at(4));
  await applier.stand('DB', at(4), LONG_MS);
  writer.set(number, 'k5', 'v5', undefined, 0, 1);
  const end = await writer.settled();
  applier.applyTo(end);
  expect((await applier.inherit(end)).position).toEqual(end);
  await applier.stand('DB', null, LONG_MS);
  await applier.drained(end);
  await applier.stand('DB', null, 2000);
  writer.set(number, 'k6', 'v6', undefined, 0, 1);
  const later = await writer.settled();
  const reached = Promise.withResolvers<void>();
  applier.onApplied(({ position }) => {
    if (position.offset === later.offset) reached.resolve();
  });
  applier.applyTo(later);
  await reached.promise;
  expect(contents()).toHaveLength(7);
});

test('nodes are corrected only where it stands', async () => {
  applier.applyTo(at(4));
  await expect(applier.correct('DB', at(4), [['k1', 'right']])).rejects.toMatchObject({ code: 'TIMEOUT' });
  await applier.stand('DB', at(4), LONG_MS);
  await expect(applier.correct('DB', at(3), [['k1', 'right']])).rejects.toMatchObject({ code: 'TIMEOUT' });
  await expect(applier.correct('NONE', at(4), [])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await applier.correct('DB', at(4), [
    ['k1', 'right'],
    ['k2', null],
  ]);
  expect(contents()).toEqual(['k0=v0', 'k1=right', 'k3=v3', 'k4=v4']);
  applier.goOn('DB');
});

test('a wish that can no more be met is told', async () => {
  const standing = applier.stand('DB', at(4), LONG_MS);
  const refused = expect(standing).rejects.toMatchObject({ code: 'TIMEOUT' });
  await applier.remove('DB');
  await refused;
});
