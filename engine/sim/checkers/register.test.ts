import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkRegister, type RegisterOperation } from './register.ts';

/** The definition itself: tries every order that respects the moments, with and without each unanswered write. */
function naive(operations: readonly RegisterOperation[], initial: string | null): boolean {
  const go = (left: readonly RegisterOperation[], now: string | null): boolean => {
    if (left.every((op) => op.answeredAt === null)) return true;
    return left.some((op) => {
      const isFirst = left.every((other) => other === op || (other.answeredAt ?? Infinity) > op.calledAt);
      if (!isFirst || (op.kind === 'read' && op.value !== now)) return false;
      return go(
        left.filter((other) => other !== op),
        op.kind === 'write' ? op.value : now,
      );
    });
  };
  return go(
    operations.filter((op) => op.refused !== true && (op.kind === 'write' || op.answeredAt !== null)),
    initial,
  );
}

/** Up to six operations with all moments different. */
const history = fc
  .array(
    fc.record({
      write: fc.boolean(),
      sees: fc.integer({ min: -1, max: 6 }),
      from: fc.integer({ min: 0, max: 40 }),
      takes: fc.integer({ min: 1, max: 15 }),
      answered: fc.integer({ min: 0, max: 4 }),
      refused: fc.integer({ min: 0, max: 8 }),
    }),
    { maxLength: 6 },
  )
  .map((raw) =>
    raw.map((op, i): RegisterOperation => {
      const isAnswered = op.answered > 0;
      return {
        kind: op.write ? 'write' : 'read',
        value: op.write ? `v${i}` : op.sees < 0 ? null : `v${op.sees}`,
        calledAt: op.from + i / 100,
        answeredAt: isAnswered ? op.from + op.takes + i / 100 + 0.5 : null,
        ...(op.write && isAnswered && op.refused === 0 ? { refused: true } : {}),
      };
    }),
  );

test('it says of every short history what the definition says', () => {
  let sound = 0;
  fc.assert(
    fc.property(history, (operations) => {
      const expected = naive(operations, null);
      if (expected) sound += 1;
      expect(checkRegister(operations) === null).toBe(expected);
    }),
    { numRuns: 4000 },
  );
  expect(sound).toBeGreaterThan(100);
});

const write = (value: string, calledAt: number, answeredAt: number | null): RegisterOperation => ({
  kind: 'write',
  value,
  calledAt,
  answeredAt,
});
const read = (value: string | null, calledAt: number, answeredAt: number): RegisterOperation => ({
  kind: 'read',
  value,
  calledAt,
  answeredAt,
});

test('an old value after a newer one was acknowledged is a stale read', () => {
  expect(checkRegister([write('a', 1, 2), write('b', 3, 4), read('a', 5, 6)])).toMatch(/"a"/);
  expect(checkRegister([write('a', 1, 2), write('b', 3, 7), read('a', 5, 6)])).toBeNull();
});

test('a read that shows a write without an answer makes it count, also for later reads', () => {
  expect(checkRegister([write('a', 1, null), read('a', 2, 3), read(null, 4, 5)])).not.toBeNull();
  expect(checkRegister([write('a', 1, null), read(null, 2, 3), read('a', 4, 5)])).toBeNull();
});

test('a refused write that is seen, and an acknowledged one that is lost', () => {
  expect(checkRegister([{ ...write('a', 1, 2), refused: true }, read('a', 3, 4)])).toMatch(/refused/);
  expect(checkRegister([write('a', 1, 2), read(null, 3, 4)])).not.toBeNull();
  expect(checkRegister([read('b', 3, 4)], 'b')).toBeNull();
});
