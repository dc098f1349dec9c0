import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Key, Node, NodeWriter } from './bytes.ts';
import { encodeKey, isWithin } from './key.ts';
import { NaiveGlobals, closeSubscript, pathOf, type Path } from './model.ts';
import { data, increment, kill, merge, nextGlobal, order, query, startKill, startMerge, zkill } from './operations.ts';

/** Nodes in a sorted array of keys: the plainest writer there can be. */
class SortedNodes implements NodeWriter {
  nodes: Node[] = [];

  get(key: Key): string | undefined {
    return this.nodes.find((n) => n.key === key)?.value;
  }

  next(from: Key, end: Key, inclusive: boolean): Node | undefined {
    return this.nodes.find((n) => (inclusive ? n.key >= from : n.key > from) && n.key < end);
  }

  previous(from: Key, start: Key): Node | undefined {
    return this.nodes.findLast((n) => n.key >= start && n.key < from);
  }

  set(key: Key, value: string): void {
    this.delete(key);
    this.nodes.push({ key, value });
    this.nodes.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  delete(key: Key): void {
    this.nodes = this.nodes.filter((n) => n.key !== key);
  }
}

const name = fc.constantFrom('a', 'aa', 'b', '%z');
const subscripts = fc.array(closeSubscript, { maxLength: 3 });
const path: fc.Arbitrary<Path> = fc.tuple(name, subscripts).map(([n, s]) => [n, ...s]);
const asked: fc.Arbitrary<Path> = fc
  .tuple(
    path,
    closeSubscript.chain((s) => fc.constantFrom(s, '')),
  )
  .map(([p, s]) => [...p, s]);
const keyOf = (p: Path): Key => encodeKey(p[0]!, p.slice(1));

type Change =
  { readonly kind: 'set' | 'kill' | 'zkill'; readonly path: Path } | { readonly kind: 'merge'; readonly path: Path; readonly from: Path };
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('set' as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('zkill' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const), path, from: path }) },
);

function apply(c: Change, value: string, nodes: SortedNodes, model: NaiveGlobals): void {
  const key = keyOf(c.path);
  if (c.kind === 'set') {
    nodes.set(key, value);
    model.set(c.path, value);
  } else if (c.kind === 'kill') {
    kill(nodes, key);
    model.kill(c.path);
  } else if (c.kind === 'zkill') {
    zkill(nodes, key);
    model.zkill(c.path);
  } else if (c.kind === 'merge' && !isWithin(key, keyOf(c.from)) && !isWithin(keyOf(c.from), key)) {
    merge(nodes, key, nodes, keyOf(c.from));
    model.merge(c.path, c.from);
  }
}

describe('operations', () => {
  test('give what the naive model gives', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), path, asked, name, (changes, p, q, n) => {
        const nodes = new SortedNodes();
        const model = new NaiveGlobals();
        changes.forEach((c, i) => apply(c, `v${i}`, nodes, model));
        expect(nodes.nodes.map((node) => ({ path: pathOf(node.key), value: node.value }))).toEqual(model.nodes);
        expect(data(nodes, keyOf(p))).toBe(model.data(p));
        for (const reference of [p, q]) {
          const next = query(nodes, keyOf(reference));
          expect(next && pathOf(next.key)).toEqual(model.query(reference));
          const previous = query(nodes, keyOf(reference), -1);
          expect(previous && pathOf(previous.key)).toEqual(model.queryBack(reference));
        }
        for (const direction of [1, -1] as const) {
          expect(order(nodes, keyOf(q), direction)).toBe(model.order(q, direction));
          for (const from of [n, '']) expect(nextGlobal(nodes, from, direction)).toBe(model.nextGlobal(from, direction));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('on a small account file', () => {
  let nodes: SortedNodes;
  const key = (...subs: string[]): Key => encodeKey('acct', subs);
  beforeEach(() => {
    nodes = new SortedNodes();
    for (const [subs, value] of [
      [['1'], 'Ann'],
      [['1', 'bal'], '10'],
      [['2', 'bal'], '20'],
      [['10'], 'Zoe'],
    ] as const)
      nodes.set(key(...subs), value);
  });

  test('data tells values from descendants', () => {
    expect([key('1'), key('2'), key('10'), key('3'), key('1', 'bal'), key()].map((k) => data(nodes, k))).toEqual([11, 10, 1, 0, 1, 10]);
  });

  test('order goes by number, both ways, over nodes that only have descendants', () => {
    expect(['', '1', '2', '10'].map((s) => order(nodes, key(s), 1))).toEqual(['1', '2', '10', '']);
    expect(['', '10', '2', '1'].map((s) => order(nodes, key(s), -1))).toEqual(['10', '2', '1', '']);
  });

  test('increment reads a leading number and keeps decimals exact', () => {
    expect(increment(nodes, key('1', 'bal'), '.1')).toBe('10.1');
    expect(increment(nodes, key('1', 'bal'), '.2')).toBe('10.3');
    expect(increment(nodes, key('new'), '1')).toBe('1');
    expect(nodes.get(key('new'))).toBe('1');
  });

  test('an empty subscript is only for asking', () => {
    const code = expect.objectContaining({ code: 'SUBSCRIPT' });
    for (const call of [
      () => data(nodes, key('')),
      () => kill(nodes, key('')),
      () => zkill(nodes, key('')),
      () => increment(nodes, key(''), '1'),
    ])
      expect(call).toThrow(code);
    expect(() => order(nodes, key(), 1)).toThrow(expect.objectContaining({ code: 'SYNTAX' }));
  });

  test('a kill goes in slices and ends', () => {
    const steps = startKill(nodes, key());
    const left: number[] = [];
    while (!steps.step(1)) left.push(nodes.nodes.length);
    expect(left).toEqual([3, 2, 1, 0]);
  });

  test('a merge with an overlap is refused', () => {
    const code = expect.objectContaining({ code: 'ERR' });
    expect(() => merge(nodes, key('1', 'x'), nodes, key('1'))).toThrow(code);
    expect(() => merge(nodes, key(), nodes, key('1'))).toThrow(code);
    expect(() => merge(nodes, key('1'), nodes, key('1'))).toThrow(code);
    const other = new SortedNodes();
    merge(other, key(), nodes, key('1'));
    expect(other.nodes).toEqual([
      { key: key(), value: 'Ann' },
      { key: key('bal'), value: '10' },
    ]);
  });

  test('a merge whose keys would be too long changes nothing', () => {
    nodes.set(key('3', 's'.repeat(1000)), 'long');
    nodes.set(key('3', '1'), 'short');
    const before = [...nodes.nodes];
    const steps = startMerge(nodes, encodeKey('copy', ['t'.repeat(50)]), nodes, key('3'));
    expect(() => steps.step(10)).toThrow(expect.objectContaining({ code: 'SUBSCRIPT' }));
    expect(nodes.nodes).toEqual(before);
  });
});
