import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recoverTransactions } from './recovery.ts';
import { memberA, Workplace } from './test-support.ts';
import type { Position } from './types.ts';

const operation = fc.record({
  what: fc.constantFrom('set', 'kill', 'commit', 'rollback', 'set', 'kill', 'undoLast', 'settle', 'switch'),
  transaction: fc.integer({ min: 1, max: 3 }),
  database: fc.constantFrom('ONE', 'TWO'),
  key: fc.constantFrom('a', 'b', 'c'),
  value: fc.string({ maxLength: 4 }),
});

interface Change {
  readonly database: string;
  readonly key: string;
  readonly old: string | undefined;
}

/** Each transaction keeps to keys of its own: isolation is the business of locks. */
test('undoing what recovery returns gives the state without the open transactions', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      const place = new Workplace();
      try {
        const journal = place.journal('journal');
        const writer = await place.writer(journal);
        const numbers: Record<string, number> = {
          ONE: writer.bind({ name: 'ONE', guid: memberA }),
          TWO: writer.bind({ name: 'TWO', guid: memberA }),
        };
        const nodes = new Map<string, string>();
        const open = new Map<number, { before: Map<string, string | undefined>; changes: Change[]; start: Position | null }>();
        const change = (transaction: number, database: string, key: string, value: string | undefined, compensation: boolean): void => {
          const place = `${database} ${key}`;
          const old = nodes.get(place);
          if (value === undefined && old === undefined) return;
          if (!open.has(transaction)) {
            writer.tstart(transaction, 1);
            open.set(transaction, { before: new Map(), changes: [], start: null });
          }
          const mine = open.get(transaction);
          if (mine !== undefined && !mine.before.has(place)) mine.before.set(place, old);
          if (!compensation) mine?.changes.push({ database, key, old });
          if (value === undefined) writer.kill(numbers[database] ?? 0, key, old ?? '', transaction, 1, compensation);
          else writer.set(numbers[database] ?? 0, key, value, old, transaction, 1, compensation);
          if (value === undefined) nodes.delete(place);
          else nodes.set(place, value);
        };
        for (const { what, transaction, database, key, value } of operations) {
          const own = `${transaction}${key}`;
          const mine = open.get(transaction);
          if (what === 'set') change(transaction, database, own, value, false);
          else if (what === 'kill') change(transaction, database, own, undefined, false);
          else if (what === 'undoLast') {
            const last = mine?.changes.pop();
            if (last !== undefined) change(transaction, last.database, last.key, last.old, true);
          } else if (what === 'settle') await writer.settled();
          else if (what === 'switch') await writer.switch('test');
          else if (mine !== undefined) {
            if (what === 'rollback') {
              for (const { database: where, key: node, old } of mine.changes.splice(0).reverse())
                change(transaction, where, node, old, true);
              writer.rollbackEnd(transaction, 1);
            } else writer.tcommit(transaction, 1);
            open.delete(transaction);
          }
        }
        const end = await writer.settled();
        const recovered = recoverTransactions(journal.files, { file: 1, offset: 4096 }, end);
        expect(recovered.open.map(({ transaction }) => transaction)).toEqual([...open.keys()]);
        const expected = new Map(nodes);
        for (const { before } of open.values()) {
          for (const [place, old] of before) {
            if (old === undefined) expected.delete(place);
            else expected.set(place, old);
          }
        }
        for (const { undo } of recovered.open) {
          for (const { database, key, old } of undo) {
            if (old === undefined) nodes.delete(`${database.name} ${key}`);
            else nodes.set(`${database.name} ${key}`, old);
          }
        }
        expect(nodes).toEqual(expected);
        const oldest = recovered.open[0];
        // Reading from where the oldest one begins is enough.
        if (oldest !== undefined) expect(recoverTransactions(journal.files, oldest.start, end).open).toEqual(recovered.open);
      } finally {
        await place.remove();
      }
    }),
    { numRuns: 12 },
  );
});

test('marks come with their place, and the highest transaction is known', async () => {
  const place = new Workplace();
  const journal = place.journal('journal');
  const writer = await place.writer(journal);
  writer.mark('PREPARED', '17 1 0');
  writer.tstart(2 ** 40, 9);
  writer.tcommit(2 ** 40, 9);
  const recovered = recoverTransactions(journal.files, { file: 1, offset: 4096 }, await writer.settled());
  expect(recovered).toEqual({
    open: [],
    marks: [{ kind: 'PREPARED', payload: '17 1 0', position: { file: 1, offset: 4096 } }],
    highest: 2 ** 40,
  });
  await place.remove();
});
