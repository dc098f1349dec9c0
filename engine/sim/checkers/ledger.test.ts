import { expect, test } from 'vitest';
import { emptyChain, type LineageEntry, type Position } from '../../journal/types.ts';
import { Ledger } from './ledger.ts';

const at = (file: number, offset: number): Position => ({ file, offset });
const entry = (minor: number, member: string, file: number, previousEnd: Position, major = 1): LineageEntry => ({
  epoch: { major, minor, member },
  first: at(file, 4096),
  previousEnd,
  previousChain: emptyChain,
});
const first = entry(1, 'A', 1, at(0, 0));
const ledger = (): Ledger =>
  new Ledger((what) => {
    throw new Error(what);
  });

test('a later primary goes on behind everything durable, whichever is heard of first', () => {
  const second = entry(2, 'B', 2, at(1, 5000));
  const sound = ledger();
  sound.begun(first.epoch, [first]);
  sound.durable(first.epoch, at(1, 5000));
  sound.begun(second.epoch, [first, second]);
  expect(sound.takeovers).toBe(1);
  expect(() => sound.durable(first.epoch, at(1, 5001))).toThrow(/1:5001 is durable in 1.1 of A/);

  const lost = ledger();
  lost.durable(first.epoch, at(1, 5001));
  expect(() => lost.begun(second.epoch, [first, second])).toThrow(/goes on from 1:5000/);
});

test('an epoch that a later one has nothing of must not have anything durable', () => {
  const second = entry(2, 'A', 2, at(1, 5000));
  const third = entry(3, 'B', 2, at(1, 5000));
  const l = ledger();
  l.begun(second.epoch, [first, second]);
  l.durable(second.epoch, at(2, 4096));
  l.begun(third.epoch, [first, third]);
  expect(() => l.durable(second.epoch, at(2, 4200))).toThrow(/has nothing of that epoch/);
});

test('an epoch belongs to one member', () => {
  const l = ledger();
  l.begun(first.epoch, [first]);
  expect(() => l.begun({ ...first.epoch, member: 'B' }, [entry(1, 'B', 1, at(0, 0))])).toThrow(/begun by A and by B/);
});

test('what an operator gives up by force is counted and is no loss, a resumed primary gives up nothing', () => {
  const forced = entry(2, 'B', 2, at(1, 4500), 2);
  const l = ledger();
  l.durable(first.epoch, at(1, 5000));
  expect(() => l.begun(forced.epoch, [first, forced])).toThrow(/goes on from 1:4500/);
  l.begun(forced.epoch, [first, forced], 'force');
  expect(l.givenUp).toBe(1);
  expect([l.isGivenUp(1, 1), l.isGivenUp(1, 2), l.isGivenUp(1), l.isGivenUp(2)]).toEqual([false, true, true, false]);
  // Only the force ends the promise: what is durable after it is not to be lost.
  const next = entry(3, 'A', 3, at(2, 5000), 2);
  l.durable(forced.epoch, at(2, 5001));
  expect(() => l.begun(next.epoch, [first, forced, next])).toThrow(/2:5001 is durable in 2.2 of B/);
});

test('a database contains only what is durable, or what a newer epoch builds on', () => {
  const second = entry(2, 'B', 2, at(1, 6000));
  const l = ledger();
  l.durable(first.epoch, at(1, 5000));
  l.contained('B', [first], at(1, 5000));
  expect(() => l.contained('B', [first], at(1, 5500))).toThrow(/B has brought 1:5500/);
  l.contained('B', [first, second], at(1, 5500));
});

test('an async holds what is durable in the mirror, or what a later primary went on from', () => {
  const second = entry(2, 'B', 2, at(1, 5000));
  const l = ledger();
  l.begun(first.epoch, [first]);
  l.durable(first.epoch, at(1, 4800));
  l.held('D', [first], at(1, 4800));
  expect(() => l.held('D', [first], at(1, 4900))).toThrow(/D holds 1:4900, which is not durable in 1.1/);
  l.begun(second.epoch, [first, second]);
  l.held('D', [first], at(1, 5000));
  expect(() => l.held('D', [first], at(1, 5001))).toThrow(/not durable/);
  l.held('D', [first, second], at(2, 4096));
  expect(() => l.held('D', [first, second], at(2, 4100))).toThrow(/nothing is/);
});

test('an async holds no journal of an epoch that nobody began, but for one that a later epoch begins with', () => {
  const second = entry(2, 'B', 2, at(1, 4096));
  const third = entry(3, 'A', 3, at(2, 4096));
  const l = ledger();
  l.begun(first.epoch, [first]);
  expect(() => l.held('D', [first, second], at(2, 4096))).toThrow(/1.2 of B, which nobody has begun so/);
  l.begun(third.epoch, [first, second, third]);
  l.held('D', [first, second], at(2, 4096));
});

test('nobody goes on without what an async holds, unless by force', () => {
  const third = entry(3, 'B', 2, at(1, 4700));
  const forced = entry(0, 'B', 2, at(1, 4700), 2);
  const begun = (): Ledger => {
    const l = ledger();
    l.begun(first.epoch, [first]);
    l.durable(first.epoch, at(1, 4600));
    l.begun(entry(2, 'A', 2, at(1, 4800)).epoch, [first, entry(2, 'A', 2, at(1, 4800))]);
    l.held('D', [first], at(1, 4800));
    return l;
  };
  expect(() => begun().begun(third.epoch, [first, third])).toThrow(/1:4800 is held by an async/);
  begun().begun(forced.epoch, [first, forced], 'force');
});

test('an async takes up anew what an operator’s force went on from, though another primary had gone on without it', () => {
  const other = entry(2, 'B', 2, at(1, 5000));
  const forced = entry(3, 'A', 2, at(1, 6000), 2);
  const l = ledger();
  l.durable(first.epoch, at(1, 5000));
  l.begun(first.epoch, [first]);
  l.begun(other.epoch, [first, other]);
  l.begun(forced.epoch, [first, forced], 'force');
  l.held('D', [first], at(1, 6000));
  expect(() => l.held('D', [first], at(1, 6001))).toThrow(/not durable/);
});
