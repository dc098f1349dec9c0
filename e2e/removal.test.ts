import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { instancePaths } from '../engine/instance/host.ts';
import { runCommand } from '../engine/cli/program.ts';
import { RespClient } from '../engine/cli/resp-client.ts';
import { asyncOf, getIn, joinAs, membershipOf, refusalOf, setIn, times, view } from './asyncs-support.ts';
import { get, sameDatabases, set } from './support/acknowledged.ts';
import type { TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

/** Members that are removed, leave, and come back; a mirror that ends. */

async function conditionOf(call: Promise<unknown>): Promise<string | undefined> {
  return (await refusalOf(call)).condition?.code;
}

/** Waits until an instance has found out that it is no member any more. */
function isOut(member: TestMember): Promise<unknown> {
  return until(`${member.name} knows that it is out`, () => outRefusal(member));
}

async function outRefusal(member: TestMember): Promise<boolean> {
  return member.call('mirror.status', {}).then(
    () => false,
    (error: { condition?: { code?: string } }) => error.condition?.code === 'REMOVED',
  );
}

async function databaseOf(member: TestMember) {
  return (await member.call('db.list', {})).find((each) => each.name === 'DB');
}

function mirrorFiles(member: TestMember): string[] {
  return fs.readdirSync(instancePaths(member.directory).journal).filter((name) => name.startsWith('MIRROR-'));
}

function hasRecord(member: TestMember): boolean {
  return fs.existsSync(path.join(instancePaths(member.directory).mgr, 'mirror-TEST.json'));
}

/** What the primary has sent may still be on its way when a member has all that it knows of. */
function arrived(member: TestMember, name: string, value: string): Promise<unknown> {
  return until(`${member.name} has ${name}`, async () => (await get(member, name)) === value);
}

/** The primary removes a member that is down, as soon as it works alone. */
async function removedAlone(primary: TestMember, name: string): Promise<void> {
  await until('the primary works alone', async () => (await set(primary, 'alone', '1')) === 'OK');
  await primary.call('mirror.removeMember', { member: name });
}

describe('a member that is removed by another one', () => {
  it('finds that out at once when it runs, and says so; the primary works on with the rest', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await asyncOf(pair, 'D', 'reporting-ro');
    expect(await conditionOf(c.call('mirror.removeMember', { member: 'D' }))).toBe('REMOVE_NOT_ALLOWED');
    expect(await conditionOf(b.call('mirror.removeMember', { member: 'A' }))).toBe('REMOVE_NOT_ALLOWED');
    expect(await conditionOf(a.call('mirror.removeMember', { member: 'A' }))).toBe('REMOVE_OWN');
    expect(await conditionOf(a.call('mirror.removeMember', { member: 'X' }))).toBe('MEMBER_UNKNOWN');
    expect(await conditionOf(a.call('mirror.remove', { databases: 'keep' }))).toBe('REMOVE_OTHERS_FIRST');
    // The backup, through the primary.
    await b.call('mirror.removeMember', { member: 'D' });
    await isOut(d);
    expect(times(d, 'REMOVED')).toBeGreaterThan(0);
    await a.call('mirror.removeMember', { member: 'B' });
    await isOut(b);
    expect(membershipOf(a).members.map((m) => m.name)).toEqual(['A', 'C']);
    expect(await set(a, 'after', '1')).toBe('OK');
    expect(await set(b, 'after', '2')).toBe('PROTECT');
    await arrived(c, 'after', '1');
    expect((await b.call('instance.status', {})).mirrors).toEqual([{ mirror: 'TEST', type: 'Failover', status: 'Stopped' }]);
    await b.stop();
    await b.start();
    expect(await outRefusal(b)).toBe(true);
    expect(await conditionOf(joinAs(pair, b, 'dr'))).toBe('REMOVED');
  });

  it.each(['dr', 'failover'] as const)('finds that out at its start when it was down, and serves nothing as a member (%s)', async (as) => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const gone = as === 'dr' ? await asyncOf(pair, 'C', 'dr') : b;
    await gone.kill();
    await removedAlone(a, gone.name);
    await gone.start();
    await isOut(gone);
    expect(gone.messages()).not.toMatch(/\[PRIMARY\].*\n[^]*\[REMOVED\]/);
    expect(await set(gone, 'x', '1')).toBe('PROTECT');
  });

  it('finds it out from the agent of the primary, which is down, and does not become primary', async () => {
    const { a, b } = await pairOfTest({ arbiter: false });
    await b.stop();
    await removedAlone(a, 'B');
    await a.stop({ nofailover: true });
    await b.start();
    await isOut(b);
    expect(await set(b, 'x', '1')).toBe('PROTECT');
    await a.start();
    await a.sees({ A: 'Primary' });
  });
});

