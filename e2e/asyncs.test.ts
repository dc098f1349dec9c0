import { describe, expect, it } from 'vitest';
import type { InstanceMethods, Params } from '../engine/api/contract.ts';
import { instancePaths } from '../engine/instance/host.ts';
import { realFiles } from '../engine/io/index.ts';
import { readRecords } from '../engine/mirror/index.ts';
import { asyncOf, getIn, goOn, inStep, joinAs, madeUp, newInstance, refusalOf, setIn, times, view } from './asyncs-support.ts';
import { Acknowledged, get, sameDatabases, sameIn, set } from './support/acknowledged.ts';
import type { TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

/** The member's durable record: its place in the mirror, and what it must not forget. */
function record(member: TestMember): unknown {
  return readRecords(realFiles, instancePaths(member.directory).mgr);
}

async function typesSeenBy(member: TestMember): Promise<Record<string, string>> {
  return Object.fromEntries(((await member.status())?.members ?? []).map(({ name, type }) => [name, type]));
}

describe('async members that join', () => {
  it('through the primary and through the backup are connected, caught up, and shown with their types on every member', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await set(a, 'before', '1');
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await asyncOf(pair, 'D', 'reporting-ro', { through: b });
    const failover = { A: 'Failover', B: 'Failover' };
    const [dr, reporting] = ['Disaster Recovery', 'Read-Only Reporting'];
    for (const member of [a, b]) {
      await member.sees({ A: 'Primary', B: 'Backup', C: 'Connected', D: 'Connected' });
      expect(await typesSeenBy(member)).toEqual({ ...failover, C: dr, D: reporting });
    }
    await c.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
    expect(await typesSeenBy(c)).toEqual({ ...failover, C: dr });
    await d.sees({ A: 'Primary', B: 'Backup', D: 'Connected' });
    expect(await typesSeenBy(d)).toEqual({ ...failover, D: reporting });
    await set(a, 'after', '1');
    await sameDatabases(pair, c, d);
    for (const name of ['C', 'D'])
      await until(`the primary shows ${name} caught up`, async () => {
        const { journalTransfer, dejournaling } = await view(a, name);
        return journalTransfer === 'Caught up' && dejournaling === 'Caught up';
      });
    for (const member of [c, d]) expect([await get(member, 'before'), await get(member, 'after')]).toEqual(['1', '1']);
  });
});

describe('a primary that is killed under load', () => {
  it.each(['dr', 'reporting-ro'] as const)(
    'is left by its async (%s), which follows the new one with everything acknowledged',
    async (as) => {
      const pair = await pairOfTest();
      const { a, b, ready } = pair;
      const c = await asyncOf(pair, 'C', as);
      const written = await Acknowledged.by(a, 500);
      await a.kill();
      await written.cut();
      await c.sees({ B: 'Primary', C: 'Connected' });
      await written.start(b);
      await written.more(200);
      await a.start();
      await ready(b);
      await written.stop();
      await sameDatabases(pair, c);
      await written.verify(c);
      expect(c.messages()).not.toContain('TAIL_DROPPED');
      expect(times(c, 'ASYNC_FOLLOWS')).toBeGreaterThanOrEqual(2);
    },
  );
});

describe('a switch over', () => {
  it('there and back takes the async along', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await a.call('mirror.switchOver', {});
    await ready(b);
    await c.sees({ B: 'Primary', A: 'Backup', C: 'Connected' });
    expect(await set(b, 'x', 'of b')).toBe('OK');
    await b.call('mirror.switchOver', {});
    await ready(a);
    await c.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
    expect(await set(a, 'y', 'of a')).toBe('OK');
    await sameDatabases(pair, c);
    expect([await get(c, 'x'), await get(c, 'y')]).toEqual(['of b', 'of a']);
  });
});

