import { afterEach, beforeEach, expect, test } from 'vitest';
import { plainProperties } from '../api/database-properties.ts';
import { createDatabase, DatabaseReader } from '../database/index.ts';
import { realIo } from '../io/io.ts';
import { Applier, type ApplierFailure } from './applier.ts';
import { mirrorJournal, Workplace } from './test-support.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

const guid = '00000000-0000-4000-8000-0000000000d0';
const own = (maxSizeBytes: number) => ({ shared: { ...plainProperties, maxSizeBytes }, isLimited: true });

/** Two copies, of which only the first is written much to, and an applier of their journal. */
async function twoCopies() {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const names = ['SMALL', 'OTHER'];
  const mirror = { name: 'TEST', guid: mirrorJournal.guid, failoverDB: true };
  for (const name of names) createDatabase(place.path(name), { guid, name, createdMs: 0, mirror: { ...mirror, database: name } });
  const [small = 0, other = 0] = names.map((name) => writer.bind({ name, guid }));
  const applier = new Applier({ clock: realIo.clock, directory: journal.files.directory, journal: mirrorJournal, role: 'backup' });
  place.atEnd(() => applier.close());
  const failures: ApplierFailure[] = [];
  applier.onFailure((failure) => failures.push(failure));
  for (const name of names) await applier.add({ name, directory: place.path(name) });
  const write = async (from: number, count: number) => {
    for (let n = from; n < from + count; n++) writer.set(small, `n${String(n).padStart(5, '0')}`, 'x'.repeat(500), undefined, 0, 1);
    writer.set(other, 'last', String(from), undefined, 0, 1);
    return writer.settled();
  };
  return { applier, failures, write };
}

function read(name: string, key: string): string | undefined {
  const reader = DatabaseReader.open(place.path(name));
  try {
    return reader.get(key);
  } finally {
    reader.close();
  }
}

test('a copy that is full takes no more, the others go on, and nothing is lost once its size is raised', async () => {
  const { applier, failures, write } = await twoCopies();
  await applier.setProperties('SMALL', own(200_000));
  const first = await write(0, 50);
  applier.applyTo(first);
  await applier.drained(first);
  const second = await write(50, 400);
  applier.applyTo(second);
  await expect(applier.drained(second)).rejects.toMatchObject({ code: 'FILEFULL' });
  expect(failures).toMatchObject([{ database: 'SMALL', position: first, error: { code: 'FILEFULL' } }]);
  expect([read('SMALL', 'n00049'), read('SMALL', 'n00050'), read('OTHER', 'last')]).toEqual(['x'.repeat(500), undefined, '50']);
  // Again as it is: full again. Then larger.
  await applier.remove('SMALL');
  await applier.add({ name: 'SMALL', directory: place.path('SMALL') });
  await expect(applier.drained(second)).rejects.toMatchObject({ code: 'FILEFULL' });
  await applier.setProperties('SMALL', own(2_000_000));
  await applier.remove('SMALL');
  await applier.add({ name: 'SMALL', directory: place.path('SMALL') });
  await applier.drained(second);
  expect(read('SMALL', 'n00449')).toBe('x'.repeat(500));
  expect(failures).toHaveLength(2);
});

test('who takes over gets what is durable, whatever the copy’s own maximum size is', async () => {
  const { applier, failures, write } = await twoCopies();
  await applier.setProperties('SMALL', own(200_000));
  const end = await write(0, 600);
  const inheriting = applier.inherit(end);
  applier.applyTo(end);
  const { databases } = await inheriting;
  expect(databases.find(({ name }) => name === 'SMALL')?.keys.length).toBe(600);
  await applier.drained(end);
  expect([failures, read('SMALL', 'n00599')]).toEqual([[], 'x'.repeat(500)]);
});

test('properties of what it does not feed are not found', async () => {
  const { applier } = await twoCopies();
  await expect(applier.setProperties('NONE', own(1))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await applier.close();
  await expect(applier.setProperties('SMALL', own(1))).rejects.toMatchObject({ code: 'NOT_RUNNING' });
});