describe('the mirror configuration is removed', () => {
  it('in order: asyncs, the backup, and the primary, which ends the mirror; a new one of the same name can be made', async () => {
    const pair = await pairOfTest();
    const { a, b, arbiterAddress } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await set(a, 'x', '1');
    await arrived(c, 'x', '1');
    expect((await c.call('mirror.remove', { databases: 'unmirror' })).message).toMatch(
      /no longer a member[^]*Ordinary databases from now on: DB/,
    );
    expect([hasRecord(c), mirrorFiles(c).length > 0]).toEqual([false, true]);
    expect([await set(c, 'y', 'own'), await get(c, 'x')]).toEqual(['OK', '1']);
    expect(await conditionOf(a.call('mirror.remove', { databases: 'keep' }))).toBe('REMOVE_OTHERS_FIRST');
    expect((await b.call('mirror.remove', { databases: 'keep' })).message).toMatch(/Still mirrored, and read-only: DB/);
    expect([await set(b, 'y', 'own'), await get(b, 'x')]).toEqual(['PROTECT', '1']);
    await set(a, 'z', 'last');
    expect((await a.call('mirror.remove', { databases: 'unmirror' })).message).toMatch(/The mirror TEST has ended/);
    expect([await set(a, 'y', 'own'), await get(a, 'x'), await get(a, 'z')]).toEqual(['OK', '1', 'last']);
    for (const member of [a, b, c]) {
      await member.kill();
      await member.start();
      expect((await member.call('instance.status', {})).mirrors).toEqual([]);
    }
    expect([await get(a, 'y'), await get(c, 'y'), await get(b, 'y')]).toEqual(['own', 'own', 'null']);
    expect(await databaseOf(b)).toMatchObject({ mirrored: true, readOnly: true, retained: true });
    // Kept without a mirror to come back to: an ordinary one after all.
    await b.call('mirror.remove', { databases: 'unmirror' });
    expect(await set(b, 'y', 'own')).toBe('OK');
    await a.call('mirror.create', {
      name: 'TEST',
      member: 'A',
      agentAddress: a.agentAddress,
      arbiter: arbiterAddress ?? '',
      arbiterOnMemberHost: true,
    });
    await a.sees({ A: 'Primary' });
    expect(a.messages()).toContain('[FORMER_JOURNAL_MOVED]');
    await a.call('db.create', { name: 'NEW', mirrored: true });
    await setIn(a, 'NEW', 'x', '1');
    expect(await getIn(a, 'NEW', 'x')).toBe('1');
  });

  it('keeps the databases for a member that joins again under its name: read-only, to be activated', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await c.call('mirror.remove', { databases: 'keep' });
    await set(a, 'later', '1');
    await joinAs(pair, c, 'dr');
    await c.sees({ C: 'Connected' });
    expect((await c.status())?.databases).toMatchObject([{ name: 'DB', status: 'Needs Activation' }]);
    expect((await view(c, 'C')).dejournaling).toBe('Warning! Some databases need attention.');
    expect(await set(c, 'y', 'own')).toBe('PROTECT');
    await sameDatabases({ a, b });
    expect(await get(c, 'later')).not.toBe('1');
  });

  it('is refused to a failover member that is cut off, until mirroring is stopped on it; and without the choice', async () => {
    const { a, b } = await pairOfTest({ arbiter: false });
    const terminal = { out: () => undefined, err: () => undefined, interactive: false };
    expect(await runCommand(['mirror', 'remove', 'B'], { home: b.home, terminal })).toBe(2);
    expect(await runCommand(['mirror', 'remove', 'B', '--keep-mirrored', '--unmirror'], { home: b.home, terminal })).toBe(2);
    await a.stop({ nofailover: true });
    await b.sees({ B: 'Waiting' });
    expect(await conditionOf(b.call('mirror.remove', { databases: 'keep' }))).toBe('REMOVE_NOT_CONNECTED');
    await b.call('mirror.stop', {});
    expect(await runCommand(['mirror', 'remove', 'B', '--keep-mirrored', '--json'], { home: b.home, terminal })).toBe(0);
    await a.start();
    await until('the primary, which does not know it, waits or works', async () => (await a.status()) !== undefined);
  });

  it('undoes what transactions had open where the copy stands', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const client = await RespClient.connect('127.0.0.1', a.port);
    await client.command('GSET', '^|"DB"|t', 'before');
    await client.command('TSTART');
    await client.command('GSET', '^|"DB"|t', 'open');
    await client.command('GSET', '^|"DB"|u', 'open');
    await set(a, 'pushed', '1');
    await until('the copy shows it', async () => (await getIn(c, 'DB', 'u')) === 'open');
    await c.call('mirror.remove', { databases: 'unmirror' });
    expect([await getIn(c, 'DB', 't'), await getIn(c, 'DB', 'u')]).toEqual(['before', null]);
    // The last member's clients are let go, and what they had open is rolled back.
    await a.call('mirror.removeMember', { member: 'B' });
    await a.call('mirror.remove', { databases: 'unmirror' });
    expect([await getIn(a, 'DB', 't'), await getIn(a, 'DB', 'u')]).toEqual(['before', null]);
    client.close();
  });
});

