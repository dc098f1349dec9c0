import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError, type ErrorCode } from '../../api/errors.ts';
import { mirrorPositionKey } from '../../database/index.ts';
import { recordTypes, scanRecords, type RecordType } from '../../journal/index.ts';
import type { Session } from '../session.ts';
import type { JournalPort } from './journal-port.ts';
import type { OpenDatabase } from './open-database.ts';
import { VALUE_MAX } from './session.ts';
import { Workbench } from './test-support.ts';

let bench: Workbench;
let local: JournalPort;
let mirror: JournalPort;
let plain: OpenDatabase;
let mirrored: OpenDatabase;

beforeEach(async () => {
  bench = new Workbench();
  local = await bench.port('local');
  mirror = await bench.port('mirror');
  plain = bench.database('PLAIN', local);
  mirrored = bench.database('SHARED', mirror);
});
afterEach(() => bench.remove());

const open = (): Session => bench.executor.open('PLAIN');
const set = (session: Session, reference: string, value: string): void => session.set(session.resolve(reference), value);
const get = (session: Session, reference: string): string | undefined => session.get(session.resolve(reference));

function code(act: () => unknown): ErrorCode | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof GemelError) return error.code;
    throw error;
  }
  return undefined;
}

/** What stands in a journal behind its first file header, as far as it is durable here. */
function recorded(port: JournalPort): { type: RecordType; key: string; value: string; compensation: boolean; transaction: number }[] {
  const found: ReturnType<typeof recorded> = [];
  scanRecords(bench.filesOf(port), { file: 1, offset: 0 }, port.writer.written, ({ type, key, value, compensation, transaction }) =>
    found.push({ type, key, value, compensation, transaction }),
  );
  return found;
}

describe('namespaces and extended references', () => {
  it('finds databases by namespace, directory and mirror name', () => {
    const session = open();
    set(session, '^|"shared"|x', '1');
    expect(get(session, `^["^^${path.join(bench.directory, 'shared')}"]x`)).toBe('1');
    expect(get(session, '^|":mirror:test:shared"|x')).toBe('1');
    expect(get(session, '^x')).toBeUndefined();
    session.setNamespace('shared');
    expect(get(session, '^x')).toBe('1');
    expect(session.namespace).toBe('SHARED');
  });

  it('says what is wrong with a reference and changes nothing', () => {
    const session = open();
    expect(code(() => session.resolve('^|"NONE"|x'))).toBe('NAMESPACE');
    expect(code(() => session.resolve('^|"^^/nowhere"|x'))).toBe('DATABASE');
    expect(code(() => session.resolve('^[":mirror:TEST:OTHER"]x'))).toBe('DATABASE');
    expect(code(() => session.resolve('x'))).toBe('SYNTAX');
    expect(code(() => session.setNamespace('NONE'))).toBe('NAMESPACE');
    expect(code(() => set(session, '^x("")', '1'))).toBe('SUBSCRIPT');
    expect(session.namespace).toBe('PLAIN');
    expect(bench.executor.newestTicket).toBe(0);
  });

  it('refuses what a dismounted database was asked', () => {
    const session = open();
    bench.executor.namespaces.unmount('plain');
    expect(code(() => session.resolve('^x'))).toBe('DATABASE');
    bench.executor.namespaces.mount(plain);
    set(session, '^x', '1');
    expect(get(session, '^x')).toBe('1');
  });

  it('a cursor of another reference is refused', () => {
    const session = open();
    set(session, '^x(1)', 'a');
    set(session, '^y(1)', 'b');
    const { nodes } = session.scan(session.resolve('^y'), '', 1);
    expect(code(() => session.scan(session.resolve('^x'), nodes[0]!.key, 1))).toBe('ERR');
  });
});

