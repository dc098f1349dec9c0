import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Key } from '../../globals/index.ts';
import { encodeKey } from '../../globals/index.ts';
import { createDatabase, DatabaseWriter } from '../index.ts';
import { PinnedDatabase, PinnedFile, type Leaf } from './index.ts';

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-compare-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

type Nodes = readonly (readonly [key: Key, value: string])[];

function made(nodes: Nodes): string {
  const place = fs.mkdtempSync(path.join(directory, 'db-'));
  createDatabase(place, { guid: 'g', name: 'DB', createdMs: 0 });
  write(place, nodes, 1);
  return place;
}

function write(place: string, nodes: Nodes, file: number): void {
  const writer = DatabaseWriter.open(place);
  writer.begin();
  for (const [key, value] of nodes) writer.upsert(key, value);
  writer.commit({ journalId: 'j', position: { file, offset: 4096 }, openStart: null });
  writer.close();
}

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex').toUpperCase();

function naive(nodes: Nodes): string {
  return createHash('sha256')
    .update(nodes.map(([key, value]) => `${hex(key)}|${hex(value)}`).join('/'))
    .digest('hex');
}

const sorted = (nodes: Nodes): Nodes => [...nodes].sort(([a], [b]) => (a < b ? -1 : 1));
const someNodes = fc
  .uniqueArray(fc.tuple(fc.nat(300), fc.string({ maxLength: 40 })), { selector: ([n]) => n, maxLength: 60 })
  .map((all) => sorted(all.map(([n, value]) => [encodeKey('x', [String(n)]), Buffer.from(value).toString('latin1')] as const)));

it('leaves are the nodes in order, and the same ends give the same leaves', () => {
  fc.assert(
    fc.property(someNodes, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), (nodes, size, count) => {
      const file = new PinnedFile(made(nodes));
      try {
        const all: Leaf[] = [];
        for (let from: Key | null = ''; from !== null; from = all.at(-1)?.to ?? null) {
          const found = file.leaves(from, size, count);
          expect(found.length).toBeLessThanOrEqual(count);
          expect(
            file.digests(
              from,
              found.map(({ to }) => to),
            ),
          ).toEqual(found);
          all.push(...found);
        }
        let at = 0;
        for (const leaf of all) {
          const part = nodes.slice(at, at + leaf.nodes);
          expect(leaf.digest).toBe(naive(part));
          expect(part.every(([key]) => leaf.to === null || key < leaf.to)).toBe(true);
          at += leaf.nodes;
        }
        expect(at).toBe(nodes.length);
      } finally {
        file.close();
      }
    }),
    { numRuns: 30 },
  );
});

it('with the ends of another database every node is in the leaf that it belongs to', () => {
  fc.assert(
    fc.property(someNodes, fc.uniqueArray(fc.nat(300), { maxLength: 8 }), (nodes, places) => {
      const ends: (Key | null)[] = [...places.map((n) => encodeKey('x', [String(n)])).sort(), null];
      const file = new PinnedFile(made(nodes));
      try {
        const leaves = file.digests('', ends);
        let from = '';
        for (const [n, to] of ends.entries()) {
          const part = nodes.filter(([key]) => key >= from && (to === null || key < to));
          expect(leaves[n]).toEqual({ to, nodes: part.length, digest: naive(part) });
          expect(file.nodes(from, to)).toEqual({ nodes: part, next: null });
          from = to ?? from;
        }
      } finally {
        file.close();
      }
    }),
    { numRuns: 30 },
  );
});

it('nodes of any size are hashed, however many bytes a leaf has, and come in pages', () => {
  const large = 'v'.repeat(3_000_000);
  const nodes = [1, 2, 3, 4, 5, 6, 7].map((n) => [encodeKey('x', [String(n)]), `${n}${large}`] as const);
  const file = new PinnedFile(made(nodes));
  expect(file.leaves('', 10, 2)).toEqual([{ to: null, nodes: 7, digest: naive(nodes) }]);
  const [, , third] = nodes;
  const ends = [third?.[0] ?? null, null];
  expect(file.digests('', ends).map(({ digest }) => digest)).toEqual([naive(nodes.slice(0, 2)), naive(nodes.slice(2))]);
  const first = file.nodes('', null);
  expect(first).toEqual({ nodes: nodes.slice(0, 1), next: nodes[1]?.[0] });
  expect(file.nodes(first.next ?? '', null).nodes).toEqual(nodes.slice(1, 2));
  file.close();
});

it('what is pinned stays as it was, and pinned anew it is the newest', async () => {
  const key = encodeKey('x', []);
  const place = made([[key, 'old']]);
  const database = new PinnedDatabase(place);
  expect(await database.pin()).toEqual({ file: 1, offset: 4096 });
  write(place, [[key, 'new']], 2);
  expect((await database.nodes('', null)).nodes).toEqual([[key, 'old']]);
  expect(await database.pin()).toEqual({ file: 2, offset: 4096 });
  expect((await database.nodes('', null)).nodes).toEqual([[key, 'new']]);
  await database.unpin();
  fs.rmSync(place, { recursive: true });
  await expect(database.pin()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await database.close();
  await expect(database.pin()).rejects.toMatchObject({ code: 'DATABASE' });
});
