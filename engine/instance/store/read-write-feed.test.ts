import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { verifyDatabase } from '../../database/index.ts';
import { decodeKey, encodeKey, type Bytes } from '../../globals/index.ts';
import { realIo } from '../../io/index.ts';
import { comparePositions, type Journal, JournalWriter, ThreadDisk, type Position } from '../../journal/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Session } from '../session.ts';
import type { UpdateFilter } from '../../mirror/index.ts';
import { ReadWriteFeed } from './read-write-feed.ts';
import { mirrorGuid, StoreBench } from './test-support.ts';

const guid = '00000000-0000-4000-8000-0000000000d1';
const member = '00000000-0000-4000-8000-00000000000b';

/** The journal as it comes from a primary. */
class Primary {
  readonly writer: JournalWriter;
  readonly #journal: Journal;
  readonly #number: number;

  constructor(journal: Journal, writer: JournalWriter) {
    this.#journal = journal;
    this.writer = writer;
    this.#number = writer.bind({ name: 'SHARED', guid });
  }

  static async of(bench: StoreBench): Promise<Primary> {
    const journal = bench.openMirrorJournal();
    const epoch = { major: 1, minor: 1, member };
    return new Primary(journal, await JournalWriter.open({ io: realIo, journal, disk: new ThreadDisk({ preallocate: 64 * 1024 }), epoch }));
  }

  get files() {
    return this.#journal.files;
  }

  get end() {
    return this.#journal.end;
  }

