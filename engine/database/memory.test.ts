import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryBytes, type Entry } from './entry.ts';
import { NodeMemory } from './memory.ts';

const generation = fc.uniqueArray(fc.tuple(fc.nat(30), fc.string({ maxLength: 20 })), { selector: ([n]) => n, minLength: 1, maxLength: 30 });

test('the memory has the newest of a node or nothing, within its limit', () => {
  const step = fc.record({ generation, forgotten: fc.array(fc.nat(30), { maxLength: 10 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.constantFrom(0, 3000, 20_000), (steps, limit) => {
      const memory = new NodeMemory(limit);
      const file = new Map<string, string>();
      for (const [index, { generation: nodes, forgotten }] of steps.entries()) {
        const entries = new Map<string, Entry>();
        // As a set does: what is changed is forgotten, and comes with the next generation. Some were hidden all the time.
        for (const n of forgotten) {
          memory.forget(`k${n}`);
          entries.set(`k${n}`, { key: `k${n}`, value: `${index}`, ticket: 0 });
        }
        for (const [n, value] of nodes) entries.set(`k${n}`, { key: `k${n}`, value, ticket: 0 });
        let bytes = 0;
        for (const entry of entries.values()) {
          bytes += entryBytes(entry);
          file.set(entry.key, entry.value ?? '');
        }
        memory.add(entries, bytes);
        let held = 0;
        for (let n = 0; n <= 30; n++) {
          const entry = memory.find(`k${n}`);
          if (entry === undefined) continue;
          expect(entry.value).toBe(file.get(`k${n}`));
          held += entryBytes(entry);
        }
        expect(held).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

test('what fits is kept', () => {
  const memory = new NodeMemory(1e6);
  for (const value of ['old', 'new']) memory.add(new Map([['k', { key: 'k', value, ticket: 0 }]]), 200);
  expect(memory.find('k')?.value).toBe('new');
  memory.clear();
  expect(memory.find('k')).toBeUndefined();
});