describe('an async under load', () => {
  it('that is killed is waited for by nobody, and catches up when it is back', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 500);
    await c.kill();
    await written.more(1000);
    await a.sees({ A: 'Primary', B: 'Backup', C: 'Down' });
    expect((await view(a, 'C')).journalTransfer).toMatch(/^Disconnected on /);
    const before = times(c, 'ASYNC_CAUGHT_UP');
    await c.start();
    await written.more(500);
    await inStep(c, a);
    expect(times(c, 'ASYNC_CAUGHT_UP')).toBe(before + 1);
    await a.sees({ C: 'Connected' });
    await written.stop();
    await sameDatabases(pair, c);
    await written.verify(c);
  });

  it('that stands still beyond the QoS timeout is waited for by nobody, and catches up when it goes on', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    const written = await Acknowledged.by(a, 200);
    const pid = c.pid();
    process.kill(pid, 'SIGSTOP');
    await written.more(500);
    // It is given up after three quarters of the timeout: until then, and from then on, writes go on.
    await a.sees({ A: 'Primary', B: 'Backup', C: 'Down' });
    await written.more(500);
    expect((await a.status())?.arbiter.failoverMode).toBe('Arbiter Controlled');
    process.kill(pid, 'SIGCONT');
    await a.sees({ C: 'Connected' });
    await written.stop();
    await inStep(c, a);
    await sameDatabases(pair, c);
    await written.verify(c);
    expect(c.pid()).toBe(pid);
  });
});

describe('what an async refuses', () => {
  it.each(['dr', 'reporting-ro'] as const)('updates, and what is for failover members (%s): nothing is changed', async (as) => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', as);
    expect(await set(c, 'x', '1')).toBe('PROTECT');
    const before = [record(a), record(pair.b), record(c)];
    const commands: { [K in keyof InstanceMethods & string]?: Params<InstanceMethods, K> } = {
      'mirror.switchOver': {},
      'mirror.setNoFailover': {},
      'mirror.clearNoFailover': {},
      'mirror.tryPrimary': {},
      'mirror.forcePrimary': { confirmed: true },
      'mirror.resumePrimary': { otherIsDown: true, otherNeverBecamePrimary: true, otherHasNoNewerJournalFile: true },
      'mirror.whatIf': {},
      'mirror.admit': { mirror: 'TEST', member: madeUp('E', 'Read-Only Reporting') },
    };
    for (const [method, params] of Object.entries(commands)) {
      const { code, message } = await refusalOf(c.call(method as 'mirror.edit', params as Params<InstanceMethods, 'mirror.edit'>));
      expect([method, code]).toEqual([method, 'REFUSED']);
      expect(message).toContain('This instance is an async member of the mirror TEST');
      expect(message).toContain('that is for failover members');
    }
    const { code, condition } = await refusalOf(c.call('mirror.edit', { qosMs: 4000 }));
    expect([code, condition?.code]).toEqual(['REFUSED', 'NOT_PRIMARY']);
    expect([record(a), record(pair.b), record(c)]).toEqual(before);
    await a.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
    expect((await a.status())?.noFailover).toBe(false);
    expect(await set(a, 'x', '2')).toBe('OK');
    await sameDatabases(pair, c);
    expect(await get(c, 'x')).toBe('2');
  });
});

describe('mirroring that is stopped on an async', () => {
  it.each(['dr', 'reporting-ro'] as const)('stays stopped over a restart, and starts again (%s)', async (as) => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', as);
    await c.call('mirror.stop', {});
    expect((await view(c, 'C')).status).toBe('Stopped');
    await a.sees({ A: 'Primary', B: 'Backup', C: 'Down' });
    expect((await refusalOf(c.call('mirror.stop', {}))).message).toContain('stopped on this member already');
    await c.stop();
    await c.start();
    expect((await view(c, 'C')).status).toBe('Stopped');
    expect(await set(a, 'meanwhile', '1')).toBe('OK');
    expect((await c.call('instance.status', {})).mirrors).toEqual([{ mirror: 'TEST', type: await ownType(c), status: 'Stopped' }]);
    expect(await get(c, 'meanwhile')).toBe('null');
    await c.call('mirror.start', {});
    await c.sees({ C: 'Connected' });
    await a.sees({ C: 'Connected' });
    await sameDatabases(pair, c);
    expect(await get(c, 'meanwhile')).toBe('1');
  });
});

async function ownType(member: TestMember): Promise<string> {
  return (await view(member, member.name)).type;
}

