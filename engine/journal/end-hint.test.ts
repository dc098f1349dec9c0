import { readFileSync, writeFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Journal } from './journal.ts';
import { Workplace } from './test-support.ts';
import type { JournalEnd } from './types.ts';

const database = { name: 'DB', guid: '00000000-0000-4000-8000-00000000000d' };
const value = 'v'.repeat(60_000);
let place: Workplace;
beforeEach(() => void (place = new Workplace()));
afterEach(() => place.remove());

/** A journal of `blocks` blocks of 60 kB in one file, as a crash leaves it. */
async function written(blocks: number): Promise<{ journal: Journal; ends: JournalEnd[] }> {
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  const number = writer.bind(database);
  const ends: JournalEnd[] = [];
  for (let i = 0; i < blocks; i++) {
    writer.set(number, `k${i}`, value, undefined, 0, 1);
    await writer.settled();
    ends.push(journal.end);
  }
  await writer.abandon();
  return { journal, ends };
}

function hintOf(journal: Journal): string {
  return join(journal.files.directory, 'MIRROR-TEST.hint');
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  writeFileSync(path, bytes);
}

test('opening begins at the hint, and finds the same end', async () => {
  const { journal, ends } = await written(40);
  expect(place.journal('journal').end).toEqual(ends.at(-1));
  const path = journal.files.path(journal.files.all[0] as never);
  // Where nothing is looked at any more: the reader that needs it finds the damage.
  flip(path, 5000);
  expect(place.journal('journal').end).toEqual(ends.at(-1));
});

test('a hint that is damaged, of another place or of a file cut since counts for nothing', async () => {
  const { journal, ends } = await written(40);
  const path = journal.files.path(journal.files.all[0] as never);
  const hint = readFileSync(hintOf(journal));
  for (let at = 0; at < hint.length; at++) {
    flip(hintOf(journal), at);
    expect(place.journal('journal').end).toEqual(ends.at(-1));
    writeFileSync(hintOf(journal), hint);
  }
  const offset = ends[10]?.position.offset ?? 0;
  truncateSync(path, offset);
  expect(place.journal('journal').end).toEqual(ends[10]);
});

test('damage behind the hint is found', async () => {
  const { journal, ends } = await written(40);
  const hinted = readFileSync(hintOf(journal)).readDoubleLE(12);
  const behind = ends.map((end) => end.position.offset).filter((offset) => offset > hinted);
  expect(behind.length).toBeGreaterThan(2);
  expect(behind.length).toBeLessThan(ends.length / 2);
  flip(journal.files.path(journal.files.all[0] as never), (behind[0] ?? 0) + 200);
  expect(() => place.journal('journal')).toThrow(/damaged/i);
});
