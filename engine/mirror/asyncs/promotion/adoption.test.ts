import { describe, expect, it } from 'vitest';
import { conditionOf } from '../../../api/conditions.ts';
import { newDurable, type Durable } from '../../failover/index.ts';
import type { Member, Membership, MirrorRecord } from '../../membership.ts';
import { decideAdoption, type Adoption } from './adoption.ts';

const epoch = { major: 1, minor: 3, member: 'A' };

function membership(version: number, failover: string, names = 'ABCD'): Membership {
  const members = [...names].map((name): Member => ({
    guid: name,
    name,
    instance: name,
    type: failover.includes(name) ? 'Failover' : 'Disaster Recovery',
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

/** A, down, in a mirror with the failover members A and B. */
const record = (durable: Partial<Durable> = {}): MirrorRecord => ({
  self: 'A',
  membership: membership(4, 'AB'),
  durable: { ...newDurable, ...durable },
});
const wish = (more: Partial<Adoption> = {}): Adoption => ({ asker: 'C', membership: membership(5, 'AC'), released: [], ...more });

function code(of: MirrorRecord, adoption: Adoption): string {
  const decision = decideAdoption(of, adoption);
  if (!('refused' in decision)) return 'stored';
  expect(conditionOf(decision.refused.code)).toBeDefined();
  return decision.refused.code;
}

describe('the agent of a member that is down', () => {
  it('stores the newer roles, and the member’s own records do not count any more', () => {
    expect(decideAdoption(record(), wish())).toMatchObject({
      record: { self: 'A', membership: { version: 5 }, durable: { validated: false } },
    });
  });

  it('takes the first of two changes of one version, and that one again', () => {
    const decision = decideAdoption(record(), wish());
    if ('refused' in decision) throw new Error('refused');
    expect(code(decision.record, wish({ asker: 'D', membership: membership(5, 'AD') }))).toBe('OTHER_CHANGE');
    expect(decideAdoption(decision.record, wish())).toEqual(decision);
    expect(code(decision.record, wish({ membership: membership(4, 'AC') }))).toBe('OTHER_CHANGE');
  });

  it('listens to members of its mirror only, which give it a role', () => {
    expect(code(record(), wish({ asker: 'Z' }))).toBe('NOT_PARTNER');
    expect(code(record(), wish({ asker: 'D' }))).toBe('NOT_PARTNER');
    expect(code(record(), wish({ membership: { ...membership(5, 'AC'), guid: 'other' } }))).toBe('OTHER_CHANGE');
    expect(code(record(), wish({ membership: membership(5, 'C', 'BCD') }))).toBe('OTHER_CHANGE');
  });

  it('refuses to be the partner of one that is not to take over; another role it takes', () => {
    for (const durable of [{ stoppedNoFailover: true }, { noFailover: epoch }]) {
      expect(code(record(durable), wish())).toBe('PARTNER_NO_FAILOVER');
      expect(code(record(durable), wish({ membership: membership(5, 'BC') }))).toBe('stored');
    }
  });

  it('voids a promise only to one that has the new roles already and is no failover member in them', () => {
    const grant = { to: 'B', above: epoch };
    const kept = (released: string[], failover = 'AC') =>
      decideAdoption(record({ grant }), wish({ released, membership: membership(5, failover) }));
    expect(kept([])).toMatchObject({ record: { durable: { grant } } });
    expect(kept(['B'])).toMatchObject({ record: { durable: { grant: null } } });
    expect(kept(['D'])).toMatchObject({ record: { durable: { grant } } });
    expect(kept(['B'], 'BC')).toMatchObject({ record: { durable: { grant } } });
  });
});