describe('who may join', () => {
  it('at most 14 asyncs beside two failover members; those that nobody has heard of are shown as down', async () => {
    const { a, b } = await pairOfTest();
    const admit = (name: string, type: Parameters<typeof madeUp>[1]) =>
      a.call('mirror.admit', { mirror: 'TEST', member: madeUp(name, type) });
    expect((await refusalOf(admit('C', 'Failover'))).message).toContain('two failover members already');
    const names = Array.from({ length: 14 }, (_, n) => `M${n}`);
    for (const [n, name] of names.entries()) await admit(name, n % 2 === 0 ? 'Disaster Recovery' : 'Read-Only Reporting');
    expect((await refusalOf(admit('M14', 'Read-Only Reporting'))).message).toContain('16 members already');
    const taken = await refusalOf(admit('M3', 'Read-Only Reporting'));
    expect(taken.code).toBe('REFUSED');
    for (const member of [a, b])
      await member.sees({ A: 'Primary', B: 'Backup', ...Object.fromEntries(names.map((name) => [name, 'Down'])) });
    expect((await a.status())?.members).toHaveLength(16);
    expect(await set(a, 'x', '1')).toBe('OK');
  });

  it('nobody under a name that is taken', async () => {
    const pair = await pairOfTest();
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await newInstance(pair, 'D');
    for (const member of ['A', 'B', 'C']) {
      const join = d.call('mirror.join', { mirror: 'TEST', as: 'reporting-ro', member, agent: pair.a.agentAddress, via: 'A' });
      expect((await refusalOf(join)).code).toBe('EXISTS');
    }
    expect((await d.call('instance.status', {})).mirrors).toEqual([]);
    expect(await joinAs(pair, d, 'reporting-ro')).toBe('This instance has joined the mirror TEST as read-only reporting member D.');
    await pair.a.sees({ C: 'Connected', D: 'Connected' });
    expect(await typesSeenBy(c)).toEqual({ A: 'Failover', B: 'Failover', C: 'Disaster Recovery' });
  });

  it('a disaster recovery member only with a running agent; a reporting member is warned', async () => {
    const pair = await pairOfTest();
    const c = await newInstance(pair, 'C', { agent: false });
    const { code, message } = await refusalOf(joinAs(pair, c, 'dr'));
    expect([code, message]).toEqual(['REFUSED', expect.stringContaining('agent is not running; a disaster recovery member needs it')]);
    expect(await typesSeenBy(pair.a)).toEqual({ A: 'Failover', B: 'Failover' });
    expect(await joinAs(pair, c, 'reporting-ro')).toContain('Its host has no agent that runs');
    await pair.a.sees({ C: 'Connected' });
  });

  it('nobody on the host of the arbiter who may ever be primary; a reporting member may', async () => {
    const { a, b, ready } = await pairOfTest({ arbiter: false });
    // Addresses for documentation: nobody is there.
    const [ofDr, ofReporting, ofNobody] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    const admit = (name: string, type: Parameters<typeof madeUp>[1], host: string) =>
      a.call('mirror.admit', { mirror: 'TEST', member: madeUp(name, type, host) });
    const arbiterOn = (host: string) => a.call('mirror.edit', { arbiter: `${host}:2188`, arbiterOnMemberHost: false });
    await admit('C', 'Disaster Recovery', ofDr);
    await admit('D', 'Read-Only Reporting', ofReporting);
    const { condition } = await refusalOf(arbiterOn(ofDr));
    expect(condition).toMatchObject({ code: 'ARBITER_ON_MEMBER_HOST', facts: { member: 'C' } });
    expect((await a.status())?.arbiter.address).toBeNull();
    await arbiterOn(ofReporting);
    for (const member of [a, b])
      await until(`${member.name} knows the arbiter`, async () => (await member.status())?.arbiter.address === `${ofReporting}|2188`);
    const late = await refusalOf(admit('E', 'Disaster Recovery', ofReporting));
    expect(late.condition).toMatchObject({ code: 'ARBITER_ON_MEMBER_HOST', facts: { member: 'E' } });
    await admit('E', 'Read-Only Reporting', ofReporting);
    await admit('F', 'Disaster Recovery', ofNobody);
    expect(Object.keys(await typesSeenBy(a))).toEqual(['A', 'B', 'C', 'D', 'E', 'F']);
    await ready(a);
  });
});

