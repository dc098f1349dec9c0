import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Membership } from '../../membership.ts';
import { whichHolds, type Held } from './which-holds.ts';

const names = ['A', 'B', 'C', 'D'];

function membership(version: number, failover: readonly string[]): Membership {
  const members = names.map((name) => ({
    guid: name,
    name,
    instance: name,
    type: failover.includes(name) ? ('Failover' as const) : ('Disaster Recovery' as const),
    superserverAddress: 'h:1',
    privateAddress: 'h:1',
    agentAddress: 'h:2',
  }));
  return {
    mirror: 'M',
    guid: 'm',
    version,
    qosMs: 1000,
    arbiter: null,
    arbiterOnMemberHost: false,
    compression: { failover: 'system', async: 'system' },
    members,
    databases: [],
  };
}

const epoch = (major: number) => ({ major, minor: 1, member: 'X' });
const held = fc.record({
  membership: fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.subarray(names, { minLength: 1, maxLength: 2 }))
    .map(([v, f]) => membership(v, f)),
  committed: fc.option(fc.integer({ min: 1, max: 3 }).map(epoch), { nil: null }),
});
const roles = ({ membership: { members } }: Held): string => members.map(({ type }) => type).join();

test('two that tell each other end with the same, and not by changing places', () => {
  fc.assert(
    fc.property(held, held, (one, other) => {
      const [mine, theirs] = [whichHolds(one, other), whichHolds(other, one)];
      expect([mine, theirs]).not.toEqual(['adopt', 'adopt']);
      const isSame = one.membership.version === other.membership.version && roles(one) === roles(other);
      const bothOperate = one.committed !== null && other.committed !== null;
      // One is taken over or outvoted, unless they agree; two primaries are for the epochs to decide.
      if (!isSame && !bothOperate) expect([mine, theirs]).not.toEqual(['keep', 'keep']);
      if (isSame) expect([mine, theirs]).toEqual(['keep', 'keep']);
    }),
    { numRuns: 3000 },
  );
});

test('who operates gives up its membership only for a primary of a higher epoch', () => {
  fc.assert(
    fc.property(held, held, (mine, theirs) => {
      fc.pre(mine.committed !== null && whichHolds(mine, theirs) === 'adopt');
      expect(theirs.committed?.major).toBeGreaterThan(mine.committed?.major ?? 0);
    }),
  );
});

test('whatever the order in which members meet, all that nobody stands behind end with one', () => {
  const free = held.map(({ membership: m }) => ({ membership: m, committed: null }));
  fc.assert(
    fc.property(fc.array(free, { minLength: 2, maxLength: 5 }), fc.infiniteStream(fc.nat()), (start, picks) => {
      const all = [...start];
      for (let n = 0; n < 100; n += 1) {
        const [i, j] = [Number(picks.next().value) % all.length, Number(picks.next().value) % all.length];
        const [mine, theirs] = [all[i], all[j]];
        if (mine !== undefined && theirs !== undefined && whichHolds(mine, theirs) === 'adopt') all[i] = theirs;
      }
      // And now everybody meets everybody.
      for (const theirs of [...all]) for (const [i, mine] of all.entries()) if (whichHolds(mine, theirs) === 'adopt') all[i] = theirs;
      expect(new Set(all.map((each) => `${each.membership.version} ${roles(each)}`)).size).toBe(1);
    }),
  );
});

test('of another mirror: nothing', () => {
  const other = { membership: { ...membership(9, ['A']), guid: 'other' }, committed: epoch(9) };
  expect(whichHolds({ membership: membership(1, ['B']), committed: null }, other)).toBe('keep');
});
