import { describe, expect, it } from 'vitest';
import type { MemberType } from '../../api/status.ts';
import type { Member, Membership } from '../membership.ts';
import { findMember, whyNotEditAddresses, whyNotLeave, whyNotRemove, type Standing } from './rules.ts';

const member = (name: string, type: MemberType): Member => ({
  guid: name.toLowerCase(),
  name,
  instance: name,
  type,
  superserverAddress: 'h:1',
  privateAddress: 'h:1',
  agentAddress: 'h:2188',
});
const [a, b, c, d] = [
  member('A', 'Failover'),
  member('B', 'Failover'),
  member('C', 'Disaster Recovery'),
  member('D', 'Read-Only Reporting'),
];
const of = (...members: Member[]): Membership => ({
  mirror: 'TEST',
  guid: 'm',
  version: 1,
  qosMs: 8000,
  arbiter: null,
  arbiterOnMemberHost: false,
  compression: { failover: 'system', async: 'system' },
  members,
  databases: [],
});

describe('who may edit addresses of whom', () => {
  const host = { privateAddress: 'other' };
  const port = { privateAddress: 'h:9' };
  it.each<[string, Member, Standing, Member, typeof host, string | undefined]>([
    ['the primary, of any member', a, 'primary', b, host, undefined],
    ['the primary, its own', a, 'primary', a, host, undefined],
    ['the primary, of an async', a, 'primary', d, host, undefined],
    ['the primary, a port', a, 'primary', b, port, 'PORT_IS_LOCAL'],
    ['the primary, its own port', a, 'primary', a, port, 'PORT_IS_LOCAL'],
    ['a connected backup', b, 'connected', a, host, 'ADDRESSES_FROM_PRIMARY'],
    ['a connected backup, its own', b, 'connected', b, host, 'ADDRESSES_FROM_PRIMARY'],
    ['a connected async', c, 'connected', a, host, 'ADDRESSES_FROM_PRIMARY'],
    ['a failover member cut off, of the other', b, 'disconnected', a, host, undefined],
    ['a failover member cut off, also the other’s port', b, 'disconnected', a, port, undefined],
    ['a failover member cut off, its own', b, 'disconnected', b, host, undefined],
    ['a failover member cut off, its own port', b, 'disconnected', b, port, 'PORT_IS_LOCAL'],
    ['a failover member cut off, of an async', b, 'disconnected', c, host, undefined],
    ['a stopped failover member', b, 'stopped', a, port, undefined],
    ['an async cut off, of a failover member', c, 'disconnected', a, port, undefined],
    ['an async cut off, its own', c, 'disconnected', c, host, 'ADDRESSES_NOT_USED_HERE'],
    ['an async cut off, of another async', c, 'disconnected', d, host, 'ADDRESSES_NOT_USED_HERE'],
  ])('%s', (_who, self, standing, target, change, code) => {
    expect(whyNotEditAddresses({ self, standing }, target, change)?.code).toBe(code);
  });
});

describe('who may remove whom', () => {
  it.each<[string, Member, Standing, Member, string | undefined]>([
    ['the primary the backup', a, 'primary', b, undefined],
    ['the primary an async', a, 'primary', d, undefined],
    ['the primary itself', a, 'primary', a, 'REMOVE_OWN'],
    ['the backup an async', b, 'connected', c, undefined],
    ['the backup the primary', b, 'connected', a, 'REMOVE_NOT_ALLOWED'],
    ['the backup itself', b, 'connected', b, 'REMOVE_OWN'],
    ['a failover member cut off', b, 'disconnected', c, 'REMOVE_NOT_CONNECTED'],
    ['a stopped failover member', b, 'stopped', c, 'REMOVE_NOT_CONNECTED'],
    ['an async another async', c, 'connected', d, 'REMOVE_NOT_ALLOWED'],
    ['an async a failover member', c, 'connected', a, 'REMOVE_NOT_ALLOWED'],
  ])('%s', (_who, self, standing, target, code) => {
    expect(whyNotRemove({ self, standing }, target)?.code).toBe(code);
  });
});

describe('who may leave', () => {
  it.each<[string, Member, Standing, Member[], string | undefined]>([
    ['an async that is connected', c, 'connected', [a, b, c], undefined],
    ['an async that is cut off', c, 'disconnected', [a, b, c], undefined],
    ['the backup, also while there are asyncs', b, 'connected', [a, b, c], undefined],
    ['a failover member that is cut off', b, 'disconnected', [a, b], 'REMOVE_NOT_CONNECTED'],
    ['one on which mirroring is stopped', b, 'stopped', [a, b], undefined],
    ['the primary with a backup', a, 'primary', [a, b], 'REMOVE_OTHERS_FIRST'],
    ['the primary with an async', a, 'primary', [a, d], 'REMOVE_OTHERS_FIRST'],
    ['the primary alone', a, 'primary', [a], undefined],
  ])('%s', (_who, self, standing, members, code) => {
    expect(whyNotLeave({ self, standing }, of(...members))?.code).toBe(code);
  });

  it('the primary is told to begin with an async, then the backup', () => {
    const first = (...members: Member[]): unknown => whyNotLeave({ self: a, standing: 'primary' }, of(a, ...members))?.facts['first'];
    expect([first(b, c), first(b)]).toEqual(['C', 'B']);
  });
});

it('members are found by name in any case; who is none is said with those that are', () => {
  expect(findMember(of(a, b), 'b')).toBe(b);
  expect(findMember(of(a, b), 'x')).toMatchObject({ code: 'MEMBER_UNKNOWN', facts: { member: 'X', members: 'A B' } });
});
