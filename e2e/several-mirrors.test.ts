import { describe, expect, it } from 'vitest';
import type { MemberView } from '../engine/api/status.ts';
import { asyncOf, getIn, joinAs, newInstance, refusalOf, setIn } from './asyncs-support.ts';
import type { Pair, TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

/** A mirror of its own with one failover member and one database DB. */
async function otherMirror(pair: Pair, name: string): Promise<TestMember> {
  const only = await newInstance(pair, `${name}_A`);
  await only.call('mirror.create', { name, member: only.name, qosMs: 1500, agentAddress: only.agentAddress });
  await only.sees({ [only.name]: 'Primary' });
  await only.call('db.create', { name: 'DB', mirrored: true });
  return only;
}

function joinOther(member: TestMember, mirror: string, through: TestMember, as: 'dr' | 'reporting-ro', name?: string): Promise<unknown> {
  return member.call('mirror.join', {
    mirror,
    as,
    agent: through.agentAddress,
    via: through.name,
    ...(name === undefined ? {} : { member: name }),
  });
}

async function viewIn(member: TestMember, mirror: string): Promise<MemberView | undefined> {
  const { members } = await member.call('mirror.status', { mirror });
  return members.find((each) => each.name === member.name);
}

async function inStepWith(member: TestMember, mirror: string): Promise<void> {
  await until(`${member.name} is in step with ${mirror}`, async () => {
    const seen = await viewIn(member, mirror);
    return seen?.status === 'Connected' && seen.dejournaling === 'Caught up';
  });
}

async function shows(member: TestMember, database: string, name: string, value: string): Promise<void> {
  await until(`${database} shows ${name} = ${value}`, async () => (await getIn(member, database, name)) === value);
}

describe('a reporting member of several mirrors', () => {
  it('carries both, each by itself: one is stopped, the other goes on; both are there after a restart', async () => {
    const pair = await pairOfTest();
    const x = await otherMirror(pair, 'OTHER');
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    await joinOther(c, 'OTHER', x, 'reporting-ro');
    await c.call('db.create', { name: 'OTHERDB', mirrored: true, mirror: 'OTHER', mirrorDatabase: 'DB' });
    const everywhere = async (value: string): Promise<void> => {
      await setIn(pair.a, 'DB', 'v', `test ${value}`);
      await setIn(x, 'DB', 'v', `other ${value}`);
      await shows(c, 'DB', 'v', `test ${value}`);
      await shows(c, 'OTHERDB', 'v', `other ${value}`);
    };
    await everywhere('1');
    expect((await refusalOf(c.call('mirror.status', {}))).message).toContain('OTHER, TEST');
    expect((await c.call('instance.status', {})).mirrors).toEqual([
      { mirror: 'OTHER', type: 'Read-Only Reporting', status: 'Connected' },
      { mirror: 'TEST', type: 'Read-Only Reporting', status: 'Connected' },
    ]);

    await c.call('mirror.stop', { mirror: 'OTHER' });
    await setIn(x, 'DB', 'v', 'other 2');
    await setIn(pair.a, 'DB', 'v', 'test 2');
    await shows(c, 'DB', 'v', 'test 2');
    expect(await getIn(c, 'OTHERDB', 'v')).toBe('other 1');
    expect(await viewIn(c, 'OTHER')).toMatchObject({ status: 'Stopped' });
    await c.call('mirror.start', { mirror: 'OTHER' });
    await everywhere('3');

    await c.kill();
    await setIn(x, 'DB', 'v', 'other 4');
    await c.start();
    await shows(c, 'OTHERDB', 'v', 'other 4');
    for (const mirror of ['OTHER', 'TEST']) await inStepWith(c, mirror);
    await everywhere('5');
  });

  it('has one type and one name in all of them; a disaster recovery member has one mirror only', async () => {
    const pair = await pairOfTest();
    const x = await otherMirror(pair, 'OTHER');
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    const d = await asyncOf(pair, 'D', 'dr');
    const refusals = [
      await refusalOf(joinOther(c, 'OTHER', x, 'dr')),
      await refusalOf(joinOther(c, 'OTHER', x, 'reporting-ro', 'SOMEBODY')),
      await refusalOf(joinAs(pair, c, 'reporting-ro')),
      await refusalOf(joinOther(d, 'OTHER', x, 'reporting-ro')),
      await refusalOf(joinOther(pair.b, 'OTHER', x, 'reporting-ro')),
    ];
    expect(refusals.map(({ what }) => what)).toEqual([
      'This instance is a read-only reporting member of other mirrors, and is of one type in all of them.',
      'This instance is the member C in its other mirrors, and has one name in all of them.',
      'This instance is in the mirror TEST already.',
      'This instance is in the mirror TEST already.',
      'This instance is in the mirror TEST already.',
    ]);
    expect((await x.call('mirror.status', {})).members.map(({ name }) => name)).toEqual([x.name]);
    await joinOther(c, 'OTHER', x, 'reporting-ro');
    expect(await viewIn(c, 'OTHER')).toMatchObject({ name: 'C', type: 'Read-Only Reporting' });
  });
});
