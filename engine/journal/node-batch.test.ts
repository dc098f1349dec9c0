import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeBatch } from './node-batch.ts';

type Node = readonly [key: string, value: string | null];

function put(batch: NodeBatch, key: string, value: string | null): void {
  const source = Buffer.from(`.${key}${value ?? ''}`, 'latin1');
  if (value === null) batch.remove(source, 1, key.length);
  else batch.set(source, 1, key.length, 1 + key.length, value.length);
}

function inOrder(batch: NodeBatch): Node[] {
  const nodes: Node[] = [];
  batch.inOrder({
    upsert: (bytes, keyAt, keyLength, valueAt, valueLength) =>
      nodes.push([bytes.latin1Slice(keyAt, keyAt + keyLength), bytes.latin1Slice(valueAt, valueAt + valueLength)]),
    remove: (bytes, keyAt, keyLength) => nodes.push([bytes.latin1Slice(keyAt, keyAt + keyLength), null]),
  });
  return nodes;
}

const byKey = ([a]: Node, [b]: Node): number => (a < b ? -1 : 1);

/** Few different bytes, zeros among them: many keys are the beginning of others, or differ late. */
const key = fc
  .tuple(fc.constantFrom('', 'a', 'long\0beginning:'), fc.array(fc.constantFrom('\0', '\x01', 'a', '\xff'), { maxLength: 9 }))
  .map(([beginning, end]) => beginning + end.join(''));
const update = fc.tuple(key, fc.option(fc.string({ unit: 'binary-ascii', maxLength: 80 })));

test('holds the newest value of each node, and gives them in key order, over and over', () => {
  fc.assert(
    fc.property(fc.array(fc.array(update, { maxLength: 300, size: 'max' }), { maxLength: 3 }), (rounds) => {
      const batch = new NodeBatch();
      for (const updates of rounds) {
        const model = new Map<string, string | null>();
        for (const [key, value] of updates) {
          put(batch, key, value);
          model.set(key, value);
        }
        expect(batch.size).toBe(model.size);
        expect(inOrder(batch)).toEqual([...model].sort(byKey));
        const { keys, values } = batch.texts();
        expect(keys.map((each, n) => [each, values[n]])).toEqual([...model]);
        batch.clear();
        expect(batch.size).toBe(0);
        expect(inOrder(batch)).toEqual([]);
      }
    }),
    { numRuns: 200 },
  );
});

test('grows with what it holds, and gives the memory back', () => {
  const batch = new NodeBatch();
  const model = new Map<string, string>();
  // more than it keeps: values of 1 kB under 40,000 keys, in an order that is none
  for (let n = 0; n < 80_000; n++) {
    const key = `key:${String((n * 7919) % 40_000)}`;
    const value = String(n).padEnd(1000, '.');
    put(batch, key, value);
    model.set(key, value);
  }
  expect(batch.size).toBe(40_000);
  expect(batch.bytes).toBeGreaterThan(40_000_000);
  const inTheirOrder = [...model].sort(byKey);
  expect(inOrder(batch).every(([key, value], n) => key === inTheirOrder[n]?.[0] && value === inTheirOrder[n]?.[1])).toBe(true);
  batch.clear();
  expect(batch.bytes).toBe(0);
  put(batch, 'b', '1');
  put(batch, 'a', null);
  expect(inOrder(batch)).toEqual([
    ['a', null],
    ['b', '1'],
  ]);
});

test('an update of a node that is there takes no more memory, unless its value grows', () => {
  const batch = new NodeBatch();
  put(batch, 'a', '12345');
  const before = batch.bytes;
  for (const value of ['54321', null, '', '123']) put(batch, 'a', value);
  expect(batch.bytes).toBe(before);
  put(batch, 'a', '123456');
  expect(batch.bytes).toBe(before + 6);
  expect(inOrder(batch)).toEqual([['a', '123456']]);
});
