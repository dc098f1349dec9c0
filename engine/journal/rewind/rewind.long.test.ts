import { cpSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LostUpdate } from '../../api/lost.ts';
import { createDatabase, Database, DatabaseWriter } from '../../database/index.ts';
import { encodeKey, type Key } from '../../globals/index.ts';
import { realIo } from '../../io/index.ts';
import { ApplierCore } from '../applier-core.ts';
import type { TargetWriter } from '../applier-target.ts';
import { JournalFiles } from '../files.ts';
import { draftPath, listReports, publishReport, readUpdates } from '../lost/files.ts';
import { comparePositions } from '../position.ts';
import { recoverTransactions } from '../recovery.ts';
import { scanRecords } from '../scan.ts';
import { memberA, mirrorJournal, Workplace } from '../test-support.ts';
import { recordTypes, type JournalEnd, type Position } from '../types.ts';
import { cutTail } from '../tail.ts';
import { prepareCut } from './prepare.ts';
import { rewindDatabases } from './rewind.ts';

const names = ['DB', 'OTHER'] as const;
type Name = (typeof names)[number];
type Content = Map<Key, string>;

/** What a session does next. */
type Step =
  | { readonly do: 'set'; readonly in: Name; readonly key: number; readonly value: string; readonly session: number }
  | { readonly do: 'kill'; readonly in: Name; readonly below: number; readonly session: number }
  | { readonly do: 'start' | 'commit' | 'rollback'; readonly session: number }
  | { readonly do: 'block' | 'switch' | 'epoch' };

const session = fc.integer({ min: 1, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      in: fc.constantFrom(...names),
      key: fc.integer({ min: 0, max: 11 }),
      value: fc.string({ maxLength: 3 }),
      session,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      in: fc.constantFrom(...names),
      below: fc.integer({ min: 0, max: 3 }),
      session,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'commit' as const, 'rollback' as const), session }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('block' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('switch' as const, 'epoch' as const) }) },
);

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

function keyOf(n: number): Key {
  return encodeKey('x', [String(n % 4), String(n)]);
}

interface Written {
  readonly files: JournalFiles;
  /** The end of each block. */
  readonly ends: readonly JournalEnd[];
}

/** Writes what the sessions do as an executor does: before-images, compensation records, numbers of transactions. */
async function write(directory: string, steps: readonly Step[]): Promise<Written> {
  const journal = place.journal(directory);
  const writer = await place.writer(journal);
  const numbers = new Map(names.map((name) => [name, writer.bind({ name, guid: memberA })]));
  const now = new Map<Name, Content>(names.map((name) => [name, new Map()]));
  const open = new Map<number, { id: number; undo: { in: Name; key: Key; old: string | undefined }[] }>();
  const ends: JournalEnd[] = [];
  let next = 1;
  let minor = 0;
  const change = (name: Name, key: Key, value: string | undefined, of: number, compensation = false): void => {
    const content = now.get(name) ?? new Map<Key, string>();
    const old = content.get(key);
    if (value === undefined && old === undefined) return;
    const transaction = open.get(of);
    if (!compensation) transaction?.undo.push({ in: name, key, old });
    if (value === undefined) writer.kill(numbers.get(name) ?? 0, key, old ?? '', transaction?.id ?? 0, of, compensation);
    else writer.set(numbers.get(name) ?? 0, key, value, old, transaction?.id ?? 0, of, compensation);
    if (value === undefined) content.delete(key);
    else content.set(key, value);
  };
  const rollBack = (of: number): void => {
    const transaction = open.get(of);
    if (transaction === undefined) return;
    for (const undo of transaction.undo.toReversed()) change(undo.in, undo.key, undo.old, of, true);
    writer.rollbackEnd(transaction.id, of);
    open.delete(of);
  };
  for (const each of steps) {
    switch (each.do) {
      case 'set':
        change(each.in, keyOf(each.key), each.value, each.session);
        break;
      case 'kill':
        for (const key of [...(now.get(each.in)?.keys() ?? [])].sort())
          if (key.startsWith(encodeKey('x', [String(each.below)]))) change(each.in, key, undefined, each.session);
        break;
      case 'start':
        if (open.has(each.session)) break;
        open.set(each.session, { id: next, undo: [] });
        writer.tstart(next, each.session);
        next += 1;
        break;
      case 'commit': {
        const transaction = open.get(each.session);
        if (transaction !== undefined) writer.tcommit(transaction.id, each.session);
        open.delete(each.session);
        break;
      }
      case 'rollback':
        rollBack(each.session);
        break;
      case 'block':
        await writer.settled();
        ends.push(journal.end);
        break;
      case 'switch':
        await writer.switch('test');
        break;
      case 'epoch':
        // The primary was restarted: what was open is rolled back, and numbers begin again.
        await writer.settled();
        minor += 1;
        await writer.startEpoch({ major: 1, minor, member: memberA });
        for (const of of [...open.keys()]) rollBack(of);
        next = 1;
        break;
    }
  }
  await writer.settled();
  ends.push(journal.end);
  await writer.close();
  return { files: new JournalFiles(realIo.files, place.path(directory), mirrorJournal), ends };
}

