import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeKey } from '../../globals/index.ts';
import { comparePaths, isUnder, NaiveGlobals, pathOf, type Path } from '../../globals/model.ts';
import { GemelError } from '../../api/errors.ts';
import type { Bytes } from '../../globals/index.ts';
import type { Session, Watch, Work } from '../session.ts';
import { ModelSession, type Place } from './model.ts';
import { Workbench } from './test-support.ts';

const bench = new Workbench();
const namespaces = ['ONE', 'TWO', 'MIRRORED'] as const;

beforeAll(async () => {
  const local = await bench.port('local');
  const mirror = await bench.port('mirror');
  mirror.writer.setGate('open');
  bench.database('ONE', local);
  bench.database('TWO', local);
  bench.database('MIRRORED', mirror);
});
afterAll(() => bench.remove());

const subscripts = fc.array(fc.constantFrom<Bytes>('1', '2', '10', 'a'), { maxLength: 3 });
const place = fc.record({ namespace: fc.constantFrom(...namespaces), path: subscripts });
const op = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('set' as const), at: place, value: fc.constantFrom<Bytes>('', 'x', '7', '12abc', '\0\xff') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'zkill' as const, 'look' as const, 'watch' as const), at: place }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('increment' as const), at: place, by: fc.integer({ min: -9, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('merge' as const), at: place, from: place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rollback' as const), levels: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'freeze' as const) }) },
);
const step = fc.record({ session: fc.nat(2), op });
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

let runs = 0;

/** One run: the same calls to real sessions and to the model, everything compared after each. */
class Run {
  readonly global = `g${(runs += 1)}`;
  readonly models = new Map<string, NaiveGlobals>(namespaces.map((name) => [name, new NaiveGlobals()]));
  readonly sessions = [0, 1, 2].map(() => bench.executor.open('ONE'));
  readonly #model = [0, 1, 2].map(() => new ModelSession(this.models, (namespace, path) => this.#touch(namespace, path)));
  #watches: { watch: Watch; at: Place; expected: boolean }[] = [];

  #touch(namespace: string, path: Path): void {
    for (const each of this.#watches) if (each.at.namespace === namespace && comparePaths(each.at.path, path) === 0) each.expected = true;
  }

  reference({ namespace, path }: Place): Bytes {
    const subscriptText = path.slice(1).map((s) => `"${s}"`);
    return `^|"${namespace}"|${this.global}${subscriptText.length === 0 ? '' : `(${subscriptText.join(',')})`}`;
  }

  async act(index: number, each: Op): Promise<void> {
    const session = this.sessions[index]!;
    const before = bench.executor.newestTicket;
    if ('at' in each) this.#atNode(session, this.#model[index]!, each);
    else await this.#other(session, this.#model[index]!, each);
    const { durableTicket, newestTicket } = bench.executor;
    expect(durableTicket).toBeLessThanOrEqual(newestTicket);
    // An update's reply waits for the newest ticket that it was given.
    if (newestTicket > before && !('levels' in each) && each.do !== 'settle') expect(session.ticket).toBe(newestTicket);
    for (const { watch, expected } of this.#watches) expect(watch.dirty).toBe(expected);
    expect(session.level).toBe(this.#model[index]!.level);
  }

  #atNode(session: Session, model: ModelSession, each: Extract<Op, { at: unknown }>): void {
    const at = { ...each.at, path: [this.global, ...each.at.path] };
    const target = session.resolve(this.reference(at));
    switch (each.do) {
      case 'set':
        session.set(target, each.value);
        return model.set(at, each.value);
      case 'kill':
        expect(session.kill(target)).toBeUndefined();
        return model.kill(at);
      case 'zkill':
        session.zkill(target);
        return model.zkill(at);
      case 'increment':
        expect(session.increment(target, String(each.by))).toBe(model.increment(at, each.by));
        return;
      case 'merge': {
        const from = { ...each.from, path: [this.global, ...each.from.path] };
        const overlap = at.namespace === from.namespace && (isUnder(at.path, from.path) || isUnder(from.path, at.path));
        const act = (): Work | undefined => session.merge(target, session.resolve(this.reference(from)));
        if (overlap) expect(act).toThrow('cannot be merged');
        else {
          expect(act()).toBeUndefined();
          model.merge(at, from);
        }
        return;
      }
      case 'watch':
        this.#watches.push({ watch: session.watch(target), at, expected: false });
        return;
      case 'look':
        return this.look(session, at);
    }
  }

  look(session: Session, at: Place): void {
    const globals = this.models.get(at.namespace)!;
    const target = session.resolve(this.reference(at));
    expect(session.get(target)).toBe(globals.get(at.path));
    expect(session.ticket).toBeLessThanOrEqual(bench.executor.newestTicket);
    expect(session.data(target)).toBe(globals.data(at.path));
    if (at.path.length > 1)
      for (const direction of [1, -1] as const) expect(session.order(target, direction)).toBe(globals.order(at.path, direction));
    const next = globals.query(at.path);
    expect(session.query(target)).toBe(next === undefined ? '' : this.#written({ ...at, path: next }));
    expect(this.#scanned(session, at)).toEqual(globals.nodes.filter((n) => isUnder(n.path, at.path)));
  }

  /** As references come back: numbers bare. */
  #written({ namespace, path }: Place): Bytes {
    const written = path.slice(1).map((s) => (s === 'a' ? '"a"' : s));
    return `^|"${namespace}"|${this.global}${written.length === 0 ? '' : `(${written.join(',')})`}`;
  }

  #scanned(session: Session, at: Place): { path: Path; value: Bytes }[] {
    const target = session.resolve(this.reference(at));
    const found: { path: Path; value: Bytes }[] = [];
    let cursor: Bytes = '';
    do {
      const page = session.scan(target, cursor, 3);
      found.push(...page.nodes.map(({ key, value }) => ({ path: pathOf(key), value })));
      cursor = page.cursor;
    } while (cursor !== '');
    return found;
  }

  async #other(session: Session, model: ModelSession, each: Exclude<Op, { at: unknown }>): Promise<void> {
    switch (each.do) {
      case 'start':
        expect(session.tstart()).toBe(model.start());
        return;
      case 'commit':
        if (model.level === 0) expect(() => session.tcommit()).toThrow('no open transaction');
        else expect(session.tcommit()).toBe(model.commit());
        return;
      case 'rollback':
        if (model.level === 0 || each.levels > model.level) expect(() => session.trollback(each.levels)).toThrow(GemelError);
        else expect(session.trollback(each.levels)).toBe(model.rollBack(each.levels));
        return;
      case 'freeze':
        for (const database of bench.executor.namespaces.all()) database.nodes.freeze();
        return;
      case 'settle':
        await settled();
        expect(bench.executor.durableTicket).toBe(bench.executor.newestTicket);
    }
  }

  async end(): Promise<void> {
    for (const [index, session] of this.sessions.entries()) {
      if (this.#model[index]!.level > 0) this.#model[index]!.rollBack(0);
      session.close();
    }
    for (const { watch } of this.#watches) watch.release();
    const reader = bench.executor.open('ONE');
    for (const namespace of namespaces) this.look(reader, { namespace, path: [this.global] });
    await settled();
    for (const namespace of namespaces) {
      const target = reader.resolve(this.reference({ namespace, path: [this.global] }));
      reader.scan(target, '', 1);
      expect(reader.ticket).toBe(0);
    }
    reader.close();
  }
}

/** Resolves once everything handed out is durable, commits over both journals included. */
function settled(): Promise<void> {
  const { executor } = bench;
  const goal = executor.newestTicket;
  if (executor.durableTicket >= executor.newestTicket) return Promise.resolve();
  return new Promise((resolve) => {
    let done = false;
    executor.onDurable(() => {
      if (done || executor.durableTicket < Math.max(goal, executor.newestTicket)) return;
      done = true;
      resolve();
    });
  });
}

describe('executor and sessions', () => {
  it('do what the naive model does, over three databases in two journals', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        const run = new Run();
        try {
          for (const { session, op: each } of steps) await run.act(session, each);
        } finally {
          await run.end();
        }
      }),
      { numRuns: 120 },
    );
    expect(bench.executor.sessions).toBe(0);
  });

  it('count nodes below ^KV', () => {
    const session = bench.executor.open('one');
    for (const key of ['a', 'b', 'c']) session.set(session.resolveKv(key), 'x');
    session.kill(session.resolveKv('b'));
    expect(session.countKv()).toBe(2);
    expect(session.get(session.resolve('^KV("c")'))).toBe('x');
    expect(pathOf(session.resolveKv('c').key)).toEqual(pathOf(encodeKey('KV', ['c'])));
    session.close();
  });
});
