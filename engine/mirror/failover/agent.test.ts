import { describe, expect, it } from 'vitest';
import { decideGrant, type DownInstance } from './agent.ts';
import { newDurable } from './state.ts';
import { end, epoch } from './testing/core.ts';
import type { Durable } from './types.ts';

const none: Durable = { ...newDurable, seen: epoch(2) };
const decide = (durable: Partial<Durable> = {}, more: Partial<DownInstance & { asker: string; above: ReturnType<typeof epoch> }> = {}) =>
  decideGrant({
    durable: { ...none, ...durable },
    members: ['A', 'B'],
    self: 'A',
    asker: 'B',
    above: epoch(2),
    journal: end(epoch(2), 5),
    ...more,
  });

describe('what the agent of a member that is down promises', () => {
  it('itself to its partner, above every epoch known to either', () => {
    expect(decide()).toEqual({ grant: { to: 'B', above: epoch(2) } });
    expect(decide({ seen: epoch(5) })).toMatchObject({ grant: { above: epoch(5) } });
    expect(decide({}, { above: epoch(6) })).toMatchObject({ grant: { above: epoch(6) } });
    expect(decide({}, { journal: end(epoch(7)) })).toMatchObject({ grant: { above: epoch(7) } });
  });

  it('nothing to itself, or to one that is not in its membership', () => {
    expect(decide({}, { asker: 'A' })).toMatchObject({ refused: { code: 'NOT_PARTNER' } });
    expect(decide({}, { asker: 'C' })).toMatchObject({ refused: { code: 'NOT_PARTNER' } });
  });

  it('nothing against no failover, or after a stop without failover', () => {
    expect(decide({ noFailover: epoch(2) })).toMatchObject({ refused: { code: 'NO_FAILOVER' } });
    expect(decide({ stoppedNoFailover: true })).toMatchObject({ refused: { code: 'STOPPED_NOFAILOVER' } });
  });

  it('the same to the same again; to another only once the first promise is history', () => {
    const three = { members: ['A', 'B', 'C'] };
    expect(decide({ grant: { to: 'B', above: epoch(2) } })).toMatchObject({ grant: { to: 'B' } });
    expect(decide({ grant: { to: 'C', above: epoch(2) } }, three)).toMatchObject({ refused: { code: 'GRANTED' } });
    expect(decide({ grant: { to: 'C', above: epoch(2) }, seen: epoch(3, 'C') }, three)).toMatchObject({
      grant: { to: 'B', above: epoch(3, 'C') },
    });
    expect(decide({ grant: { to: 'C', above: epoch(2) } }, { ...three, journal: end(epoch(3, 'C')) })).toMatchObject({
      grant: { to: 'B' },
    });
  });
});

describe('without a journal that can be read', () => {
  const reign = { epoch: epoch(2), boot: 'A-boot', n: 1 };
  const period = { epoch: epoch(2), n: 1, backup: 'B', ended: false };
  const unreadable = { journal: null };

  it('it promises only to whom it waited for to its end, by its own record', () => {
    expect(decide({ reign, period }, unreadable)).toEqual({ grant: { to: 'B', above: epoch(2) } });
    for (const durable of [
      {},
      { reign },
      { reign, period: { ...period, ended: true } },
      { reign, period: { ...period, backup: 'C' } },
      { reign: { ...reign, epoch: epoch(3) }, period },
    ])
      expect(decide(durable, unreadable), JSON.stringify(durable)).toMatchObject({ refused: { code: 'JOURNAL_UNREADABLE' } });
  });

  it('the epoch in its record counts', () => {
    const newer = { ...reign, epoch: epoch(4) };
    expect(decide({ reign: newer, period: { ...period, epoch: epoch(4) } }, unreadable)).toEqual({ grant: { to: 'B', above: epoch(4) } });
  });
});
