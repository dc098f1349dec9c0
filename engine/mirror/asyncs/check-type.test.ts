import { expect, it } from 'vitest';
import type { MemberType } from '../../api/status.ts';
import type { Membership } from '../membership.ts';
import { checkTypeChange } from './check-type.ts';

function primary(type: MemberType): { membership: Membership; version: string } {
  const addresses = { superserverAddress: 'h:1', privateAddress: 'h:1', agentAddress: 'h:2' };
  const membership: Membership = {
    mirror: 'TEST',
    guid: 'm',
    version: 3,
    qosMs: 8000,
    arbiter: null,
    arbiterOnMemberHost: false,
    compression: { failover: 'none', async: 'none' },
    members: [{ guid: 'c', name: 'C', instance: 'C', type, ...addresses }],
    databases: [],
  };
  return { membership, version: '2.0' };
}

it.each([
  ['Disaster Recovery', 'Read-Only Reporting', '1.0'],
  ['Read-Only Reporting', 'Read-Write Reporting', '1.0'],
  ['Read-Write Reporting', 'Disaster Recovery', '2.0'],
] as const)('from %s to %s with version %s it may be', (from, to, version) => {
  expect(() => checkTypeChange(primary(from), 'c', to, version)).not.toThrow();
});

it.each([
  ['Failover', 'Disaster Recovery', 'c', '2.0', /no async member/],
  ['Disaster Recovery', 'Read-Only Reporting', 'd', '2.0', /no async member/],
  ['Read-Only Reporting', 'Read-Only Reporting', 'c', '2.0', /of that type already/],
  ['Read-Only Reporting', 'Disaster Recovery', 'c', '1.0', /must have the primary's version, 2\.0; C has 1\.0/],
] as const)('from %s to %s, member %s with version %s, it is refused', (from, to, guid, version, why) => {
  expect(() => checkTypeChange(primary(from), guid, to, version)).toThrow(why);
});
