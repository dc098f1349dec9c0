import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyDatabase } from '../../database/index.ts';
import type { Bytes } from '../../globals/index.ts';
import { NaiveGlobals, pathOf, type Path } from '../../globals/model.ts';
import { ModelSession } from '../executor/model.ts';
import type { Session } from '../session.ts';
import { StoreBench } from './test-support.ts';

let bench: StoreBench;

beforeEach(async () => {
  bench = new StoreBench();
  await bench.open();
});
afterEach(() => bench.remove());

const newDatabase = (name: string) =>
  bench.store.create({ ...bench.store.checkNew(name, undefined), namespace: true, maxSizeMB: undefined, mirror: null });
const settled = async (): Promise<void> => void (await bench.store.localWriter?.settled());

/** All nodes that a namespace's globals `x` hold. */
function nodesOf(namespace: string): { path: Path; value: Bytes }[] {
  const session = bench.store.executor.open(namespace);
  const { nodes } = session.scan(session.resolve('^x'), '', 100_000);
  session.close();
  return nodes.map(({ key, value }) => ({ path: pathOf(key), value }));
}

describe('restart after a crash', () => {
  const namespaces = ['USER', 'SECOND'] as const;
  const subscripts = fc.array(fc.constantFrom<Bytes>('1', '2', 'a'), { maxLength: 2 });
  const at = fc.record({ namespace: fc.constantFrom(...namespaces), path: subscripts });
  const op = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), at, value: fc.constantFrom<Bytes>('', '1', 'v'.repeat(3000)) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'zkill' as const, 'increment' as const), at }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'commit' as const, 'rollback' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'switch' as const) }) },
  );
  const life = fc.array(fc.record({ session: fc.nat(2), op }), { minLength: 1, maxLength: 40 });
  type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

  async function act(session: Session, model: ModelSession, owner: number, each: Op): Promise<void> {
    if ('at' in each) {
      // Sessions keep apart, as locks would make them: what a rollback puts back is then its own.
      const place = { namespace: each.at.namespace, path: ['x', String(owner), ...each.at.path] };
      const target = session.resolve(
        `^|"${place.namespace}"|x(${place.path
          .slice(1)
          .map((s) => `"${s}"`)
          .join(',')})`,
      );
      if (each.do === 'set') {
        session.set(target, each.value);
        return model.set(place, each.value);
      }
      if (each.do === 'increment') return void expect(session.increment(target, '2')).toBe(model.increment(place, 2));
      session[each.do](target);
      return model[each.do](place);
    }
    if (each.do === 'start') return void expect(session.tstart()).toBe(model.start());
    if (each.do === 'commit') return void (model.level > 0 && expect(session.tcommit()).toBe(model.commit()));
    if (each.do === 'rollback') return void (model.level > 0 && expect(session.trollback(1)).toBe(model.rollBack(1)));
    await settled();
    if (each.do === 'switch') await bench.store.switchLocalJournal();
  }

  /** Three sessions do things, then everything recorded becomes durable, and the instance crashes with transactions open. */
  async function live(models: Map<string, NaiveGlobals>, steps: readonly { session: number; op: Op }[], containAt: number): Promise<void> {
    const sessions = [0, 1, 2].map(() => bench.store.executor.open('USER'));
    const model = [0, 1, 2].map(() => new ModelSession(models, () => undefined));
    for (const [n, { session, op: each }] of steps.entries()) {
      await act(sessions[session]!, model[session]!, session, each);
      if (n === containAt) for (const name of namespaces) await bench.contained(bench.database(name));
    }
    await settled();
    await bench.crash();
    for (const each of model) if (each.level > 0) each.rollBack(0);
  }

  it('has what the naive model has, with open transactions rolled back, life after life', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 2 }), async (lives) => {
        await bench.remove();
        bench = new StoreBench();
        await bench.open();
        await newDatabase('SECOND');
        const models = new Map(namespaces.map((name) => [name as string, new NaiveGlobals()]));
        for (const steps of lives) {
          await live(models, steps, 12);
          await bench.open();
          for (const name of namespaces) expect(nodesOf(name)).toEqual(models.get(name)!.nodes);
        }
        await settled();
        for (const name of namespaces) {
          const database = bench.database(name);
          await bench.store.contained(database, null);
          const { sound, nodes } = verifyDatabase(database.directory);
          expect({ sound, nodes }).toEqual({ sound: true, nodes: models.get(name)!.nodes.length });
        }
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it('has a beginning of what was done, and all of it that was durable', async () => {
    for (let round = 0; round < 2; round++) {
      const session = bench.store.executor.open('USER');
      const tickets: number[] = [];
      for (let n = 0; n < 300; n++) {
        session.set(session.resolve(`^x(${round},${n})`), 'v'.repeat(500));
        tickets.push(session.ticket);
        if (n % 50 === 49) await new Promise((resolve) => setImmediate(resolve));
      }
      const durable = tickets.filter((ticket) => ticket <= bench.store.executor.durableTicket).length;
      await bench.crash();
      await bench.open();
      const found = nodesOf('USER').filter(({ path }) => path[1] === String(round));
      expect(found.map(({ path }) => path[2])).toEqual(found.map((_, n) => String(n)));
      expect(found.length).toBeGreaterThanOrEqual(durable);
    }
  });

  it('gives new transactions numbers that no open one has', async () => {
    for (let round = 0; round < 2; round++) {
      const session = bench.store.executor.open('USER');
      session.tstart();
      session.set(session.resolve('^x(1)'), `never ${round}`);
      const other = bench.store.executor.open('USER');
      other.tstart();
      other.set(other.resolve(`^x(2,${round})`), 'stays');
      other.tcommit();
      await settled();
      await bench.crash();
      await bench.open();
    }
    expect(nodesOf('USER').map(({ value }) => value)).toEqual(['stays', 'stays']);
  });
});

