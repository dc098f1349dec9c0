import { describe, expect, it } from 'vitest';
import { runCommand } from '../engine/cli/program.ts';
import { controlFrame, kinds, positionFrame } from '../engine/mirror/wire.ts';
import { asyncOf, followAs, goOn, inStep, madeUp, membershipOf, rawFrame, times, view } from './asyncs-support.ts';
import { stopAgent } from './stop-agent.ts';
import { Acknowledged, get, sameDatabases, set } from './support/acknowledged.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

const silent = { out: () => undefined, err: () => undefined, interactive: false };

describe('an async that was away', () => {
  it('while journal files were switched and the primary changed gets everything, file by file', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 200);
    await a.call('journal.switch', {});
    await written.more(200);
    await inStep(c, a);
    await c.kill();
    for (let n = 0; n < 2; n += 1) {
      await a.call('journal.switch', {});
      await written.more(200);
    }
    await a.kill();
    await written.cut();
    await b.sees({ B: 'Primary' });
    await written.start(b);
    await written.more(200);
    await b.call('journal.switch', {});
    await c.start();
    await written.more(200);
    await a.start();
    await ready(b);
    await written.stop();
    await inStep(c, b);
    await sameDatabases(pair, c);
    await written.verify(c);
  });

  it('by standing still while the primary was replaced follows the new one when it goes on', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const written = await Acknowledged.by(a, 200);
    const pid = c.pid();
    process.kill(pid, 'SIGSTOP');
    await written.more(100);
    await a.kill();
    await written.cut();
    await b.sees({ B: 'Primary' });
    await written.start(b);
    await written.more(100);
    goOn(pid);
    await c.sees({ B: 'Primary', C: 'Connected' });
    await a.start();
    await ready(b);
    await written.stop();
    await sameDatabases(pair, c);
    await written.verify(c);
  });
});

describe('without a primary', () => {
  it('an async is read and takes no updates, also after a restart, and goes on when there is one again', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    expect(await set(a, 'x', '1')).toBe('OK');
    await sameDatabases(pair, c);
    await b.kill();
    await a.kill();
    await c.sees({ A: 'Down', B: 'Down', C: 'Transition' });
    await c.kill();
    await c.start();
    await c.sees({ A: 'Down', B: 'Down', C: 'Transition' });
    expect((await view(c, 'C')).journalTransfer).toMatch(/^Disconnected on /);
    expect([await get(c, 'x'), await set(c, 'x', '2')]).toEqual(['1', 'PROTECT']);
    await a.start();
    await b.start();
    await until('one is primary', async () => (await a.status())?.members.some((m) => m.status === 'Primary'));
    const primary = (await view(a, 'A')).status === 'Primary' ? a : b;
    await ready(primary);
    expect(await set(primary, 'x', '3')).toBe('OK');
    await sameDatabases(pair, c);
    expect(await get(c, 'x')).toBe('3');
  });
});

describe('a primary forced without journal that an async has applied', () => {
  it('is followed by it: what the async had applied is rewound, and one that never got it just goes on', async () => {
    const pair = await pairOfTest({ arbiter: false });
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const d = await asyncOf(pair, 'D', 'dr');
    await b.kill();
    await a.sees({ B: 'Down' });
    await d.call('mirror.stop', {});
    expect(await set(a, 'alone', '1')).toBe('OK');
    await until('the async has it', async () => (await get(c, 'alone')) === '1');
    // The whole host of A.
    await stopAgent(a.home);
    await a.kill();
    await b.start();
    await b.sees({ B: 'Waiting' });
    expect(await runCommand(['mirror', 'force-primary', 'B', '--yes'], { home: b.home, terminal: silent })).toBe(0);
    expect(await set(b, 'after', '1')).toBe('OK');
    await c.sees({ B: 'Primary', C: 'Connected' });
    await d.call('mirror.start', {});
    await d.sees({ B: 'Primary', D: 'Connected' });
    for (const member of [c, d]) {
      await until('it has what came after', async () => (await get(member, 'after')) === '1');
      expect(await get(member, 'alone')).toBe('null');
    }
    expect([times(c, 'REWOUND'), times(d, 'REWOUND')].map((n) => n > 0)).toEqual([true, false]);
    expect([times(c, 'CANNOT_FOLLOW'), times(c, 'INCONSISTENT')]).toEqual([0, 0]);
  });
});

describe('a mirror of one member', () => {
  it('takes asyncs; the second failover member that joins later is followed too', async () => {
    const pair = await pairOfTest({ second: false, arbiter: false });
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    expect(await set(a, 'x', '1')).toBe('OK');
    await b.call('mirror.join', { mirror: 'TEST', as: 'failover', member: 'B', agent: a.agentAddress, via: 'A' });
    await b.call('db.create', { name: 'DB', mirrored: true });
    await ready(a);
    await c.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
    await a.kill();
    await c.sees({ B: 'Primary', C: 'Connected' });
    expect(await set(b, 'x', '2')).toBe('OK');
    await a.start();
    await ready(b);
    await sameDatabases(pair, c);
    expect(await get(c, 'x')).toBe('2');
  });
});