describe('databases of an async', () => {
  it('that a disaster recovery member lacks are listed; made there later they catch up from the journal', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'MORE'] });
    await setIn(pair.a, 'MORE', 'before', '1');
    const c = await asyncOf(pair, 'C', 'dr');
    expect((await c.status())?.missingDatabases).toEqual(['MORE']);
    await until('the primary knows that it has everything', async () => (await view(pair.a, 'C')).dejournaling === 'Caught up');
    await setIn(pair.a, 'MORE', 'between', '2');
    await set(pair.a, 'x', '2');
    await until('it has the newest', async () => (await get(c, 'x')) === '2');
    await c.call('db.create', { name: 'MORE', mirrored: true });
    expect((await c.status())?.missingDatabases).toEqual([]);
    await setIn(pair.a, 'MORE', 'after', '3');
    await sameDatabases(pair, c);
    await sameIn('MORE', [pair.a, pair.b, c]);
    expect(await Promise.all(['before', 'between', 'after'].map((name) => getIn(c, 'MORE', name)))).toEqual(['1', '2', '3']);
    await c.kill();
    await c.start();
    await inStep(c, pair.a);
    await sameIn('MORE', [pair.a, pair.b, c]);
  });

  it('of a reporting member may be a part; one that the primary makes later is listed on the disaster recovery member alone', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'MORE'] });
    const c = await asyncOf(pair, 'C', 'dr', { databases: ['DB', 'MORE'] });
    const d = await asyncOf(pair, 'D', 'reporting-ro', { databases: ['MORE'] });
    const missing = async () => [(await c.status())?.missingDatabases, (await d.status())?.missingDatabases];
    expect(await missing()).toEqual([[], []]);
    await pair.a.call('db.create', { name: 'NEW', mirrored: true });
    await pair.b.call('db.create', { name: 'NEW', mirrored: true });
    await until('the disaster recovery member lists it', async () => (await c.status())?.missingDatabases.includes('NEW'));
    expect(await missing()).toEqual([['NEW'], []]);
    await setIn(pair.a, 'NEW', 'x', '1');
    for (const member of [c, d]) {
      await member.call('db.create', { name: 'NEW', mirrored: true });
      await until(`${member.name} has it`, async () => (await getIn(member, 'NEW', 'x')) === '1');
    }
    const unknown = await refusalOf(d.call('db.create', { name: 'OWN', mirrored: true }));
    expect(unknown.message).toContain('has no database OWN');
    await sameIn('MORE', [pair.a, pair.b, c, d]);
    await sameIn('NEW', [pair.a, pair.b, c, d]);
  });
});

describe('what is not durable in the mirror', () => {
  it('reaches no async: with the backup standing still it has less than the primary, and follows the backup that takes over', async () => {
    // Without an arbiter the primary is in trouble for twice the timeout before it goes on alone.
    const pair = await pairOfTest({ arbiter: false, qosMs: 4000 });
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await set(a, 'before', '1');
    await sameDatabases(pair, c);
    const durable = await until('it has all that the primary wrote', async () => {
      const [written, { position }] = [(await view(a, 'A')).position, await view(c, 'C')];
      return written?.offset === position?.offset && position;
    });
    process.kill(b.pid(), 'SIGSTOP');
    const waiting = set(a, 'waiting', '1').then(String, () => 'lost');
    await until('the block is written on the primary', async () => (await view(a, 'A')).position?.offset !== durable?.offset);
    // Said by the primary after it wrote the block: what it would send wrongly has been sent.
    await c.sees({ A: 'In Trouble', C: 'Connected' });
    expect((await view(c, 'C')).position).toEqual(durable);
    expect((await view(a, 'C')).position).toEqual(durable);
    expect(await get(c, 'waiting')).toBe('null');
    await a.kill();
    expect(await waiting).toBe('lost');
    process.kill(b.pid(), 'SIGCONT');
    await c.sees({ B: 'Primary', C: 'Connected' });
    expect(await set(b, 'after', '1')).toBe('OK');
    await a.start();
    await ready(b);
    await sameDatabases(pair, c);
    expect([await get(c, 'before'), await get(c, 'after')]).toEqual(['1', '1']);
    expect(c.messages()).not.toContain('TAIL_DROPPED');
  });

  it('reaches no async of a primary that stood still until it was replaced', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    const written = await Acknowledged.by(a, 200);
    const pid = a.pid();
    process.kill(pid, 'SIGSTOP');
    await c.sees({ B: 'Primary', C: 'Connected' });
    expect(await set(b, 'after', '1')).toBe('OK');
    goOn(pid);
    await written.cut();
    await until('the former primary has ended', () => Promise.resolve(!a.running));
    await a.start();
    await ready(b);
    await sameDatabases(pair, c);
    await written.verify(c);
    expect(c.messages()).not.toContain('TAIL_DROPPED');
  });
});
