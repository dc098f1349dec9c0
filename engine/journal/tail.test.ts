import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realFiles, type Files } from '../io/files.ts';
import { BlockReader } from './reader.ts';
import { scanRecords } from './scan.ts';
import { cutTail } from './tail.ts';
import { memberA, mirrorJournal, Workplace } from './test-support.ts';
import type { JournalEnd, Position } from './types.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** Three files of two blocks each in directory `journal`. @returns the ends of all blocks */
async function journal(): Promise<JournalEnd[]> {
  const opened = place.journal('journal');
  const writer = await place.writer(opened);
  const number = writer.bind({ name: 'DB', guid: memberA });
  const ends: JournalEnd[] = [];
  for (let i = 0; i < 6; i++) {
    if (i === 2) await writer.switch('test');
    if (i === 4) await writer.startEpoch({ major: 1, minor: 1, member: memberA });
    writer.set(number, `k${i}`, 'v', undefined, 0, 1);
    await writer.settled();
    ends.push(opened.end);
  }
  await writer.close();
  return ends;
}

function cut(fork: Position, databases: Position[] = [], files: Files = realFiles, name = 'journal', chain?: string): string[] {
  return cutTail({
    files,
    directory: place.path(name),
    journal: mirrorJournal,
    fork,
    databases,
    name: '20261121T010203Z',
    ...(chain === undefined ? {} : { chain }),
  });
}

function keys(name = 'journal'): string[] {
  const opened = place.journal(name);
  const seen: string[] = [];
  scanRecords(opened.files, { file: 1, offset: 4096 }, opened.end.position, (record) => seen.push(record.key));
  return seen;
}

test('the journal ends at the fork; what was behind it stands in side files', async () => {
  const ends = await journal();
  const fork = ends[2];
  if (fork === undefined) throw new Error('there is a third block');
  const before = new Map(readdirSync(place.path('journal')).map((name) => [name, readFileSync(place.path(`journal/${name}`))]));
  const side = cut(fork.position, [fork.position, { file: 1, offset: 4096 }], realFiles, 'journal', fork.chain);
  expect(side.map((path) => path.replace(/^.*\d{8}\./, ''))).toEqual(['003.diverged-20261121T010203Z', '002.diverged-20261121T010203Z']);
  for (const path of side) expect(readFileSync(path)).toEqual(before.get(path.replace(/^.*\//, '').replace(/\.diverged.*$/, '')));
  expect(keys()).toEqual(['k0', 'k1', 'k2']);
  expect(place.journal('journal').end).toEqual(fork);
  expect(cut(fork.position)).toEqual([]);
});

test('a fork at the end of a closed file sets the files behind it aside whole', async () => {
  const ends = await journal();
  const fork = ends[3]?.position ?? { file: 0, offset: 0 };
  // A database may be noted as standing at the start of the next file: the same position.
  expect(cut(fork, [{ file: 3, offset: 4096 }])).toHaveLength(1);
  expect(keys()).toEqual(['k0', 'k1', 'k2', 'k3']);
  expect(place.journal('journal').lineage).toHaveLength(1);
});

test('a fork before everything sets all aside', async () => {
  await journal();
  expect(cut({ file: 0, offset: 0 }, [], realFiles, 'journal', '0'.repeat(32))).toHaveLength(3);
  expect(place.journal('journal').end.position).toEqual({ file: 0, offset: 0 });
});

test('refuses when a database contains more, or the fork is not in this journal, and changes nothing', async () => {
  const ends = await journal();
  const fork = ends[2]?.position ?? { file: 0, offset: 0 };
  expect(() => cut(fork, [ends[3]?.position ?? fork])).toThrow(/A database already contains updates/);
  expect(() => cut({ file: 2, offset: fork.offset - 1 })).toThrow(/damaged/);
  expect(() => cut(fork, [], realFiles, 'journal', 'ab'.repeat(16))).toThrow(/differs from the mirror's/);
  expect(keys()).toHaveLength(6);
  expect(readdirSync(place.path('journal'))).toHaveLength(3);
});

class Crash extends Error {}

/** The real files, until so many changes have been made. */
function crashingAfter(changes: number): Files {
  let left = changes;
  const step = (): void => {
    if (left-- <= 0) throw new Crash();
  };
  return {
    ...realFiles,
    open: (path, mode) => {
      if (mode !== 'read') step();
      return realFiles.open(path, mode);
    },
    rename: (from, to) => (step(), realFiles.rename(from, to)),
    remove: (path) => (step(), realFiles.remove(path)),
    atomicWrite: (path, bytes) => (step(), realFiles.atomicWrite(path, bytes)),
    copy: (from, to, length) => (step(), realFiles.copy(from, to, length)),
  };
}

test('a crash at any point is made good when the journal is opened', async () => {
  const ends = await journal();
  const fork = ends[2];
  if (fork === undefined) throw new Error('there is a third block');
  let crashes = 0;
  for (let changes = 0; ; changes++) {
    const name = `copy${changes}`;
    cpSync(place.path('journal'), place.path(name), { recursive: true });
    let crashed = false;
    try {
      cut(fork.position, [], crashingAfter(changes), name);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crashed = true;
      crashes++;
    }
    // Before the plan was durable nothing has happened; after that everything does.
    const isWhole = crashed && changes === 0;
    expect(place.journal(name).end).toEqual(isWhole ? ends[5] : fork);
    expect(keys(name)).toHaveLength(isWhole ? 6 : 3);
    expect(existsSync(place.path(`${name}/MIRROR-TEST-cut.json`))).toBe(false);
    if (!crashed) break;
  }
  expect(crashes).toBeGreaterThanOrEqual(5);
});

test('a side file can be read by itself', async () => {
  const ends = await journal();
  const [side] = cut(ends[0]?.position ?? { file: 0, offset: 0 }).slice(-1);
  const directory = place.path('aside');
  realFiles.makeDirectory(directory);
  realFiles.copy(side ?? '', place.path('aside/MIRROR-TEST-20260101.001'));
  const aside = place.journal('aside');
  const reader = new BlockReader(aside.files, { file: 1, offset: 4096 });
  let blocks = 0;
  while (reader.next() !== null) blocks++;
  reader.close();
  expect(blocks).toBe(2);
});