describe('limits', () => {
  it('a value too long is refused', () => {
    const session = open();
    expect(code(() => set(session, '^x', 'v'.repeat(VALUE_MAX + 1)))).toBe('MAXSTRING');
    expect(get(session, '^x')).toBeUndefined();
  });

  it('a full database takes no more data but lets it be killed', () => {
    const small = bench.database('SMALL', local, 64 * 1024);
    const session = bench.executor.open('SMALL');
    expect(
      code(() => {
        for (let n = 0; n < 1000; n++) set(session, `^x(${n})`, 'v'.repeat(1000));
      }),
    ).toBe('FILEFULL');
    const before = bench.executor.newestTicket;
    expect(code(() => session.increment(session.resolve('^count'), '1'))).toBe('FILEFULL');
    expect(bench.executor.newestTicket).toBe(before);
    expect(small.nodes.full).toBe(true);
    session.kill(session.resolve('^x(0)'));
    expect(get(session, '^x(0)')).toBeUndefined();
  });

  it('a full database takes of its mirror what frees room and how far it is, and no more data', () => {
    const small = bench.database('SMALL', local, 64 * 1024);
    const session = bench.executor.open('SMALL');
    expect(
      code(() => {
        for (let n = 0; n < 1000; n++) set(session, `^x(${n})`, 'v'.repeat(1000));
      }),
    ).toBe('FILEFULL');
    const [key = ''] = session.scan(session.resolve('^x'), '', 1).nodes.map((node) => node.key);
    const dejournal = (...updates: { key: string; value: string | undefined }[]): ErrorCode | undefined =>
      code(() =>
        bench.executor.dejournal(
          updates.map((each) => ({ database: small, ...each })),
          1000,
        ),
      );
    const moved = { key: mirrorPositionKey, value: '1:100' };
    expect(dejournal({ key: 'y\0', value: '1' }, moved)).toBe('FILEFULL');
    expect(small.nodes.get(mirrorPositionKey)).toBeUndefined();
    expect(dejournal({ key, value: undefined }, moved)).toBeUndefined();
    expect([small.nodes.get(key), small.nodes.get(mirrorPositionKey)]).toEqual([undefined, '1:100']);
  });

  it('a merge that fills the database is undone', () => {
    bench.database('SMALL', local, 64 * 1024);
    const session = bench.executor.open('SMALL');
    for (let n = 0; n < 50; n++) set(session, `^|"PLAIN"|x(${n})`, 'v'.repeat(2000));
    expect(code(() => session.merge(session.resolve('^copy'), session.resolve('^|"PLAIN"|x')))).toBe('FILEFULL');
    expect(session.data(session.resolve('^copy'))).toBe(0);
    expect(session.level).toBe(0);
  });
});

describe('work in slices', () => {
  const nodes = 1000;
  const fill = (session: Session): void => {
    for (let n = 0; n < nodes; n++) set(session, `^big(${n})`, String(n));
  };

  it('a large kill gives the turn back, is one transaction, and is undone when the session ends in between', async () => {
    const session = open();
    fill(session);
    const work = session.kill(session.resolve('^big'));
    expect(work?.step()).toBe(false);
    const other = open();
    const left = session.scan(other.resolve('^big'), '', nodes).nodes.length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(nodes);
    session.close();
    expect(other.scan(other.resolve('^big'), '', nodes + 1).nodes.length).toBe(nodes);
    await local.writer.settled();
    expect(recorded(local).at(-1)).toMatchObject({ type: recordTypes.rollbackEnd });
  });

  it('a large kill ends, and its ticket stands for its commit', () => {
    const session = open();
    fill(session);
    const work = session.kill(session.resolve('^big'));
    let steps = 1;
    while (work?.step() === false) steps++;
    expect(steps).toBeGreaterThan(2);
    expect(session.ticket).toBe(bench.executor.newestTicket);
    expect(session.data(session.resolve('^big'))).toBe(0);
    expect(session.level).toBe(0);
  });

  it('a large merge within a transaction is rolled back with it', () => {
    const session = open();
    fill(session);
    session.tstart();
    const work = session.merge(session.resolve('^copy'), session.resolve('^big'));
    while (work?.step() === false);
    expect(session.data(session.resolve('^copy(7)'))).toBe(1);
    expect(session.level).toBe(1);
    session.trollback(0);
    expect(session.data(session.resolve('^copy'))).toBe(0);
  });

  it('work that is refused half way is undone and says why', () => {
    const session = open();
    fill(session);
    const work = session.kill(session.resolve('^big'));
    plain.bar = { code: 'PROTECT', what: 'The member hands over.', todo: '' };
    expect(code(() => work?.step())).toBe('PROTECT');
    expect(session.data(session.resolve('^big(0)'))).toBe(1);
  });
});

describe('what is durable', () => {
  it('an update in a journal that lets nothing through holds back those behind it, not those before', async () => {
    const session = open();
    set(session, '^x', '1');
    await local.writer.settled();
    expect(bench.executor.durableTicket).toBe(session.ticket);
    set(session, '^|"SHARED"|x', '1');
    const shared = session.ticket;
    set(session, '^x', '2');
    await local.writer.settled();
    expect(bench.executor.durableTicket).toBeLessThan(shared);
    expect(get(session, '^x')).toBe('2');
    expect(session.ticket).toBeGreaterThan(shared);
    mirror.writer.setGate('open');
    await mirror.writer.settled();
    expect(bench.executor.durableTicket).toBe(bench.executor.newestTicket);
    get(session, '^x');
    expect(session.ticket).toBe(0);
  });

  it('a block without tickets changes nothing about what is durable', async () => {
    const session = open();
    set(session, '^x', '1');
    await local.writer.settled();
    local.writer.mark('NOTE', 'of somebody else');
    await local.writer.settled();
    expect(local.durable).toBe(true);
    set(session, '^|"SHARED"|x', '1');
    mirror.writer.setGate('open');
    await mirror.writer.settled();
    expect(bench.executor.durableTicket).toBe(bench.executor.newestTicket);
  });

  it('a transaction over both journals is durable only when both have its commit', async () => {
    const session = open();
    session.tstart();
    set(session, '^x', '1');
    set(session, '^|"SHARED"|x', '1');
    session.tcommit();
    const { ticket } = session;
    await local.writer.settled();
    expect(recorded(local).map((r) => r.type)).toEqual([recordTypes.tstart, recordTypes.set, recordTypes.mark]);
    mirror.writer.setGate('open');
    await durable(ticket);
    expect(recorded(mirror).map((r) => r.type)).toEqual([recordTypes.tstart, recordTypes.set, recordTypes.tcommit]);
    await local.writer.settled();
    expect(recorded(local).at(-1)?.type).toBe(recordTypes.tcommit);
  });
});