/** What is on the disk at each step of a removal. */
const steps = {
  'when it is asked for': () => true,
  'when it is noted': (member: TestMember) => fs.existsSync(path.join(instancePaths(member.directory).mgr, 'removal-TEST.json')),
  'when the record says it': (member: TestMember) =>
    !hasRecord(member) || membershipOf(member).members.every((m) => m.name !== member.name),
  'when the record is gone': (member: TestMember) => !hasRecord(member),
} as const;

describe.each(['async', 'last member'] as const)('a removal whose instance (%s) is killed', (which) => {
  it.each(Object.keys(steps) as (keyof typeof steps)[])('%s leaves it a member or cleanly out, with whole databases', async (step) => {
    const pair = await pairOfTest({ arbiter: false, second: which === 'async' });
    const { a } = pair;
    const leaving = which === 'async' ? await asyncOf(pair, 'C', 'dr') : a;
    await set(a, 'x', '1');
    await arrived(leaving, 'x', '1');
    const asked = leaving.call('mirror.remove', { databases: 'unmirror' }).catch(() => undefined);
    while (!steps[step](leaving)) await new Promise(setImmediate);
    await leaving.kill();
    await asked;
    await leaving.start();
    if (hasRecord(leaving)) {
      const isMember = membershipOf(a).members.some((m) => m.name === leaving.name);
      if (!isMember) await isOut(leaving);
      else await leaving.sees({ [leaving.name]: which === 'async' ? 'Connected' : 'Primary' });
      await leaving.call('mirror.remove', { databases: 'unmirror' });
    }
    expect(hasRecord(leaving)).toBe(false);
    expect((await leaving.call('db.verify', { name: 'DB' })).sound).toBe(true);
    expect([await get(leaving, 'x'), await set(leaving, 'y', 'own')]).toEqual(['1', 'OK']);
    await leaving.kill();
    await leaving.start();
    expect([await get(leaving, 'x'), await get(leaving, 'y')]).toEqual(['1', 'own']);
  });
});
