import { describe, expect, it } from 'vitest';
import { asyncOf, goOn, inStep, membershipOf, refusalOf, view } from './asyncs-support.ts';
import { Acknowledged, get, sameDatabases, set } from './support/acknowledged.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

/** Promotion and demotion while a primary operates, and members that were away meanwhile. */

describe('a promotion while the primary operates', () => {
  it('makes the async the backup and the backup an async, under load, and a failover then goes to the promoted one', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 200);
    await c.call('mirror.promote', {});
    await a.sees({ A: 'Primary', B: 'Connected', C: 'Backup' });
    await until('the new backup is active', async () => (await view(a, 'C')).journalTransfer === 'Active');
    expect([(await view(a, 'B')).type, (await view(c, 'C')).type]).toEqual(['Disaster Recovery', 'Failover']);
    await written.more(200);
    await a.kill();
    await written.cut();
    await c.sees({ C: 'Primary' });
    await b.sees({ C: 'Primary', B: 'Connected' });
    await written.verify(c);
    await a.start();
    await c.sees({ A: 'Backup', C: 'Primary' });
    await sameDatabases(pair, c);
    await written.verify(b);
  });

  it('is refused to a reporting member, to one that lacks a database, and without a primary; the types stay as they are', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await asyncOf(pair, 'D', 'reporting-ro');
    expect((await refusalOf(d.call('mirror.promote', {}))).message).toMatch(/only disaster recovery members are promoted/);
    expect((await refusalOf(a.call('mirror.promote', {}))).message).toMatch(/failover member already/);
    for (const member of [a, b]) await member.call('db.create', { name: 'MORE', mirrored: true });
    expect((await refusalOf(c.call('mirror.promote', {}))).message).toMatch(/lacks mirrored databases: MORE/);
    await c.call('db.create', { name: 'MORE', mirrored: true });
    await a.stop({ nofailover: true });
    await until('the async has lost the primary', async () => (await view(c, 'C')).status !== 'Connected');
    expect((await refusalOf(c.call('mirror.promote', {}))).message).toMatch(/not connected to an operating primary/);
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
  });

  it('is refused to one that does not reach the primary at its private address, with what it can be promoted to', async () => {
    const pair = await pairOfTest();
    const c = await asyncOf(pair, 'C', 'dr');
    // Nothing listens there; the async finds it by its superserver address.
    const nowhere = `127.0.0.2:${pair.a.port}`;
    await pair.a.call('mirror.edit', { member: 'A', privateAddress: nowhere });
    await c.sees({ A: 'Primary', C: 'Connected' });
    await until('C knows the address', async () => membershipOf(c).members.some((m) => m.privateAddress === nowhere));
    await inStep(c, pair.a);
    const { what, todo } = await refusalOf(c.call('mirror.promote', {}));
    expect(what).toContain(nowhere);
    expect(todo).toContain('promoted to be primary');
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
    expect(await set(pair.a, 'works', '1')).toBe('OK');
  });

  it('ends at once when the primary is lost before it answers, and says that it may have been made', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const pid = a.pid();
    process.kill(pid, 'SIGSTOP');
    const asked = performance.now();
    const { code, safe, todo } = await refusalOf(c.call('mirror.promote', {}));
    expect(performance.now() - asked).toBeLessThan(15_000);
    expect([code, safe, todo]).toEqual([
      'UNREACHABLE',
      expect.stringContaining('may still have been done'),
      expect.stringContaining('gemel mirror status'),
    ]);
    await c.sees({ B: 'Primary', C: 'Connected' });
    goOn(pid);
    expect(await set(b, 'works', '1')).toBe('OK');
  });

  it('there and back again leaves the roles as they were', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await c.call('mirror.promote', {});
    await a.sees({ B: 'Connected', C: 'Backup' });
    await inStep(b, a);
    await b.call('mirror.promote', {});
    await a.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
    await set(a, 'x', '1');
    await sameDatabases(pair, c);
  });
});

describe('a demotion', () => {
  it('of the backup, asked there, leaves the mirror with one failover member, which becomes primary again by itself', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await b.call('mirror.demote', {});
    await a.sees({ A: 'Primary', B: 'Connected' });
    expect((await view(b, 'B')).type).toBe('Disaster Recovery');
    await a.stop();
    await a.start();
    await b.sees({ A: 'Primary', B: 'Connected' });
    expect(await set(a, 'x', '1')).toBe('OK');
    await inStep(b, a);
    await b.call('mirror.promote', {});
    await a.sees({ A: 'Primary', B: 'Backup' });
    await sameDatabases(pair);
  });

  it('of the other failover member, asked on the primary, is refused when there is none', async () => {
    const { a, b } = await pairOfTest();
    await a.call('mirror.demote', {});
    await b.sees({ A: 'Primary', B: 'Connected' });
    expect((await refusalOf(a.call('mirror.demote', {}))).message).toMatch(/no second failover member/);
  });
});

describe('an instance that is told to stop while it changes its type', () => {
  it.each(['at once', 'when it knows'] as const)('ends, and comes back as what it is by then (%s)', async (when) => {
    const { a, b } = await pairOfTest();
    const demoted = a.call('mirror.demote', {});
    if (when === 'when it knows') await until('it knows', async () => b.messages().includes('[DEMOTED]'));
    await b.stop();
    await demoted;
    await b.start();
    await b.sees({ A: 'Primary', B: 'Connected' });
    expect((await view(b, 'B')).type).toBe('Disaster Recovery');
  });
});

/** A mirror whose backup is down, and whose async was promoted in its place. */
async function promotedMeanwhile() {
  const pair = await pairOfTest();
  const { a, b } = pair;
  const c = await asyncOf(pair, 'C', 'dr');
  await b.kill();
  await until('the primary works alone', async () => (await set(a, 'alone', '1')) === 'OK');
  await c.call('mirror.promote', {});
  return { pair, a, b, c };
}

describe('a backup that was down while another one was promoted in its place', () => {
  it('learns its new role from the primary when it starts', async () => {
    const { pair, a, b, c } = await promotedMeanwhile();
    await a.sees({ A: 'Primary', C: 'Backup' });
    await b.start();
    await b.sees({ A: 'Primary', B: 'Connected' });
    expect((await view(b, 'B')).type).toBe('Disaster Recovery');
    await sameDatabases(pair, c);
  });

  it('does not become primary when the primary is gone, and learns its role from the promoted one', async () => {
    const { pair, a, b, c } = await promotedMeanwhile();
    await until('the promoted one is active', async () => (await view(a, 'C')).journalTransfer === 'Active');
    await set(a, 'last', 'words');
    await a.kill();
    await b.start();
    await c.sees({ C: 'Primary' });
    await b.sees({ B: 'Connected', C: 'Primary' });
    expect(b.messages()).not.toContain('[PRIMARY]');
    expect([(await view(b, 'B')).type, await get(c, 'last')]).toEqual(['Disaster Recovery', 'words']);
    await a.start();
    await c.sees({ A: 'Backup', C: 'Primary' });
    await sameDatabases(pair, c);
  });

  it('learns it from the agent of the primary that is down', async () => {
    const { a, b, c } = await promotedMeanwhile();
    await a.sees({ A: 'Primary', C: 'Backup' });
    await c.kill();
    await a.stop({ nofailover: true });
    await b.start();
    await until('it knows that it is an async', async () => (await view(b, 'B')).type === 'Disaster Recovery');
    expect(b.messages()).not.toContain('[PRIMARY]');
    await a.start();
    await b.sees({ A: 'Primary', B: 'Connected' });
  });
});
