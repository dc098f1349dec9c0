import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Node } from '../globals/index.ts';
import { Database } from './database.ts';
import { makeDatabase, temporaryDirectory } from './fixtures.ts';
import type { GenerationId } from './overlay.ts';
import { verifyDatabase } from './verify.ts';
import { DatabaseWriter } from './writer.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
beforeAll(() => {
  temporary = temporaryDirectory();
});
afterAll(() => temporary.remove());

/** The nodes in a plain map, with the ticket of each one's newest change. */
class NaiveNodes {
  values = new Map<string, string>();

  next(from: string, end: string, inclusive: boolean): Node | undefined {
    return this.#sorted().find((n) => (inclusive ? n.key >= from : n.key > from) && n.key < end);
  }

  previous(from: string, start: string): Node | undefined {
    return this.#sorted().findLast((n) => n.key >= start && n.key < from);
  }

  #sorted(): Node[] {
    return [...this.values].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

interface Change {
  readonly key: string;
  readonly value: string | undefined;
  readonly ticket: number;
}

/** A database with a writer that commits its generations as the background thread would. */
class Rig {
  readonly database: Database;
  readonly #writer: DatabaseWriter;
  readonly model = new NaiveNodes();
  /** Frozen and not committed, oldest first; and committed but not dropped. */
  readonly #frozen: { id: GenerationId; changes: Change[] }[] = [];
  readonly #committed: { id: GenerationId; changes: Change[] }[] = [];
  #active: Change[] = [];
  #ticket = 0;

  constructor(directory: string, memoryBytes: number) {
    this.database = Database.open(directory, memoryBytes);
    this.#writer = DatabaseWriter.open(directory);
  }

  change(key: string, value: string | undefined): void {
    const ticket = ++this.#ticket;
    if (value === undefined) {
      this.database.delete(key, ticket);
      this.model.values.delete(key);
    } else {
      this.database.set(key, value, ticket);
      this.model.values.set(key, value);
    }
    this.#active.push({ key, value, ticket });
  }

  freeze(): void {
    this.#frozen.push({ id: this.database.freeze(), changes: this.#active });
    this.#active = [];
  }