/** What the records before a position make of a database. */
function replay(files: JournalFiles, name: Name, to: Position): Content {
  const content: Content = new Map();
  if (files.first === undefined) return content;
  scanRecords(files, { file: 1, offset: 4096 }, to, (record, database) => {
    if (database?.name !== name) return;
    if (record.type === recordTypes.set) content.set(record.key, record.value);
    if (record.type === recordTypes.kill) content.delete(record.key);
  });
  return content;
}

function contentOf(directory: string): Content {
  const database = Database.open(directory);
  try {
    const content: Content = new Map();
    for (let node = database.next('', '\xff', true); node !== undefined; node = database.next(node.key, '\xff', false))
      content.set(node.key, node.value);
    return content;
  } finally {
    database.close();
  }
}

class Crash extends Error {}

/** Ends the work before a commit, or right after it, once so many were made. */
function crashing(after: { left: number }): (directory: string) => TargetWriter {
  return (directory) => {
    const writer = DatabaseWriter.open(directory);
    return {
      get position() {
        return writer.position;
      },
      get openStart() {
        return writer.openStart;
      },
      get safePosition() {
        return writer.safePosition;
      },
      get meta() {
        return writer.meta;
      },
      begin: () => writer.begin(),
      upsert: (key: Key, value: string) => writer.upsert(key, value),
      remove: (key: Key) => writer.remove(key),
      upsertFrom: (...update: Parameters<TargetWriter['upsertFrom']>) => writer.upsertFrom(...update),
      removeFrom: (...node: Parameters<TargetWriter['removeFrom']>) => writer.removeFrom(...node),
      rollback: () => writer.rollback(),
      setProperties: (change: Parameters<TargetWriter['setProperties']>[0]) => writer.setProperties(change),
      keepLimit: (isKept: boolean) => writer.keepLimit(isKept),
      checkpointWal: () => writer.checkpointWal(),
      close: () => writer.close(),
      commit: (progress: Parameters<TargetWriter['commit']>[0]) => {
        if (after.left === 0) throw new Crash();
        after.left -= 1;
        const figures = writer.commit(progress);
        if (after.left === 0) throw new Crash();
        return figures;
      },
    };
  };
}

/** Brings a database up to a position, as dejournaling does. */
function feed(files: JournalFiles, name: Name, directory: string, to: Position): void {
  createDatabase(directory, { guid: memberA, name, createdMs: 0, journalId: mirrorJournal.guid });
  const core = new ApplierCore({
    clock: realIo.clock,
    files,
    openWriter: (at) => DatabaseWriter.open(at),
    intervalMs: 0,
    applied: () => undefined,
    failed: (_database, _position, error) => {
      throw error;
    },
  });
  core.add({ name, directory });
  core.raiseGoal(to);
  while (core.step() === 0) continue;
  core.close();
}

/** Of all positions in a run. */
const somewhere = fc.double({ min: 0, max: 0.999, noNaN: true });