  /** One block. @returns its end */
  async write(changes: readonly Change[]): Promise<Position> {
    for (const [name, value] of changes) {
      if (value === null) this.writer.kill(this.#number, keyOf(name), '', 0, 1);
      else this.writer.set(this.#number, keyOf(name), value, undefined, 0, 1);
    }
    return this.writer.settled();
  }
}

/** null: killed */
type Change = readonly [name: string, value: Bytes | null];

const keyOf = (name: string): Bytes => encodeKey('x', [name]);

let bench: StoreBench;
let primary: Primary;
let feed: ReadWriteFeed;
let failures: string[];
let told: () => void;

beforeEach(async () => {
  failures = [];
  told = () => undefined;
  bench = new StoreBench();
  await bench.open();
  primary = await Primary.of(bench);
  await bench.store.create({
    ...bench.store.checkNew('SHARED', undefined),
    namespace: true,
    maxSizeMB: undefined,
    mirror: { name: 'TEST', guid: mirrorGuid, database: 'SHARED', databaseGuid: guid, position: primary.writer.end, failoverDB: false },
  });
  begin();
});
afterEach(async () => {
  feed.close();
  await primary.writer.abandon();
  await bench.remove();
});

function begin(): void {
  feed = new ReadWriteFeed({
    clock: realIo.clock,
    turns: realIo.turns,
    executor: bench.store.executor,
    files: () => primary.files,
    failed: (by, error) => {
      failures.push(`${by} ${error.message}`);
      told();
    },
    advanced: () => told(),
  });
  for (const database of bench.store.localDatabases()) feed.add(database);
}

async function crashAndOpen(): Promise<void> {
  feed.close();
  await bench.crash();
  await bench.open();
  begin();
}

/** Resolves once everything before the position is applied. */
async function applied(position: Position): Promise<void> {
  feed.applyTo(position);
  await heard(() => comparePositions(feed.position('SHARED') ?? position, position) >= 0);
}

async function heard(so: () => boolean): Promise<void> {
  while (!so()) await new Promise<void>((resolve) => (told = resolve));
}

const shared = (): OpenDatabase => bench.database('SHARED');
const session = (): Session => bench.store.executor.open('SHARED');

function set(by: Session, name: string, value: Bytes | null): void {
  const target = by.resolve(`^x("${name}")`);
  if (value === null) by.kill(target);
  else by.set(target, value);
}

function nodes(): Record<string, Bytes> {
  const by = session();
  const found = by.scan(by.resolve('^x'), '', 100_000).nodes.map(({ key, value }) => [decodeKey(key).subscripts[0] ?? '', value] as const);
  by.close();
  return Object.fromEntries(found);
}

const settled = async (): Promise<void> => void (await bench.store.localWriter?.settled());

describe('a mirrored database that is updated here too', () => {
  it('has local and dejournaled updates in the order in which they were made here, also after a crash', async () => {
    const by = session();
    await applied(
      await primary.write([
        ['a', 'of the mirror'],
        ['b', 'of the mirror'],
      ]),
    );
    set(by, 'a', 'of here');
    await applied(
      await primary.write([
        ['b', 'again'],
        ['c', 'new'],
      ]),
    );
    set(by, 'c', null);
    const expected = { a: 'of here', b: 'again' };
    expect(nodes()).toEqual(expected);
    await settled();
    await crashAndOpen();
    expect(nodes()).toEqual(expected);
    // What was applied is not applied again.
    await applied(await primary.write([['d', 'later']]));
    expect(nodes()).toEqual({ ...expected, d: 'later' });
  });

  it('rolls a local transaction back to what was there before it, also over what was dejournaled since', async () => {
    const by = session();
    set(by, 'a', 'before');
    by.tstart();
    set(by, 'a', 'open');
    set(by, 'b', 'open');
    await applied(
      await primary.write([
        ['a', 'of the mirror'],
        ['c', 'of the mirror'],
      ]),
    );
    expect(nodes()).toEqual({ a: 'of the mirror', b: 'open', c: 'of the mirror' });
    await settled();
    await crashAndOpen();
    expect(nodes()).toEqual({ a: 'before', c: 'of the mirror' });
  });

  it('is what the primary has where nothing was done here, with nothing of its own to be seen', async () => {
    const changes = Array.from({ length: 3000 }, (_, n): Change => [`n${n}`, 'v'.repeat(100)]);
    await applied(await primary.write(changes));
    await settled();
    await bench.store.contained(shared(), null);
    expect(nodes()).toEqual(Object.fromEntries(changes));
    expect(verifyDatabase(shared().directory)).toMatchObject({ sound: true, nodes: changes.length });
  });

  it('takes no part of a block: all of it is there after a crash, or nothing', async () => {
    const position = await primary.write(Array.from({ length: 20_000 }, (_, n): Change => [`n${n}`, 'v'.repeat(300)]));
    await applied(position);
    // Not settled: the crash comes while the local journal writes.
    await crashAndOpen();
    expect([0, 20_000]).toContain(Object.keys(nodes()).length);
    await applied(position);
    expect(Object.keys(nodes())).toHaveLength(20_000);
  });

  it('that is full stops everything, and goes on where it stopped', async () => {
    const full = shared().nodes;
    Object.defineProperty(full, 'full', { value: true, configurable: true });
    const position = await primary.write([['a', '1']]);
    feed.applyTo(position);
    await heard(() => failures.length > 0);
    expect(failures).toEqual([expect.stringContaining('database The database SHARED has reached its maximum size')]);
    expect(nodes()).toEqual({});
    delete (full as { full?: boolean }).full;
    feed.goOn();
    await applied(position);
    expect(nodes()).toEqual({ a: '1' });
  });
});

describe('a flag that is cleared', () => {
  it('lets the database go on from where it stood, with what it had', async () => {
    await bench.store.create({
      ...bench.store.checkNew('LATER', undefined),
      namespace: true,
      maxSizeMB: undefined,
      mirror: { name: 'TEST', guid: mirrorGuid, database: 'LATER', databaseGuid: guid, position: primary.writer.end, failoverDB: true },
    });
    const number = primary.writer.bind({ name: 'LATER', guid });
    const write = async (value: Bytes): Promise<Position> => {
      primary.writer.set(number, keyOf(value), value, undefined, 0, 1);
      return primary.writer.settled();
    };
    const before = await write('before');
    const mirrored = await bench.store.openMirror({ name: 'TEST', guid: mirrorGuid });
    expect(mirrored.readWrite()).toEqual([shared()]);
    await mirrored.feed.drained(before);
    const later = bench.database('LATER');
    const by = bench.store.executor.open('LATER');
    expect(() => by.set(by.resolve('^x("here")'), '1')).toThrow(/read-only/);
    await mirrored.clearFailoverDB(later);
    expect(mirrored.fed()).toEqual([]);
    await mirrored.feed.close();
    feed.add(later);
    by.set(by.resolve('^x("here")'), '1');
    feed.applyTo(await write('after'));
    await heard(() => comparePositions(feed.position('LATER') ?? before, primary.writer.end) >= 0);
    const here = (): Bytes[] => {
      const at = bench.store.executor.open('LATER');
      return at.scan(at.resolve('^x'), '', 10).nodes.map(({ value }) => value);
    };
    expect(here()).toEqual(['after', 'before', '1']);
    await settled();
    await crashAndOpen();
    expect(here()).toEqual(['after', 'before', '1']);
    expect(bench.database('LATER').failoverDB).toBe(false);
  });
});

describe('a journal that is cut where the mirror’s parts from it', () => {
  it('stays as it is where databases contain more that cannot be taken back, and is cut behind what they contain', async () => {
    const mirrored = await bench.store.openMirror({ name: 'TEST', guid: mirrorGuid });
    mirrored.useReadWriteFeed(feed);
    await primary.write([['a', '1']]);
    const first = primary.end;
    await applied(await primary.write([['a', '2']]));
    const second = primary.end;
    const end = await primary.write([['a', '3']]);
    await primary.writer.abandon();
    await expect(mirrored.cuts.at({ fork: first, end, primaryEnd: first.position })).rejects.toThrow(/cannot be rewound: SHARED/);
    const sides = await mirrored.cuts.at({ fork: second, end, primaryEnd: second.position });
    expect(sides).toHaveLength(1);
    feed.applyTo(second.position);
    expect(nodes()).toEqual({ a: '2' });
    expect(feed.position('SHARED')).toEqual(second.position);
    await mirrored.feed.close();
  });
});

describe('a filter', () => {
  const dropping = (names: readonly string[]): UpdateFilter => ({
    ask: (updates) =>
      Promise.resolve(new Set([...updates.keys()].filter((n) => names.includes(decodeKey(updates[n]?.key ?? '').subscripts[0] ?? '')))),
  });

  it('leaves out what it says, from then on, and what it said stays so after a crash', async () => {
    feed.useFilter(dropping(['a']));
    await applied(
      await primary.write([
        ['a', '1'],
        ['b', '1'],
      ]),
    );
    expect(nodes()).toEqual({ b: '1' });
    feed.useFilter(null);
    await applied(await primary.write([['a', '2']]));
    await settled();
    await crashAndOpen();
    feed.useFilter(dropping(['b']));
    await applied(await primary.write([['c', '3']]));
    expect(nodes()).toEqual({ a: '2', b: '1', c: '3' });
  });

  it('that cannot say stops everything before the first update it was asked about; mended, it goes on there', async () => {
    feed.useFilter({ ask: () => Promise.reject(new GemelError('REFUSED', 'The filter threw.')) });
    const position = await primary.write([['a', '1']]);
    feed.applyTo(position);
    await heard(() => failures.length > 0);
    expect(failures).toEqual([expect.stringContaining('filter The filter threw.')]);
    expect(nodes()).toEqual({});
    feed.goOn();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(nodes()).toEqual({});
    feed.useFilter(dropping(['b']));
    await applied(position);
    expect(nodes()).toEqual({ a: '1' });
  });
});

describe('a crash at any moment', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const value = fc.option(fc.constantFrom<Bytes>('1', '2', 'v'.repeat(2000)), { freq: 4 });
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('local' as const), name, value }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('mirror' as const),
        changes: fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'commit' as const, 'rollback' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'settle' as const, 'switch' as const, 'contain' as const) }) },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  /** What was done here, in order: each alone is what a crash may keep or not. */
  type Done =
    | { readonly local: Change; readonly inTransaction: boolean }
    | { readonly mirror: readonly Change[] }
    | { readonly end: 'commit' | 'rollback' };

  /** What a beginning of it leaves behind, with the transaction that is open at its end rolled back. */
  function outcome(before: ReadonlyMap<string, Bytes>, done: readonly Done[]): Map<string, Bytes> {
    const now = new Map(before);
    let undo: Change[] = [];
    const put = ([at, to]: Change): void => void (to === null ? now.delete(at) : now.set(at, to));
    const rollBack = (): void => {
      for (const each of undo.reverse()) put(each);
      undo = [];
    };
    for (const each of done) {
      if ('mirror' in each) each.mirror.forEach(put);
      else if ('end' in each) {
        if (each.end === 'rollback') rollBack();
        undo = [];
      } else {
        // Killing what is not there is no update: nothing is undone.
        const isUpdate = each.local[1] !== null || now.has(each.local[0]);
        if (each.inTransaction && isUpdate) undo.push([each.local[0], now.get(each.local[0]) ?? null]);
        put(each.local);
      }
    }
    rollBack();
    return now;
  }

  it('leaves a beginning of what was done here, with everything that was durable; the rest of the mirror’s comes once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 5, maxLength: 25 }), { minLength: 1, maxLength: 3 }), async (lives) => {
        await restart();
        let before = new Map<string, Bytes>();
        for (const steps of lives) before = await live(before, steps);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  it('that rolls a transaction back over what came from the mirror does not let that come again', async () => {
    const steps: Step[] = [
      { do: 'local', name: 'a', value: '1' },
      { do: 'start' },
      { do: 'local', name: 'a', value: '2' },
      { do: 'mirror', changes: [['a', '3']] },
      { do: 'contain' },
    ];
    expect(await live(new Map(), steps)).toEqual(new Map([['a', '1']]));
  });

  async function restart(): Promise<void> {
    const old = shared();
    const by = session();
    by.kill(by.resolve('^x'));
    by.close();
    await settled();
    await crashAndOpen();
    expect(old).not.toBe(shared());
  }

  /** @returns what is there at its end */
  async function live(before: Map<string, Bytes>, steps: readonly Step[]): Promise<Map<string, Bytes>> {
    const began = feed.position('SHARED')!;
    const done: Done[] = [];
    const blocks: { end: Position; changes: readonly Change[] }[] = [];
    let taken = 0;
    let inTransaction = false;
    let durable = 0;
    const by = session();
    const take = (): void => {
      for (const block of blocks.slice(taken)) {
        if (comparePositions(feed.position('SHARED') ?? block.end, block.end) < 0) break;
        done.push({ mirror: block.changes });
        taken += 1;
      }
    };
    told = take;
    for (const each of steps) {
      if (each.do === 'local') {
        set(by, each.name, each.value);
        done.push({ local: [each.name, each.value], inTransaction });
      } else if (each.do === 'mirror') {
        blocks.push({ end: await primary.write(each.changes), changes: each.changes });
        feed.applyTo(blocks.at(-1)!.end);
      } else if (each.do === 'start') {
        if (!inTransaction) by.tstart();
        inTransaction = true;
      } else if (each.do === 'commit' || each.do === 'rollback') {
        if (!inTransaction) continue;
        if (each.do === 'commit') by.tcommit();
        else by.trollback(0);
        inTransaction = false;
        done.push({ end: each.do });
      } else if (each.do === 'turn') await new Promise((resolve) => setImmediate(resolve));
      else {
        const count = done.length;
        await settled();
        durable = Math.max(durable, count);
        if (each.do === 'switch') await bench.store.switchLocalJournal();
        if (each.do === 'contain') await bench.contained(shared());
      }
    }
    told = () => undefined;
    await crashAndOpen();
    const found = new Map(Object.entries(nodes()));
    const stood = feed.position('SHARED')!;
    const kept = Array.from({ length: done.length - durable + 1 }, (_, n) => done.slice(0, durable + n)).filter((beginning) => {
      const mirrored = beginning.filter((each) => 'mirror' in each).length;
      // Also where nothing of the mirror's is kept: nodes alone do not tell it from what a rollback has put back.
      const place = blocks[mirrored - 1]?.end ?? began;
      return comparePositions(place, stood) === 0 && same(outcome(before, beginning), found);
    });
    const [beginning] = kept;
    if (beginning === undefined)
      expect({ stood, nodes: found }).toEqual({ stood: blocks[taken - 1]?.end ?? began, nodes: outcome(before, done) });
    const mirrored = beginning?.filter((each) => 'mirror' in each).length ?? 0;
    const rest = blocks.slice(mirrored).map(({ changes }): Done => ({ mirror: changes }));
    const last = blocks.at(-1);
    if (last !== undefined) await applied(last.end);
    const expected = outcome(found, rest);
    expect(nodes()).toEqual(Object.fromEntries([...expected].sort(([a], [b]) => (a < b ? -1 : 1))));
    await settled();
    return expected;
  }

  function same(one: ReadonlyMap<string, Bytes>, other: ReadonlyMap<string, Bytes>): boolean {
    return one.size === other.size && [...one].every(([at, is]) => other.get(at) === is);
  }
});
