import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { blockHeaderBytes } from './block.ts';
import type { Journal } from './journal.ts';
import { scanRecords } from './scan.ts';
import { memberA, Workplace } from './test-support.ts';
import { dataStart, type Position } from './types.ts';

let place: Workplace;
let journal: Journal;
let middle: Position;
let end: Position;

beforeEach(async () => {
  place = new Workplace();
  journal = place.journal('journal');
  const writer = await place.writer(journal);
  const database = writer.bind({ name: 'ONE', guid: memberA });
  writer.set(database, 'a', '1', undefined, 0, 1);
  middle = await writer.settled();
  writer.set(database, 'b', '2', undefined, 0, 1);
  end = await writer.settled();
});

afterEach(() => place.remove());

function databasesFromMiddle(): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  scanRecords(journal.files, middle, end, (_record, database) => names.push(database?.name));
  return names;
}

function damage(offset: number): void {
  const header = journal.files.last;
  if (header === undefined) throw new Error('a journal that was written has a file');
  const path = journal.files.path(header);
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

it('who reads from the middle of a file knows what its numbers stand for', () => {
  expect(databasesFromMiddle()).toEqual(['ONE']);
});

/** The record would be taken for one of no database of this member, or of another one. */
it.each([
  ['name', dataStart + blockHeaderBytes + 20],
  ['checksum', dataStart],
  ['header', dataStart + 16],
  ['place', dataStart + 56],
])('a block that says so and is damaged (%s) is found, not passed over', (_what, offset) => {
  damage(offset);
  expect(databasesFromMiddle).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
  // Asked once more it has not forgotten.
  expect(databasesFromMiddle).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
});