describe('databases that contain more than the fork', () => {
  it('are taken back to what a replay of the journal before it gives, wherever they stand and however often it is interrupted', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        somewhere,
        fc.tuple(somewhere, somewhere),
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
        fc.constantFrom(1, 300, 1 << 24),
        async (steps, forkAt, checkpoints, crashes, chunkBytes) => {
          run += 1;
          const { files, ends } = await write(`journal${run}`, steps);
          const pick = (at: number): JournalEnd => ends[Math.floor(at * ends.length)] as JournalEnd;
          const fork = pick(forkAt);
          const end = ends.at(-1) as JournalEnd;
          const databases = names.map((name, n) => ({
            name,
            directory: place.path(`${name}${run}`),
            to: pick(checkpoints[n] ?? 0).position,
          }));
          for (const { name, directory, to } of databases) feed(files, name, directory, to);
          const contained = databases.flatMap(({ directory }) => {
            const database = Database.open(directory);
            const { position, openStart } = database.meta();
            database.close();
            return position === null ? [] : [{ position, openStart }];
          });
          const prepared = prepareCut(files, {
            fork: fork.position,
            chain: fork.chain,
            end: end.position,
            primaryEnd: fork.position,
            databases: contained,
            name: String(run),
            wallMs: 0,
          });
          for (const left of crashes) {
            try {
              rewindDatabases({ files, openWriter: crashing({ left }), databases, chunkBytes, ...prepared });
            } catch (error) {
              if (!(error instanceof Crash)) throw error;
            }
            // Whatever was done so far, each is a beginning of the journal.
            for (const { name, directory } of databases) {
              const at = positionOf(directory);
              expect(contentOf(directory)).toEqual(at === null ? new Map() : replay(files, name, at));
            }
          }
          rewindDatabases({ files, openWriter: (directory) => DatabaseWriter.open(directory), databases, chunkBytes, ...prepared });
          for (const { name, directory, to } of databases) {
            const least = comparePositions(to, fork.position) < 0 ? to : fork.position;
            expect(contentOf(directory)).toEqual(replay(files, name, least));
            if (comparePositions(to, fork.position) > 0) checkOpen(files, directory, fork.position);
          }
        },
      ),
      { numRuns: 20 },
    );
  }, 240_000);

  it.each(['there', 'set aside'])(
    'stand at the fork, not at the beginning of the next file, when that is %s: more of the file before may come',
    async (next) => {
      const set = (key: number): Step => ({ do: 'set', in: 'DB', key, value: 'v', session: 1 });
      const { files, ends } = await write('journal', [set(1), { do: 'block' }, { do: 'switch' }, set(2)]);
      const fork = ends[0] as JournalEnd;
      const directory = place.path('DB');
      feed(files, 'DB', directory, { file: 2, offset: 4096 });
      expect(positionOf(directory)).toEqual({ file: 2, offset: 4096 });
      const last = files.get(2);
      if (next === 'set aside' && last !== undefined) rmSync(files.path(last));
      const left = new JournalFiles(realIo.files, place.path('journal'), mirrorJournal);
      const databases = [{ name: 'DB', directory }];
      rewindDatabases({ files: left, openWriter: (at) => DatabaseWriter.open(at), databases, fork: fork.position, openStart: null });
      expect(positionOf(directory)).toEqual(fork.position);
      expect(contentOf(directory)).toEqual(replay(left, 'DB', fork.position));
    },
  );
});

function positionOf(directory: string): Position | null {
  const database = Database.open(directory);
  try {
    return database.meta().position;
  } finally {
    database.close();
  }
}

/** The database's beginning of open transactions finds all that are open at the fork. */
function checkOpen(files: JournalFiles, directory: string, fork: Position): void {
  const database = Database.open(directory);
  const { openStart, position } = database.meta();
  database.close();
  expect(position === null ? -1 : comparePositions(position, fork)).not.toBeGreaterThan(0);
  const all = recoverTransactions(files, { file: 1, offset: 4096 }, fork);
  const found = recoverTransactions(files, openStart ?? fork, fork);
  expect(found.open.map(({ transaction, undo }) => ({ transaction, undo }))).toEqual(
    all.open.map(({ transaction, undo }) => ({ transaction, undo })),
  );
}

describe('the report of what was lost', () => {
  const set = (key: number, value: string, of = 1): Step => ({ do: 'set', in: 'DB', key, value, session: of });
  const block: Step = { do: 'block' };

  async function reportOf(before: readonly Step[], behind: readonly Step[]): Promise<{ header: unknown; updates: LostUpdate[] }> {
    const { files, ends } = await write('journal', [...before, block, ...behind]);
    const fork = ends[before.filter((each) => each.do === 'block').length] as JournalEnd;
    const end = ends.at(-1) as JournalEnd;
    prepareCut(files, {
      fork: fork.position,
      chain: fork.chain,
      end: end.position,
      primaryEnd: { file: 9, offset: 9 },
      databases: [],
      name: 'R',
      wallMs: 0,
    });
    const { directory } = files;
    expect(realIo.files.exists(draftPath(directory, mirrorJournal, 'R'))).toBe(true);
    expect(listReports(realIo.files, directory, mirrorJournal)).toEqual([]);
    publishReport(realIo.files, directory, mirrorJournal, 'R');
    const [report] = listReports(realIo.files, directory, mirrorJournal);
    if (report === undefined) throw new Error('there is a report');
    return { header: report, updates: readUpdates(realIo.files, report, 0).updates };
  }

  it('has every update with what it was and became, how its transaction ended, and what the mirror kept', async () => {
    const { header, updates } = await reportOf(
      [set(1, 'a')],
      [
        set(1, 'b'),
        set(1, '\xff\xfe'),
        { do: 'start', session: 2 },
        set(2, 'in', 2),
        { do: 'commit', session: 2 },
        { do: 'start', session: 3 },
        set(3, 'never', 3),
        { do: 'rollback', session: 3 },
        { do: 'start', session: 3 },
        set(4, 'open', 3),
        { do: 'kill', in: 'DB', below: 1, session: 1 },
      ],
    );
    expect(header).toMatchObject({ updates: 7, committed: 1, rolledBack: 1, open: 1, single: 3, rewound: false, incomplete: null });
    expect(updates.map(({ id, reference, old, new: becomes, kept, outcome }) => [id, reference, old, becomes, kept, outcome])).toEqual([
      ['U1', '^x(1,1)', 'a', 'b', undefined, 'single'],
      ['U2', '^x(1,1)', 'b', { base64: '//4=' }, 'a', 'single'],
      ['T1.0.1', '^x(2,2)', null, 'in', undefined, 'committed'],
      ['T1.0.2', '^x(3,3)', null, 'never', undefined, 'rolled back'],
      ['T1.0.2', '^x(3,3)', 'never', null, null, 'rolled back'],
      ['T1.0.3', '^x(0,4)', null, 'open', undefined, 'open'],
      ['U7', '^x(1,1)', { base64: '//4=' }, null, 'a', 'single'],
    ]);
    expect(updates.map(({ process }) => process)).toEqual([1, 1, 2, 3, 3, 3, 1]);
    expect(updates[4]?.compensation).toBe(true);
  });

  it('has what a transaction did before the fork that was committed behind it', async () => {
    const { updates } = await reportOf(
      [{ do: 'start', session: 1 }, set(1, 'a'), { do: 'start', session: 2 }, set(2, 'z', 2), block, set(1, 'b')],
      [set(3, 'c'), { do: 'commit', session: 1 }, { do: 'rollback', session: 2 }],
    );
    expect(updates.map(({ id, reference, old, new: becomes, kept, shared }) => [id, reference, old, becomes, kept, shared])).toEqual([
      ['T1.0.1', '^x(1,1)', null, 'a', undefined, true],
      ['T1.0.1', '^x(1,1)', 'a', 'b', null, true],
      ['T1.0.1', '^x(3,3)', null, 'c', undefined, undefined],
      ['T1.0.2', '^x(2,2)', 'z', null, null, undefined],
    ]);
  });
});