describe('changes of the mirror', () => {
  it('reach an async', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const other = (await b.status())?.members.find((m) => m.name === 'B')?.agentAddress ?? '';
    await a.call('mirror.setNoFailover', {});
    await until('the async knows of no failover', async () => (await c.status())?.noFailover);
    await a.call('mirror.clearNoFailover', {});
    await until('and of its end', async () => (await c.status())?.noFailover === false);
    await a.call('mirror.edit', { arbiter: other, arbiterOnMemberHost: true, qosMs: 2500 });
    await until('the async knows the arbiter', async () => (await c.status())?.arbiter.address === other.replace(/:(\d+)$/, '|$1'));
    await a.call('mirror.admit', { mirror: 'TEST', member: madeUp('E', 'Disaster Recovery') });
    await a.call('db.create', { name: 'NEW', mirrored: true });
    await until('the async knows the database', async () => (await c.status())?.missingDatabases.includes('NEW'));
    await ready(a);
    await c.sees({ A: 'Primary', B: 'Backup', C: 'Connected' });
  });
});

describe('what an async says that it should not', () => {
  it('does the primary no harm', async () => {
    const pair = await pairOfTest();
    const { a, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const { guid } = madeUp('E', 'Disaster Recovery');
    await a.call('mirror.admit', { mirror: 'TEST', member: madeUp('E', 'Disaster Recovery') });
    const [failover] = membershipOf(a).members;
    for (const stranger of ['nobody', '', failover?.guid ?? '']) {
      const { next } = await followAs(a, stranger);
      expect(await next('refused')).toMatchObject({ t: 'refused' });
    }
    const zero = { file: 0, offset: 0 };
    const beat = { t: 'async-beat', received: zero, receivedTimeMs: null, dejournaled: null, halted: null, attention: false };
    const pieces: Record<string, readonly Buffer[]> = {
      'a position within a block': [controlFrame({ t: 'ready', from: { file: 1, offset: 4200 } })],
      'a position between two bytes': [controlFrame({ t: 'ready', from: { file: 1, offset: 4200.5 } })],
      'a position beyond the end': [controlFrame({ t: 'ready', from: { file: 9, offset: 1e300 } })],
      'ready twice': [controlFrame({ t: 'ready', from: zero }), controlFrame({ t: 'ready', from: zero })],
      'half an acknowledgement': [rawFrame(kinds.ack, Buffer.alloc(3))],
      'an acknowledgement of what was not sent': [positionFrame(kinds.ack, { file: 4_000_000_000, offset: 1e300 })],
      'a heartbeat before all else': [controlFrame(beat)],
      'journal data': [rawFrame(kinds.block, Buffer.alloc(3000, 7))],
      'an empty block': [rawFrame(kinds.block, Buffer.alloc(0))],
      'nothing known': [controlFrame({ t: 'what' })],
      'no message': [rawFrame(kinds.control, Buffer.from('c1c1c1', 'hex'))],
    };
    for (const [what, frames] of Object.entries(pieces)) {
      const { channel, next } = await followAs(a, guid);
      await next('follow-answer');
      for (const frame of frames) channel.send(frame);
      // It has read them, and sent what it would send, when it has ended the connection or two heartbeats have come.
      const beats = next('primary-beat').then(() => next('primary-beat'));
      await beats.catch((error: unknown) => expect(String(error)).toContain('the connection ended'));
      expect(await set(a, 'x', what)).toBe('OK');
    }
    await ready(a);
    await sameDatabases(pair, c);
    expect(times(c, 'ASYNC_FOLLOWS')).toBe(1);
  });
});

describe('a change of the mirror', () => {
  it('made while an async is busy with its journal is told again when it is ready', async () => {
    const { a } = await pairOfTest();
    const { guid } = madeUp('E', 'Disaster Recovery');
    await a.call('mirror.admit', { mirror: 'TEST', member: madeUp('E', 'Disaster Recovery') });
    const { channel, next } = await followAs(a, guid);
    await next('follow-answer');
    await a.call('db.create', { name: 'NEW', mirrored: true });
    // Until it is ready an async hears nothing.
    await next('membership');
    channel.control({ t: 'ready', from: { file: 0, offset: 0 } });
    expect(await next('membership')).toMatchObject({
      membership: { databases: [expect.objectContaining({ name: 'DB' }), expect.objectContaining({ name: 'NEW' })] },
    });
  });
});
