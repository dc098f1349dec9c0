import { expect, it } from 'vitest';
import type { Member } from '../membership.ts';
import { changesPort, isMoved, withAddresses, withPort } from './addresses.ts';

const member: Member = {
  guid: 'a',
  name: 'A',
  instance: 'A',
  type: 'Failover',
  superserverAddress: 'public:1972',
  privateAddress: '[fd00::1]:1972',
  agentAddress: 'h:2188',
};

it('an address without a port keeps the one it has, of either family', () => {
  expect(withAddresses(member, { privateAddress: 'other' }).privateAddress).toBe('other:1972');
  expect(withAddresses(member, { privateAddress: 'fd00::2' }).privateAddress).toBe('[fd00::2]:1972');
  expect(withAddresses(member, { privateAddress: '[fd00::2]' }).privateAddress).toBe('[fd00::2]:1972');
  expect(withAddresses(member, { superserverAddress: '[fd00::2]:5' }).superserverAddress).toBe('[fd00::2]:5');
  expect(withAddresses(member, { agentAddress: 'x:1' })).toEqual({ ...member, agentAddress: 'x:1' });
  expect(withAddresses(member, {})).toEqual(member);
});

it('a port is changed only by saying another one', () => {
  expect(changesPort(member, { privateAddress: 'other', superserverAddress: 'x:1972' })).toBe(false);
  expect(changesPort(member, { superserverAddress: 'public:1973' })).toBe(true);
});

it('another superserver port holds for all addresses that had the former one; a forwarded one stays', () => {
  const forwarded = { ...member, superserverAddress: 'gateway:8000' };
  expect(withPort(forwarded, 1972, 1999)).toEqual({ ...forwarded, privateAddress: '[fd00::1]:1999' });
});

it('links are made anew for the addresses that members are connected to, not for the agent’s', () => {
  expect(isMoved(member, { ...member, agentAddress: 'x:1' })).toBe(false);
  expect(isMoved(member, { ...member, privateAddress: 'x:1' })).toBe(true);
  expect(isMoved(member, { ...member, superserverAddress: 'x:1' })).toBe(true);
  expect(isMoved(member, undefined)).toBe(false);
});
