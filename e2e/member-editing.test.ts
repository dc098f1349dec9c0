import { describe, expect, it } from 'vitest';
import { runCommand } from '../engine/cli/program.ts';
import { anyFreePort } from '../engine/instance/host.ts';
import { asyncOf, inStep, membershipOf, refusalOf, times, view } from './asyncs-support.ts';
import { Acknowledged, sameDatabases, set } from './support/acknowledged.ts';
import type { TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { stopAgent } from './stop-agent.ts';
import { until } from './support/until.ts';

/** Addresses of members, the own superserver port, and settings that a mirror keeps. */

/** The private address of a member, as another one's durable record has it. */
function privateAddressIn(by: TestMember, name: string): string {
  return membershipOf(by).members.find((m) => m.name === name)?.privateAddress ?? '';
}

function knows(by: TestMember, name: string, address: string): Promise<unknown> {
  return until(
    `${by.name} knows ${name} at ${address}`,
    async () => privateAddressIn(by, name) === address,
    () => privateAddressIn(by, name),
  );
}

describe('addresses edited on the primary', () => {
  it('are known to all connected members at once; links to the primary are made anew under load, and nothing acknowledged is lost', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 200);
    const [backups, asyncs] = [times(a, 'BACKUP_CONNECTED'), times(a, 'ASYNC_CONNECTED')];
    await a.call('mirror.edit', { member: 'A', privateAddress: 'localhost', superserverAddress: 'localhost' });
    for (const member of [b, c]) await knows(member, 'A', `localhost:${a.port}`);
    await pair.ready();
    expect(times(a, 'BACKUP_CONNECTED')).toBe(backups + 1);
    await until('the async has connected anew', async () => times(a, 'ASYNC_CONNECTED') > asyncs);
    expect((await view(b, 'A')).privateAddress).toBe(`localhost:${a.port}`);
    // Nobody is connected to the others by their addresses: no link is made anew.
    await a.call('mirror.edit', { member: 'C', privateAddress: 'localhost', agentAddress: 'localhost:4' });
    await knows(b, 'C', `localhost:${c.port}`);
    await pair.ready();
    expect(times(a, 'BACKUP_CONNECTED')).toBe(backups + 1);
    await written.more(200);
    await a.kill();
    await written.cut();
    await b.sees({ B: 'Primary' });
    await written.verify(b);
    await a.start();
    await b.sees({ A: 'Backup' });
    await sameDatabases(pair, c);
  });

  it('are known to a member that was away when it comes back', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    await b.stop();
    await c.stop();
    await a.call('mirror.edit', { member: 'B', superserverAddress: 'localhost' });
    await b.start();
    await c.start();
    await pair.ready();
    await inStep(c, a);
    for (const member of [b, c]) expect(membershipOf(member).members).toEqual(membershipOf(a).members);
  });

  it('are refused where they make no sense, each with its condition', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const of = async (member: TestMember, params: Parameters<typeof member.call<'mirror.edit'>>[1]) =>
      (await refusalOf(member.call('mirror.edit', params))).condition?.code;
    expect(await of(b, { member: 'A', privateAddress: 'localhost' })).toBe('ADDRESSES_FROM_PRIMARY');
    expect(await of(c, { member: 'A', privateAddress: 'localhost' })).toBe('ADDRESSES_FROM_PRIMARY');
    expect(await of(a, { member: 'B', privateAddress: '127.0.0.1:1' })).toBe('PORT_IS_LOCAL');
    expect(await of(a, { member: 'NOBODY', privateAddress: 'localhost' })).toBe('MEMBER_UNKNOWN');
    expect(await of(c, { qosMs: 3000 })).toBe('NOT_PRIMARY');
    expect(await of(a, { vip: '127.0.0.5/8', vipInterface: 'lo' })).toBe('VIP_NOT_USABLE');
    expect(await of(a, { vip: '10.255.3.9/24', vipInterface: 'none-such' })).toBe('VIP_NO_INTERFACE');
    await b.call('mirror.stop', {});
    await b.sees({ B: 'Stopped' });
    expect(await of(b, { member: 'B', privateAddress: '127.0.0.1:1' })).toBe('PORT_IS_LOCAL');
    expect(membershipOf(a).version).toBe(membershipOf(c).version);
  });
});