function durable(ticket: number): Promise<void> {
  if (bench.executor.durableTicket >= ticket) return Promise.resolve();
  return new Promise((resolve) => bench.executor.onDurable(() => bench.executor.durableTicket >= ticket && resolve()));
}

describe('a member that is no longer primary', () => {
  /** What the member's host does when it stops writing the mirror's journal. */
  function loseRole(): void {
    mirrored.bar = { code: 'PROTECT', what: 'Not the primary.', todo: '' };
    mirrored.journal = null;
    bench.executor.detach(mirror);
    mirrored.release();
    mirrored.nodes.reset();
  }

  it('forgets a transaction over mirrored data: the new primary rolls it back', () => {
    const session = open();
    session.tstart();
    set(session, '^|"SHARED"|x', '1');
    loseRole();
    expect(session.level).toBe(0);
    session.close();
  });

  it('rolls the unmirrored half of a transaction back', async () => {
    const session = open();
    set(session, '^x', 'before');
    session.tstart();
    set(session, '^x', 'inside');
    set(session, '^|"SHARED"|x', 'inside');
    loseRole();
    expect(get(open(), '^x')).toBe('before');
    await local.writer.settled();
    expect(recorded(local).slice(-2)).toMatchObject([
      { type: recordTypes.set, value: 'before', compensation: true },
      { type: recordTypes.rollbackEnd },
    ]);
  });

  it('leaves transactions over unmirrored data alone', async () => {
    const session = open();
    session.tstart();
    set(session, '^x', 'inside');
    loseRole();
    expect(session.level).toBe(1);
    session.tcommit();
    await durable(session.ticket);
    expect(recorded(local).at(-1)).toMatchObject({ type: recordTypes.tcommit });
  });

  it('does not keep unmirrored updates waiting for what was never recorded', async () => {
    const session = open();
    session.tstart();
    set(session, '^x', '1');
    set(session, '^|"SHARED"|x', '1');
    session.tcommit();
    loseRole();
    const other = open();
    set(other, '^y', '1');
    await durable(other.ticket);
    expect(bench.executor.durableTicket).toBe(bench.executor.newestTicket);
    // Its outcome is the mirror's to say: nothing more was recorded about it.
    expect(recorded(local).some((r) => r.type === recordTypes.tcommit)).toBe(false);
  });

  it('answers reads of what is durable at once', async () => {
    const session = open();
    set(session, '^|"SHARED"|x', '1');
    loseRole();
    bench.executor.advance();
    session.data(session.resolve('^|"SHARED"|x'));
    expect(session.ticket).toBe(0);
  });

  it('refuses updates, with the reason', () => {
    const session = open();
    loseRole();
    for (const act of [
      () => set(session, '^|"SHARED"|x', '1'),
      () => session.kill(session.resolve('^|"SHARED"|x')),
      () => session.zkill(session.resolve('^|"SHARED"|x')),
    ]) {
      expect(code(act)).toBe('PROTECT');
    }
    expect(bench.executor.newestTicket).toBe(0);
  });
});

describe('a watch', () => {
  it('sees a set, a kill of its ancestor, and a rollback; and can be released twice', () => {
    const [session, other] = [open(), open()];
    set(session, '^x(1)', 'a');
    const watched = [session, other].map((each) => each.watch(each.resolve('^x(1)')));
    const elsewhere = session.watch(session.resolve('^x(2)'));
    other.kill(other.resolve('^x'));
    expect(watched.map((w) => w.dirty)).toEqual([true, true]);
    for (const each of [...watched, ...watched]) each.release();
    session.tstart();
    set(session, '^x(1)', 'b');
    const again = other.watch(other.resolve('^x(1)'));
    session.trollback(0);
    expect(again.dirty).toBe(true);
    expect(elsewhere.dirty).toBe(false);
  });
});