  /** Commits the oldest frozen generation and, as a commit may, the first `ahead` changes of what comes after it. */
  commit(ahead: number): void {
    const generation = this.#frozen.shift();
    if (generation === undefined) return;
    const rest = (this.#frozen[0]?.changes ?? this.#active).slice(0, ahead);
    this.#writer.begin();
    for (const { key, value } of [...generation.changes, ...rest]) {
      if (value === undefined) this.#writer.remove(key);
      else this.#writer.upsert(key, value);
    }
    this.#writer.commit({ position: { file: 1, offset: this.#ticket }, openStart: null });
    this.#committed.push(generation);
  }

  drop(): void {
    const generation = this.#committed.shift();
    if (generation !== undefined) this.database.drop(generation.id);
  }

  ticketOf(key: string): number {
    const waiting = [...this.#committed, ...this.#frozen].flatMap((g) => g.changes).concat(this.#active);
    return waiting.findLast((c) => c.key === key)?.ticket ?? 0;
  }

  drain(): void {
    this.freeze();
    while (this.#frozen.length > 0) this.commit(0);
    while (this.#committed.length > 0) this.drop();
  }

  close(): void {
    this.database.close();
    this.#writer.close();
  }
}

const key = fc.tuple(fc.constantFrom('a', 'b'), fc.nat(25)).map(([name, n]) => `${name}\0\x40${String.fromCharCode(n * 10)}\0`);
const bound = fc.oneof(key, fc.constantFrom('', 'a\0', 'a\0\xff', 'b\0', 'b\0\xff', '\xff'));
type Action =
  | { readonly do: 'set'; readonly key: string; readonly value: string }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'commit'; readonly ahead: number }
  | { readonly do: 'freeze' | 'drop' | 'checkpoint' }
  | { readonly do: 'read'; readonly a: string; readonly b: string; readonly inclusive: boolean };
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), key, value: fc.string({ unit: 'binary-ascii', maxLength: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('commit' as const), ahead: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('freeze' as const, 'drop' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const), a: bound, b: bound, inclusive: fc.boolean() }) },
);

function run(a: Action, rig: Rig): void {
  if (a.do === 'set') rig.change(a.key, a.value);
  else if (a.do === 'delete') rig.change(a.key, undefined);
  else if (a.do === 'freeze') rig.freeze();
  else if (a.do === 'commit') rig.commit(a.ahead);
  else if (a.do === 'drop') rig.drop();
  else if (a.do === 'read') {
    expect(rig.database.next(a.a, a.b, a.inclusive)).toEqual(rig.model.next(a.a, a.b, a.inclusive));
    expect(rig.database.previous(a.a, a.b)).toEqual(rig.model.previous(a.a, a.b));
    expect(rig.database.get(a.a)).toBe(rig.model.values.get(a.a));
    expect(rig.database.ticketOf(a.a)).toBe(rig.ticketOf(a.a));
  }
}

function walk(rig: Rig): { forward: Node[]; backward: Node[] } {
  const forward: Node[] = [];
  for (let n = rig.database.next('', '\xff', true); n !== undefined; n = rig.database.next(n.key, '\xff', false)) forward.push(n);
  const backward: Node[] = [];
  for (let n = rig.database.previous('\xff', ''); n !== undefined; n = rig.database.previous(n.key, '')) backward.push(n);
  return { forward, backward };
}

describe('a database', () => {
  test('reads as the naive model does, whatever is frozen, committed ahead or dropped', () => {
    let runs = 0;
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: 'max' }), fc.constantFrom(0, 2000, 1e6), (actions, memory) => {
        const directory = makeDatabase(temporary.directory, `run${runs++}`);
        const rig = new Rig(directory, memory);
        try {
          for (const a of actions) run(a, rig);
          const expected = [...rig.model.values].map(([k, value]) => ({ key: k, value })).sort((x, y) => (x.key < y.key ? -1 : 1));
          expect(walk(rig).forward).toEqual(expected);
          expect(walk(rig).backward).toEqual(expected.toReversed());
          rig.drain();
          expect([rig.database.newestTicket, rig.database.overlayEntries, rig.database.overlayBytes]).toEqual([0, 0, 0]);
          expect(walk(rig).forward).toEqual(expected);
          for (const { key: k, value } of expected) expect(rig.database.get(k)).toBe(value);
        } finally {
          rig.close();
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('keeps thousands of keys in order in any order of arrival', () => {
    const rig = new Rig(makeDatabase(temporary.directory, 'many'), 0);
    const keys = Array.from({ length: 5000 }, (_, i) => `k${String((i * 7919) % 5000).padStart(5, '0')}\0`);
    for (const [i, k] of keys.entries()) {
      rig.change(k, String(i));
      if (i === 2500) rig.freeze();
    }
    const sorted = keys.toSorted();
    expect(walk(rig).forward.map((n) => n.key)).toEqual(sorted);
    expect(walk(rig).backward.map((n) => n.key)).toEqual(sorted.toReversed());
    rig.close();
  });

  test('a queue that is taken from the front does not step over all that were taken before', () => {
    const rig = new Rig(makeDatabase(temporary.directory, 'queue'), 0);
    const name = (n: number): string => `q\0${String(n).padStart(6, '0')}`;
    for (let n = 0; n < 3000; n++) rig.change(name(n), 'x');
    rig.freeze();
    rig.commit(0);
    rig.drop();
    for (let n = 0; n < 3000; n++) {
      expect(rig.database.next('q\0', 'q\0\xff', false)?.key).toBe(name(n));
      rig.change(name(n), undefined);
    }
    expect(rig.database.next('q\0', 'q\0\xff', false)).toBeUndefined();
    rig.change(name(17), 'back');
    expect(rig.database.next('q\0', 'q\0\xff', false)?.key).toBe(name(17));
    expect(rig.database.previous('q\0\xff', 'q\0')?.key).toBe(name(17));
    rig.close();
  });

  test('forgets what will never be durable', () => {
    const directory = makeDatabase(temporary.directory, 'reset');
    const database = Database.open(directory);
    database.set('a\0', '1', 1);
    database.drop(database.freeze());
    database.set('b\0', '1', 2);
    database.reset();
    expect([database.get('a\0'), database.get('b\0'), database.newestTicket]).toEqual([undefined, undefined, 0]);
    database.close();
  });

  test('stays whole for readers while a thread commits and checkpoints', async () => {
    const directory = makeDatabase(temporary.directory, 'torture');
    const batches = 60;
    const worker = new Worker(new URL('./writer-thread.fixture.ts', import.meta.url), { workerData: { directory, batches } });
    const ended = once(worker, 'exit');
    let done = false;
    worker.once('exit', () => (done = true));
    const database = Database.open(directory);
    let seen = 0;
    let newest = 0;
    while (!done) {
      for (let i = 0; i < 200; i++) {
        const value = Number(database.get(`k${i % 100}\0`) ?? 0);
        // Batches become visible whole and never go back.
        expect(value).toBeGreaterThanOrEqual(newest);
        newest = value;
        const node = database.next('k', 'k\xff', true);
        expect(Number(node?.value ?? 0)).toBeGreaterThanOrEqual(newest);
        newest = Number(node?.value ?? 0);
        seen++;
      }
      await new Promise(setImmediate);
    }
    expect((await ended)[0]).toBe(0);
    expect(seen).toBeGreaterThan(0);
    database.close();
    expect(verifyDatabase(join(directory))).toMatchObject({ sound: true, nodes: 100, position: { file: 1, offset: batches } });
  }, 60_000);
});