describe('the own superserver port', () => {
  it('is changed on the member itself while it is connected; the primary tells everybody, and no restart is needed', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 100);
    for (const member of [b, c, a]) {
      const port = await anyFreePort();
      const { message } = await member.call('mirror.edit', { superserverPort: port });
      expect(message).toMatch(/no restart is needed\. The other members have been told/);
      for (const by of [a, b, c]) await knows(by, member.name, `127.0.0.1:${port}`);
      member.port = port;
    }
    await pair.ready();
    await written.more(100);
    await written.stop();
    await a.stop();
    await a.start();
    await b.sees({ A: 'Backup', B: 'Primary' });
    await written.verify(b);
    expect(await set(b, 'x', '1')).toBe('OK');
    await inStep(c, b);
    await sameDatabases(pair, c);
  });

  it('that was changed while the primary could not be told is told when it can be', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await b.call('mirror.stop', {});
    await b.sees({ B: 'Stopped' });
    const port = await anyFreePort();
    const { message } = await b.call('mirror.edit', { superserverPort: port });
    expect(message).toContain('are told as soon as');
    await b.kill();
    b.port = port;
    await b.start();
    await b.call('mirror.start', {});
    await pair.ready();
    for (const by of [a, b]) await knows(by, 'B', `127.0.0.1:${port}`);
  });

  it('is refused when somebody else has it; nothing is changed', async () => {
    const { a, b } = await pairOfTest();
    expect((await refusalOf(a.call('mirror.edit', { superserverPort: b.port }))).code).toBe('PORT_IN_USE');
    expect(privateAddressIn(a, 'A')).toBe(`127.0.0.1:${a.port}`);
    expect(await set(a, 'x', '1')).toBe('OK');
  });
});

describe('addresses corrected on a member that follows no primary', () => {
  it('let it find a primary that has moved meanwhile, and the primary’s own values win', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await b.stop();
    await c.stop();
    const port = await anyFreePort();
    await a.call('mirror.edit', { superserverPort: port });
    a.port = port;
    // From now on nobody is at the old port, and no agent tells of the new one.
    await a.stop();
    await a.start();
    await a.sees({ A: 'Primary' });
    await stopAgent(a.home);
    await b.start();
    await c.start();
    await until('B looks for the primary', async () => (await view(b, 'B')).status === 'Waiting');
    await until('C looks for the primary', async () => (await view(c, 'C')).status === 'Transition');
    expect((await refusalOf(c.call('mirror.edit', { member: 'C', privateAddress: 'localhost' }))).condition?.code).toBe(
      'ADDRESSES_NOT_USED_HERE',
    );
    for (const member of [b, c]) {
      const { message } = await member.call('mirror.edit', {
        member: 'A',
        privateAddress: `localhost:${port}`,
        superserverAddress: `localhost:${port}`,
      });
      expect(message).toContain('for this member only');
    }
    await a.startAgent();
    await a.sees({ A: 'Primary', B: 'Backup' });
    await inStep(c, a);
    for (const member of [b, c]) await knows(member, 'A', `127.0.0.1:${port}`);
    expect(membershipOf(b)).toEqual(membershipOf(a));
  });

  it('on a failover member, become the mirror’s when it becomes primary', async () => {
    const { a, b } = await pairOfTest({ arbiter: false });
    await stopAgent(a.home);
    await a.kill();
    await b.sees({ B: 'Waiting' });
    await a.startAgent();
    await b.call('mirror.edit', { member: 'B', superserverAddress: 'localhost' });
    await b.call('mirror.edit', { member: 'A', agentAddress: a.agentAddress });
    await b.sees({ B: 'Primary' });
    await a.start();
    await b.sees({ A: 'Backup', B: 'Primary' });
    expect((await view(a, 'B')).superserverAddress).toBe(`localhost:${b.port}`);
  });
});

it('parallel dejournaling is kept, shown on every member, and changed by the command line', async () => {
  const { a, b } = await pairOfTest({ arbiter: false });
  expect((await a.status())?.parallelDejournaling).toBe('failover+dr');
  const out: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void out.push(text), interactive: false };
  const code = await runCommand(['mirror', 'edit', 'A', '--parallel-dejournaling', 'all', '--json'], { home: a.home, terminal });
  expect({ code, out: out.join('') }).toEqual({ code: 0, out: expect.stringContaining('parallel dejournaling: all') });
  await until('the backup knows it', async () => (await b.status())?.parallelDejournaling === 'all');
});
