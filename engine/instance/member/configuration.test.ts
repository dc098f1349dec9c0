import { describe, expect, it } from 'vitest';
import { MirrorConfiguration } from '../../api/mirror-configuration.ts';
import type { Membership } from '../../mirror/index.ts';
import { configurationOf } from './configuration.ts';

const membership: Membership = {
  mirror: 'M',
  guid: 'm',
  version: 7,
  qosMs: 8000,
  arbiter: 'third:2188',
  arbiterOnMemberHost: false,
  compression: { failover: 'system', async: 'zstd' },
  members: [
    {
      guid: 'a',
      name: 'HOST_A',
      instance: 'A',
      type: 'Failover',
      superserverAddress: 'a:1972',
      privateAddress: '10.0.0.1:1972',
      agentAddress: 'a:2188',
      vipInterface: 'eth1',
    },
    {
      guid: 'c',
      name: 'HOST_C',
      instance: 'C',
      type: 'Disaster Recovery',
      superserverAddress: 'c:1972',
      privateAddress: 'c:1972',
      agentAddress: 'c:2188',
    },
  ],
  databases: [{ name: 'ONE', guid: '1', created: { file: 1, offset: 0 } }],
};

describe('the configuration of a mirror', () => {
  it('says what was set, and what holds where nothing was', () => {
    const told = configurationOf(membership, 'c');
    expect(MirrorConfiguration.parse(told)).toEqual(told);
    expect(told).toMatchObject({ thisMember: 'HOST_C', version: 7, parallelDejournaling: 'failover+dr', vip: null, databases: ['ONE'] });
    expect(told.members.map(({ name, vipInterface }) => [name, vipInterface])).toEqual([
      ['HOST_A', 'eth1'],
      ['HOST_C', null],
    ]);
  });
});