describe('the overlay', () => {
  it('is dropped when the file has it all already and the journal was switched since, with nothing more to come', async () => {
    const database = bench.database('USER');
    const session = bench.store.executor.open('USER');
    session.set(session.resolve('^x'), '1');
    await settled();
    await bench.store.switchLocalJournal();
    await bench.contained(database);
    expect(session.get(session.resolve('^x'))).toBe('1');
  });

  it('is dropped once the file has what was durable, across a journal switch, and reads stay as they are', async () => {
    const database = bench.database('USER');
    const session = bench.store.executor.open('USER');
    for (let n = 0; n < 100; n++) session.set(session.resolve(`^x(${n})`), String(n));
    const before = nodesOf('USER');
    expect(database.nodes.overlayEntries).toBe(100);
    await bench.store.switchLocalJournal();
    await bench.contained(database);
    expect(database.nodes.overlayBytes).toBe(0);
    expect(nodesOf('USER')).toEqual(before);
    session.kill(session.resolve('^x(7)'));
    expect(session.get(session.resolve('^x(7)'))).toBeUndefined();
    await bench.contained(database);
    expect(session.data(session.resolve('^x(7)'))).toBe(0);
    expect(nodesOf('USER')).toHaveLength(99);
  });

  it('stays while nothing is durable', async () => {
    await bench.becomePrimary(1);
    await bench.createMirrored('SHARED');
    const session = bench.store.executor.open('SHARED');
    session.set(session.resolve('^x'), '1');
    const local = bench.store.executor.open('USER');
    local.set(local.resolve('^x'), '1');
    await bench.contained(bench.database('USER'));
    expect(bench.database('SHARED').nodes.overlayEntries).toBe(1);
    bench.mirror.writer.setGate('open');
    await bench.contained(bench.database('SHARED'));
    expect(session.get(session.resolve('^x'))).toBe('1');
  });
});

describe('a journal that cannot be written', () => {
  /** An update that is durable, one that is not, and then the journal fails. */
  async function fail(spoil: () => void): Promise<Session> {
    const session = bench.store.executor.open('USER');
    // What is durable is in the journal alone.
    bench.appliers.hold();
    session.set(session.resolve('^x(1)'), 'durable');
    await settled();
    spoil();
    bench.appliers.letGo();
    session.tstart();
    session.set(session.resolve('^x(2)'), 'never');
    // Before the block with that update has its turn.
    bench.store.switchLocalJournal().catch(() => undefined);
    await expect.poll(() => bench.cut.length, { timeout: 30_000 }).toBe(1);
    return session;
  }

  function expectRefusal(session: Session): void {
    expect(session.level).toBe(0);
    expect(() => session.set(session.resolve('^x(3)'), 'refused')).toThrow(
      /The journal can no longer be used.*Nothing was changed.*restart the instance/,
    );
    expect(bench.cut[0]).toContain('The journal can no longer be used');
    expect(bench.messages.filter(({ severity }) => severity === 3)).toHaveLength(1);
    // Nobody is kept waiting by what will never be durable.
    expect(bench.store.executor.saturated).toBe(false);
    expect(bench.store.executor.durableTicket).toBe(bench.store.executor.newestTicket);
  }

  it('refuses updates with the reason, keeps what was durable, forgets the rest, and cuts who waits', async () => {
    const session = await fail(() => (bench.disk.full = true));
    expectRefusal(session);
    expect(nodesOf('USER').map(({ value }) => value)).toEqual(['durable']);
    await bench.crash();
    await bench.open();
    expect(nodesOf('USER').map(({ value }) => value)).toEqual(['durable']);
  });

  it('shows nothing that is not durable, and all that is, when the databases cannot be brought up to it either', async () => {
    const session = await fail(() => fs.rmSync(bench.paths.journal, { recursive: true }));
    expectRefusal(session);
    expect(session.get(session.resolve('^x(1)'))).toBe('durable');
    expect(() => session.get(session.resolve('^x(2)'))).toThrow('never became durable');
    expect(() => session.order(session.resolve('^x("")'), 1)).toThrow('never became durable');
  });
});

describe('databases', () => {
  it('refuses names that are taken or none', () => {
    for (const [name, code] of [
      ['USER', 'EXISTS'],
      ['user', 'EXISTS'],
      ['1X', 'NAME'],
      ['', 'NAME'],
      ['A B', 'NAME'],
    ] as const) {
      expect(() => bench.store.checkNew(name, undefined)).toThrow(expect.objectContaining({ code }));
    }
  });

  it('that cannot be mounted leave the others usable', async () => {
    await newDatabase('SECOND');
    const { directory } = bench.database('SECOND');
    await bench.crash();
    fs.writeFileSync(`${directory}/GEMEL.DAT`, 'not a database');
    await bench.open();
    expect(bench.store.list().map(({ name, mounted }) => [name, mounted])).toEqual([
      ['SECOND', false],
      ['USER', true],
    ]);
    expect(bench.messages.at(-1)).toMatchObject({ severity: 2, text: expect.stringContaining('SECOND is not mounted') as string });
    const session = bench.store.executor.open('USER');
    session.set(session.resolve('^x'), '1');
    expect(() => session.resolve('^|"SECOND"|x')).toThrow('not mounted');
  });

  it('are made at the first start, on a journal disk of its own too', async () => {
    const other = new StoreBench();
    try {
      // The root of a new file system.
      fs.mkdirSync(path.join(other.paths.journal, 'lost+found'), { recursive: true });
      await other.open();
      expect(other.store.list()).toMatchObject([{ name: 'USER', mounted: true }]);
    } finally {
      await other.remove();
    }
  });
});