it('nothing is prepared, and nothing written, when the journal that would be needed is damaged', async () => {
  const { files, ends } = await write('journal', [
    { do: 'set', in: 'DB', key: 1, value: 'a', session: 1 },
    { do: 'block' },
    { do: 'set', in: 'DB', key: 1, value: 'b', session: 1 },
    { do: 'block' },
    { do: 'set', in: 'DB', key: 1, value: 'c', session: 1 },
  ]);
  const [fork, middle, end] = ends as [JournalEnd, JournalEnd, JournalEnd];
  cpSync(place.path('journal'), place.path('copy'), { recursive: true });
  const path = files.path(files.get(1) as never);
  const file = realIo.files.open(path, 'update');
  file.write(Buffer.from('damage'), 0, 6, middle.position.offset - 20);
  file.close();
  const request = { fork: fork.position, chain: fork.chain, end: end.position, primaryEnd: fork.position, name: 'R', wallMs: 0 };
  const behind = [{ position: end.position, openStart: null }];
  expect(() => prepareCut(files, { ...request, databases: behind })).toThrow(/damaged/);
  expect(realIo.files.exists(draftPath(files.directory, mirrorJournal, 'R'))).toBe(false);
  // What no database contains can go all the same; the report says that it is not whole.
  expect(prepareCut(files, { ...request, databases: [] }).report ?? { incomplete: 'nothing to report' }).toMatchObject({
    incomplete: expect.stringMatching(/./),
  });
});

describe('a cut at the end of a file that a crash ends after its files were set aside', () => {
  it('is found to be done: a database that stood at the beginning of the next file stands at the fork', async () => {
    const set = (key: number): Step => ({ do: 'set', in: 'DB', key, value: 'a', session: 1 });
    const steps: Step[] = [set(1), { do: 'block' }, { do: 'switch' }, set(2), { do: 'block' }];
    const { files, ends } = await write('journal', steps);
    const fork = ends[0] as JournalEnd;
    expect(files.closedLength(1)).toBe(fork.position.offset);
    const directory = place.path('DB');
    feed(files, 'DB', directory, { file: 2, offset: 4096 });
    expect(positionOf(directory)).toEqual({ file: 2, offset: 4096 });
    const databases = [{ name: 'DB', directory }];
    const openWriter = (at: string): TargetWriter => DatabaseWriter.open(at);
    const cut = { files: files.files, directory: files.directory, journal: mirrorJournal, ...fork, fork: fork.position, name: 'R' };
    expect(cutTail({ ...cut, databases: [{ file: 2, offset: 4096 }] })).toHaveLength(1);
    // What the end of the process has left to do is done from the beginning.
    const left = new JournalFiles(files.files, files.directory, mirrorJournal);
    rewindDatabases({ files: left, openWriter, databases, fork: fork.position, openStart: null });
    expect(cutTail({ ...cut, databases: [{ file: 2, offset: 4096 }] })).toEqual([]);
    expect(contentOf(directory)).toEqual(replay(left, 'DB', fork.position));
  });
});
