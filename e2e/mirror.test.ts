import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RespClient } from '../engine/cli/resp-client.ts';
import { instancePaths } from '../engine/instance/host.ts';
import { errorCode } from '../engine/io/error-code.ts';
import { controlFrame, MAGIC } from '../engine/mirror/wire.ts';
import { membershipOf, view } from './asyncs-support.ts';
import { Acknowledged, get, sameDatabases, set } from './support/acknowledged.ts';
import { startTestAgent, TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { stopAgent } from './stop-agent.ts';
import { until } from './support/until.ts';

/** Side files of journal data that never became durable. */
function divergedFiles(member: TestMember): string[] {
  return fs
    .readdirSync(instancePaths(member.directory).journal, { recursive: true })
    .map(String)
    .filter((name) => name.includes('.diverged'));
}

describe('a mirrored database', () => {
  const known = (member: TestMember): string[] => membershipOf(member).databases.map(({ name }) => name);

  it('is told to be made once the backup knows it, too', async () => {
    const { a, b, ready } = await pairOfTest({ qosMs: 3000 });
    for (const name of ['M1', 'M2', 'M3']) {
      await a.call('db.create', { name, mirrored: true });
      expect(known(b)).toContain(name);
    }
    const pid = b.pid();
    process.kill(pid, 'SIGSTOP');
    await a.call('db.create', { name: 'M4', mirrored: true });
    // It was waited for until it could not take over any more.
    expect((await view(a, 'B')).journalTransfer).not.toBe('Active');
    expect(known(b)).not.toContain('M4');
    process.kill(pid, 'SIGCONT');
    await ready();
    expect(known(b)).toContain('M4');
  });
});

describe('a primary that is killed', () => {
  it('loses nothing acknowledged; it comes back as backup, and both hold the same', async () => {
    const { a, b, ready } = await pairOfTest();
    const written = await Acknowledged.by(a, 500);
    await a.kill();
    await written.cut();
    await b.sees({ B: 'Primary' });
    await written.verify(b);
    await written.start(b);
    await written.more(200);
    await a.start();
    await ready(b);
    await written.stop();
    await sameDatabases({ a, b });
    await written.verify(a);
    expect(await set(a, 'x', '1')).toBe('PROTECT');
  });

  it('loses nothing though its backup stood still, and a block was under way', async () => {
    const { a, b, ready } = await pairOfTest();
    const written = await Acknowledged.by(a, 100);
    process.kill(b.pid(), 'SIGSTOP');
    // The block under way is written here and never acknowledged there: then the writers stand still.
    const before = journalBytes(a);
    await waitFor(() => journalBytes(a) !== before);
    await a.kill();
    await written.cut();
    process.kill(b.pid(), 'SIGCONT');
    await b.sees({ B: 'Primary' });
    await written.verify(b);
    await set(b, 'after', '1');
    await a.start();
    await ready(b);
    await sameDatabases({ a, b });
    await written.verify(a);
  });

  it('that stood still until it was replaced ends by itself, and drops what never became durable: set aside, databases equal', async () => {
    const { a, b, ready } = await pairOfTest();
    const client = await RespClient.connect('127.0.0.1', a.port);
    await client.command('GSET', '^|"DB"|before', '1');
    const pid = a.pid();
    process.kill(pid, 'SIGSTOP');
    // It reads this when it goes on, perhaps before it knows that it has been replaced.
    const answer = client.command('GSET', '^|"DB"|never', 'durable').then(String, () => 'lost');
    await b.sees({ B: 'Primary' });
    expect(await set(b, 'after', '1')).toBe('OK');
    goOn(pid);
    expect(await answer).toBe('lost');
    await waitFor(() => !a.running);
    await a.start();
    await ready(b);
    await sameDatabases({ a, b });
    // It may find out that it stood still before it reads what was sent meanwhile; whatever it did write is set aside.
    const aside = divergedFiles(a).length;
    expect(aside).toBeLessThanOrEqual(1);
    expect(a.messages().includes('TAIL_DROPPED')).toBe(aside === 1);
    for (const member of [a, b]) {
      const reader = await RespClient.connect('127.0.0.1', member.port);
      expect(await reader.command('GGET', '^|"DB"|never')).toBeNull();
      expect(await reader.command('GGET', '^|"DB"|after')).toBe('1');
      reader.close();
    }
  });

  it('is replaced by the grant of its agent when the arbiter is gone', async () => {
    const { a, b, arbiterHome } = await pairOfTest();
    await stopAgent(String(arbiterHome));
    await a.waitFor('agent controlled mode', (s) => s.mirror?.arbiter.failoverMode === 'Agent Controlled');
    const written = await Acknowledged.by(a, 100);
    await a.kill();
    await written.cut();
    await b.sees({ B: 'Primary' });
    expect(b.messages()).toContain('GRANTED');
    await written.verify(b);
  });

  it('is not replaced while no failover is set; its restart clears it', async () => {
    const { a, b, ready } = await pairOfTest();
    await a.call('mirror.setNoFailover', {});
    await a.kill();
    await b.sees({ B: 'Waiting' });
    expect(await set(b, 'x', '1')).toBe('PROTECT');
    expect(b.messages()).toContain('No failover is set; this member does not take over.');
    await a.start();
    await ready(a);
    expect((await a.status())?.noFailover).toBe(false);
    expect((await b.status())?.noFailover).toBe(false);
  });
});

describe('a backup that is killed', () => {
  it('stops the primary for a moment only, and comes back active', async () => {
    const { a, b, ready } = await pairOfTest();
    const written = await Acknowledged.by(a, 100);
    await b.kill();
    await written.more(100);
    await b.start();
    await ready(a);
    await written.more(100);
    await written.stop();
    await sameDatabases({ a, b });
  });

  it('does the same in agent controlled mode', async () => {
    const { a, b, ready } = await pairOfTest({ arbiter: false });
    const written = await Acknowledged.by(a, 50);
    await b.kill();
    await written.more(100);
    await written.stop();
    await b.start();
    await ready(a);
  });
});

describe('both killed', () => {
  it("the one that is started first becomes primary under the grant of the other one's agent, with its journal", async () => {
    const { a, b, ready } = await pairOfTest();
    const written = await Acknowledged.by(a, 100);
    await b.kill();
    await written.more(100);
    await a.kill();
    await written.cut();
    await b.start();
    await b.sees({ B: 'Primary' });
    await written.verify(b);
    await a.start();
    await ready(b);
    await sameDatabases({ a, b });
  });

  it('waits while nobody answers for the other one', async () => {
    const { a, b, ready } = await pairOfTest();
    await b.kill();
    await a.kill();
    await stopAgent(a.home);
    await b.start();
    await b.sees({ B: 'Waiting' });
    expect(await set(b, 'x', '1')).toBe('PROTECT');
    await a.start();
    await ready(a);
  });
});

describe('in order', () => {
  it('a stop hands over, a switch over brings it back', async () => {
    const { a, b, ready } = await pairOfTest();
    const written = await Acknowledged.by(a, 100);
    await a.stop();
    await written.cut();
    await b.sees({ B: 'Primary' });
    await written.verify(b);
    await a.start();
    await ready(b);
    await b.call('mirror.switchOver', {});
    await ready(a);
    expect(await set(a, 'x', 'back')).toBe('OK');
    await written.verify(a);
    await sameDatabases({ a, b });
  });

  it('a former primary shows what the new one writes, not what it had in memory', async () => {
    const { a, b, ready } = await pairOfTest();
    expect(await set(a, 'x', 'of a')).toBe('OK');
    await a.call('mirror.switchOver', {});
    await ready(b);
    expect(await set(b, 'x', 'of b')).toBe('OK');
    await until('the former primary shows it', async () => (await get(a, 'x')) === 'of b');
  });

  it('a stop without failover leaves the mirror without a primary', async () => {
    const { a, b, ready } = await pairOfTest();
    await a.stop({ nofailover: true });
    await b.sees({ B: 'Waiting' });
    expect(b.messages()).not.toContain('This member is primary');
    await a.start();
    await ready(a);
    expect(await set(a, 'x', '1')).toBe('OK');
  });
});

describe('what is refused', () => {
  it("wrong names, a third member, a name taken, an arbiter on a member's host, an agent that does not run", async () => {
    const { a, root, arbiterAddress } = await pairOfTest();
    const c = new TestMember(path.join(root, 'c'), 'C');
    await c.create();
    await c.start();
    const join = (params: object) =>
      c.call('mirror.join', { mirror: 'TEST', as: 'failover', member: 'C', agent: a.agentAddress, via: 'A', ...params });
    await expect(join({})).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('agent is not running') as string });
    await c.startAgent();
    await expect(join({})).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('two failover members') as string });
    await expect(join({ mirror: 'OTHER' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(join({ member: 'A B' })).rejects.toMatchObject({ code: 'NAME' });
    await expect(join({ agent: '127.0.0.1:1' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(c.call('mirror.create', { name: 'NEW', arbiter: String(arbiterAddress) })).rejects.toMatchObject({
      code: 'REFUSED',
    });
    await c.call('mirror.create', { name: 'NEW', member: 'SAME' });
    expect(c.messages()).not.toContain('BECOME_PRIMARY_FAILED');
    const d = new TestMember(path.join(root, 'd'), 'D');
    await d.startAgent();
    await d.create();
    await d.start();
    await expect(
      d.call('mirror.join', { mirror: 'NEW', as: 'failover', member: 'SAME', agent: c.agentAddress, via: 'C' }),
    ).rejects.toMatchObject({ code: 'EXISTS' });
    expect((await a.status())?.members.map((m) => m.name)).toEqual(['A', 'B']);
  });
});

describe('garbage', () => {
  it("on the mirror's way in and on the agent's port does no harm", async () => {
    const { a, b, ready, root, arbiterAddress } = await pairOfTest();
    const ports = [a.port, b.port, ...[a.agentAddress, String(arbiterAddress)].map((address) => Number(address.split(':')[1]))];
    const pieces = [
      Buffer.concat([MAGIC, Buffer.from('ffffffff00', 'hex')]),
      Buffer.concat([MAGIC, Buffer.from('0500000000ffc1c1c1', 'hex')]),
      Buffer.concat([MAGIC, controlFrame({ t: 'hello' })]),
      Buffer.concat([MAGIC, controlFrame({ t: 'hello', mirror: 'x', version: 'y', hello: null, reach: null })]),
      Buffer.concat([MAGIC, controlFrame({ t: 'ask', mirror: 1 })]),
      Buffer.concat([
        MAGIC,
        controlFrame({ t: 'arbiter', mirror: 'x', mirrorName: 'X', member: 'm', boot: 'b', qosMs: 100 }),
        controlFrame({ t: 'arb', message: { m: 'lost' } }),
        controlFrame(null),
        controlFrame({ t: 'arb', message: null }),
      ]),
      Buffer.concat([MAGIC, Buffer.alloc(3000, 7)]),
    ];
    for (const port of ports) for (const piece of pieces) await throwAt(port, piece);
    await ready(a);
    expect(await set(a, 'x', '1')).toBe('OK');
    expect(await startTestAgent(path.join(root, 'still-works'))).toMatch(/:\d+$/);
  });
});

/** Lets a process go on that stands still, unless its agent has forced it down by now. */
function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

function journalBytes(member: TestMember): string {
  const directory = instancePaths(member.directory).journal;
  return fs
    .readdirSync(directory)
    .sort()
    .map((name) => {
      const content = fs.readFileSync(path.join(directory, name));
      return `${name} ${content.subarray(0, content.findLastIndex((byte) => byte !== 0) + 1).length}`;
    })
    .join(' ');
}

async function waitFor(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Sends bytes and waits for the end of the connection, or a while for nothing to happen. */
async function throwAt(port: number, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.on('connect', () => {
      socket.end(bytes);
      socket.resume();
    });
  });
}
