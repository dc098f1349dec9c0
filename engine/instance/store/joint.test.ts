import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutTail, JournalWriter, recordTypes, scanRecords, ThreadDisk, type Position } from '../../journal/index.ts';
import { realIo } from '../../io/index.ts';
import type { Session } from '../session.ts';
import { mirrorGuid, StoreBench } from './test-support.ts';

/** Transactions over mirrored (SHARED) and unmirrored (USER) data, at a crash in each of their moments. */

let bench: StoreBench;

beforeEach(async () => {
  bench = new StoreBench();
  await bench.open();
  await bench.becomePrimary(1);
  await bench.createMirrored('SHARED');
  bench.mirror.writer.setGate('open');
});
afterEach(() => bench.remove());

const both = ['^x', '^|"SHARED"|x'] as const;

function begin(value: string): Session {
  const session = bench.store.executor.open('USER');
  session.tstart();
  for (const reference of both) session.set(session.resolve(reference), value);
  return session;
}

function values(): (string | undefined)[] {
  const session = bench.store.executor.open('USER');
  const found = both.map((reference) => session.get(session.resolve(reference)));
  session.close();
  return found;
}

const durable = (ticket: number): Promise<void> =>
  bench.store.executor.durableTicket >= ticket
    ? Promise.resolve()
    : new Promise((resolve) => bench.store.executor.onDurable(() => bench.store.executor.durableTicket >= ticket && resolve()));

const settledBoth = async (): Promise<void> => {
  await bench.store.localWriter?.settled();
  await bench.mirror.writer.settled();
};

/** Resolves when the mirror's journal has the transaction's commit in a written block, which a closed gate keeps from being durable. */
async function commitWrittenNotDurable(session: Session): Promise<void> {
  bench.mirror.writer.setGate('hold');
  const before = bench.mirror.writer.written;
  session.tcommit();
  await new Promise<void>((resolve) => {
    const stop = bench.mirror.writer.onWritten(() => {
      if (!mirrorHasCommit(before)) return;
      stop();
      resolve();
    });
  });
}

function mirrorHasCommit(from: Position): boolean {
  let found = false;
  scanRecords(bench.mirror.journal.files, from, bench.mirror.writer.written, ({ type }) => (found ||= type === recordTypes.tcommit));
  return found;
}

describe('a transaction over mirrored and unmirrored data', () => {
  it('that was acknowledged is there in both after a crash', async () => {
    const session = begin('kept');
    session.tcommit();
    await durable(session.ticket);
    await bench.crash();
    await bench.open();
    expect(values()[0]).toBe('kept');
    await bench.becomePrimary(2);
    expect(values()).toEqual(['kept', 'kept']);
  });

  it('that was open is rolled back in both', async () => {
    begin('never');
    await settledBoth();
    await bench.crash();
    await bench.open();
    // Here at once; in the mirror by whoever continues it.
    expect(values()[0]).toBeUndefined();
    expect(bench.database('USER').bar).toBeNull();
    await bench.becomePrimary(2);
    expect(values()).toEqual([undefined, undefined]);
  });

  it('that was prepared is in doubt until the mirror goes on, and committed when its journal has the commit', async () => {
    const before = begin('decided');
    await settledBoth();
    await commitWrittenNotDurable(before);
    await bench.crash();
    const store = await bench.open();
    const session = store.executor.open('USER');
    expect(() => session.set(session.resolve('^x'), '1')).toThrow('in doubt');
    // The epoch that has the commit may still go on: nothing is decided yet.
    const journal = bench.openMirrorJournal();
    store.decidePrepared(journal, journal.end.position);
    expect(bench.database('USER').bar).not.toBeNull();
    await bench.becomePrimary(2);
    const { journal: continued } = bench.mirror;
    store.decidePrepared(continued, continued.end.position);
    expect(bench.database('USER').bar).toBeNull();
    expect(values()).toEqual(['decided', 'decided']);
    session.set(session.resolve('^x'), 'goes on');
    // Until the decision is durable here, a crash leaves the transaction in doubt once more.
    await bench.store.localWriter?.settled();
    await bench.crash();
    await bench.open();
    expect(bench.database('USER').bar).toBeNull();
  });

  it('that was prepared is rolled back in both when the mirror went on without its commit', async () => {
    const session = begin('never');
    await settledBoth();
    const fork = bench.mirror.journal.end;
    await commitWrittenNotDurable(session);
    await bench.crash();
    // Another member has taken over from what was durable; this one's tail is cut as it comes back.
    const identity = { kind: 'mirror' as const, name: 'TEST', guid: mirrorGuid };
    cutTail({
      files: realIo.files,
      directory: bench.paths.journal,
      journal: identity,
      fork: fork.position,
      chain: fork.chain,
      databases: [],
      name: 'test',
    });
    const journal = bench.openMirrorJournal();
    const other = await JournalWriter.open({
      io: realIo,
      journal,
      disk: new ThreadDisk(),
      epoch: { major: 1, minor: 2, member: mirrorGuid },
    });
    await other.close();
    const store = await bench.open();
    expect(bench.database('USER').bar).not.toBeNull();
    store.decidePrepared(journal, fork.position);
    expect(bench.database('USER').bar).not.toBeNull();
    store.decidePrepared(journal, journal.end.position);
    expect(bench.database('USER').bar).toBeNull();
    expect(values()[0]).toBeUndefined();
    await bench.becomePrimary(3);
    expect(values()).toEqual([undefined, undefined]);
  });

  it('cannot be decided without the local journal: the mirrored half is undone too', async () => {
    const session = begin('never');
    await settledBoth();
    bench.disk.full = true;
    session.tcommit();
    await expect.poll(() => bench.cut.length, { timeout: 30_000 }).toBe(1);
    expect(values()[1]).toBeUndefined();
    const other = bench.store.executor.open('SHARED');
    other.set(other.resolve('^y'), 'goes on');
    await durable(other.ticket);
    await bench.crash();
    await bench.open();
    expect(values()[0]).toBeUndefined();
  });

  it('leaves nothing of its unmirrored half in the mirror journal', async () => {
    const session = begin('x');
    session.set(session.resolve('^secret'), 'unmirrored');
    session.tcommit();
    await durable(session.ticket);
    const found: string[] = [];
    scanRecords(bench.mirror.journal.files, { file: 1, offset: 0 }, bench.mirror.writer.written, ({ key, value }) =>
      found.push(key, value),
    );
    expect(found).toContain('x');
    expect(found.some((text) => text.includes('secret') || text.includes('unmirrored'))).toBe(false);
  });
});
