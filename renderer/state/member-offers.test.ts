import { describe, expect, it } from 'vitest';
import type { MirrorMemberView, MirrorView } from '../../main/contract/index.ts';
import { scenario } from '../fixtures/scenarios.ts';
import { memberOffers, memberWizards } from './member-offers.ts';

const base = scenario('normal', 0, 0).overview.mirrors[0];
if (base === undefined) throw new Error('no mirror');
const template = base.members[0];
if (template === undefined) throw new Error('no member');

function offered(change: Partial<MirrorMemberView>, primary: string | null = 'P'): string[] {
  const mirror: MirrorView = { ...(base as MirrorView), primary };
  const member: MirrorMemberView = { ...(template as MirrorMemberView), name: 'X', instance: 'h/X', ...change };
  return [...memberOffers(mirror, member).map(({ action }) => action.action), ...memberWizards(mirror, member).map(({ form }) => form)];
}

describe('what is on offer for a member', () => {
  it('depends on what it is and how it is', () => {
    expect(offered({ name: 'P', status: 'Primary', type: 'Failover' })).toEqual(['addresses', 'superserverPort', 'leaveMirror']);
    expect(offered({ status: 'Backup', type: 'Failover' })).toEqual([
      'demote',
      'stopMirroring',
      'rebuild',
      'removeMember',
      'addresses',
      'superserverPort',
      'leaveMirror',
    ]);
    expect(offered({ status: 'Connected', type: 'Disaster Recovery' })).toContain('promote');
    expect(offered({ status: 'Connected', type: 'Read-Only Reporting' })).toContain('filter');
    expect(offered({ status: 'Connected', type: 'Read-Only Reporting' })).not.toContain('promote');
    expect(offered({ status: 'Stopped', type: 'Failover' })).toContain('startMirroring');
  });

  it('forcing and trying only while nobody is primary, resuming only in trouble', () => {
    expect(offered({ status: 'Waiting', type: 'Failover' })).not.toContain('forcePrimary');
    expect(offered({ status: 'Waiting', type: 'Failover' }, null)).toEqual(expect.arrayContaining(['tryPrimary', 'forcePrimary']));
    expect(offered({ status: 'In Trouble', type: 'Failover' }, null)).toContain('resumePrimary');
    expect(offered({ status: 'Waiting', type: 'Failover' }, null)).not.toContain('resumePrimary');
  });

  it('what its instance has to do only where it is known here', () => {
    expect(offered({ status: 'Down', type: 'Failover', instance: null })).toEqual(['removeMember', 'addresses']);
  });
});
