import os from 'node:os';
import { expect, it } from 'vitest';
import type { Member } from '../../mirror/index.ts';
import { arbiterAddress } from './arbiter-address.ts';

const member = (name: string, host: string): Member => ({
  guid: name,
  name,
  instance: name,
  type: 'Failover',
  superserverAddress: `${host}:1972`,
  privateAddress: `${host}:1972`,
  agentAddress: `${host}:2188`,
});
const members = [member('A', '192.0.2.1'), member('B', '192.0.2.2')];

it('takes an arbiter on a host of its own', async () => {
  expect(await arbiterAddress('192.0.2.3:2188', members, false)).toBe('192.0.2.3:2188');
  expect(await arbiterAddress('[2001:db8::1]:2188', members, false)).toBe('[2001:db8::1]:2188');
  expect(await arbiterAddress('arbiter.invalid:2188', members, false)).toBe('arbiter.invalid:2188');
});

it('refuses one on a failover member’s host, by whatever name, unless that is allowed', async () => {
  const onHost = { code: 'REFUSED', condition: { code: 'ARBITER_ON_MEMBER_HOST' } };
  await expect(arbiterAddress('192.0.2.2:2188', members, false)).rejects.toMatchObject({ ...onHost, what: expect.stringContaining('B') });
  await expect(arbiterAddress('localhost:2188', members, false)).rejects.toMatchObject(onHost);
  await expect(arbiterAddress('localhost:2188', [member('C', '127.0.0.1')], false)).rejects.toMatchObject(onHost);
  await expect(arbiterAddress('ARBITER.invalid:1', [member('C', 'arbiter.invalid')], false)).rejects.toMatchObject(onHost);
  expect(await arbiterAddress('192.0.2.2:2188', members, true)).toBe('192.0.2.2:2188');
});

it('refuses what is no address', async () => {
  await expect(arbiterAddress(`${os.hostname()}`, members, false)).rejects.toMatchObject({ code: 'NAME' });
});
