import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActionInput, JobView, MirrorMonitor, Overview, TopicName, TopicParams, TopicValue } from '../main/contract/index.ts';
import { buildRendererIfStale } from '../resources/bootstrap/start/renderer.ts';
import { cleanUp, startConsole } from './console-process.ts';
import type { ConsoleProcess } from './console-process.ts';

/** The console's main process as it is: a web shell, a real agent, real instances, and a page's client on a real WebSocket. */

let home: string;
let shell: ConsoleProcess;

beforeAll(async () => {
  await buildRendererIfStale(fileURLToPath(new URL('..', import.meta.url)), () => undefined);
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-console-'));
  fs.writeFileSync(path.join(home, 'iscagent.conf'), 'application_server.port=0\n');
  shell = await startConsole(home);
});
afterAll(async () => {
  await shell.stop();
  await cleanUp(home);
});

/** The first value of a topic that is as wanted. */
function value<T extends TopicName>(name: T, params: TopicParams<T>, wanted: (value: TopicValue<T>) => boolean): Promise<TopicValue<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<TopicValue<T>>();
  const end = shell.client.subscribe(name, params, (now) => wanted(now) && resolve(now), reject);
  return promise.finally(end);
}

const overview = (wanted: (view: Overview) => boolean): Promise<Overview> => value('overview', {}, wanted);
const mirror = (wanted: (monitor: MirrorMonitor) => boolean): Promise<MirrorMonitor | null> =>
  value('mirror', { mirror: 'DEMO' }, (m) => m !== null && wanted(m));

/** Runs an action to its end; fails with the report when it did not succeed. */
async function run(action: ActionInput): Promise<JobView> {
  const { job } = await shell.client.call('run', action);
  const report = await value('job', { job }, (j) => j.state !== 'running');
  expect(report, JSON.stringify(report, undefined, 1)).toMatchObject({ state: 'done', error: null });
  return report;
}

/** Sends one command to the database DEMO on a member's superserver. */
async function ask(name: string, ...command: [string, ...string[]]): Promise<unknown> {
  const view = await overview((v) => v.instances.some((i) => i.name === name));
  const port = view.instances.find((i) => i.name === name)?.status.superserverPort;
  if (port === undefined) throw new Error(`${name} has no port`);
  const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, lazyConnect: true });
  await redis.connect();
  try {
    await redis.call('NAMESPACE', 'DEMO');
    return await redis.call(...command);
  } finally {
    redis.disconnect();
  }
}

const allGood = (m: MirrorMonitor): boolean =>
  m.mirror.severity === 'good' && m.members.length === 2 && m.members.every((each) => each.connection.state === 'live');

/** Whether the primary knows that the databases of `name` have all its journal has. */
const caughtUp = (m: MirrorMonitor, name: string): boolean =>
  m.members.some((each) => each.snapshot?.lag.some((lag) => lag.member === name && lag.dejournaled.behindBytes === 0));

describe('the console', () => {
  it('starts this computer’s agent by itself', async () => {
    const view = await overview((v) => v.hosts[0]?.connection.state === 'live' && v.hosts[0].agent !== null);
    expect(view.hosts.map((h) => [h.id, h.home])).toEqual([['local', home]]);
    expect(view.mirrors).toEqual([]);
  });

  it('creates the demo mirror and shows it live', async () => {
    await run({ action: 'createDemoMirror' });
    const monitor = await mirror(allGood);
    expect(monitor?.mirror).toMatchObject({
      name: 'DEMO',
      primary: 'DEMO_A',
      demo: true,
      dataSafe: { severity: 'good' },
      failoverReady: { text: 'Yes' },
    });
    expect(monitor?.members.map((m) => m.snapshot?.mirror?.thisMember)).toEqual(['DEMO_A', 'DEMO_B']);
    expect(monitor?.members[0]?.snapshot?.mirror?.databases.map((d) => [d.name, d.status])).toEqual([['DEMO', 'Normal']]);
    const at = monitor?.members[0]?.snapshot?.at ?? 0;
    await mirror((m) => m.members.every((each) => (each.snapshot?.at ?? 0) > at));
    await expect(shell.client.call('run', { action: 'createDemoMirror' })).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('switches over, losing nothing', async () => {
    expect(await ask('DEMO_A', 'GSET', '^greeting(1)', 'congratulations')).toBe('OK');
    await run({ action: 'switchOver', mirror: 'DEMO' });
    const monitor = await mirror((m) => allGood(m) && m.mirror.primary === 'DEMO_B');
    expect(monitor?.mirror.members.map((m) => m.status).toSorted()).toEqual(['Backup', 'Primary']);
    expect(await ask('DEMO_B', 'GET', 'nothing')).toBeNull();
    expect(await ask('DEMO_B', 'GGET', '^greeting(1)')).toBe('congratulations');
  });

  it('sets and clears no failover', async () => {
    await run({ action: 'setNoFailover', mirror: 'DEMO' });
    const held = await mirror((m) => m.mirror.noFailover === true);
    expect(held?.mirror.failoverReady.severity).not.toBe('good');
    await expect(shell.client.call('run', { action: 'switchOver', mirror: 'DEMO' })).rejects.toMatchObject({ code: 'REFUSED' });
    await run({ action: 'clearNoFailover', mirror: 'DEMO' });
    await mirror(allGood);
  });

  it('stops the primary, sees the other take over, and starts it again as backup', async () => {
    const plan = await shell.client.call('plan', { action: 'stopInstance', instance: 'demo-b/DEMO_B' });
    expect(plan.consequences[0]).toContain('DEMO_A takes over');
    await run({ action: 'stopInstance', instance: 'demo-b/DEMO_B' });
    const alone = await mirror((m) => m.mirror.primary === 'DEMO_A');
    expect([alone?.mirror.dataSafe.severity, alone?.mirror.nextStep.text]).toEqual(['attention', 'Start DEMO_B']);
    expect(await ask('DEMO_A', 'GSET', '^greeting(2)', 'what next?')).toBe('OK');
    await run({ action: 'startInstance', instance: 'demo-b/DEMO_B' });
    await mirror((m) => allGood(m) && m.mirror.primary === 'DEMO_A' && caughtUp(m, 'DEMO_B'));
    expect(await ask('DEMO_B', 'GGET', '^greeting(2)')).toBe('what next?');
    await expect(ask('DEMO_B', 'GSET', '^greeting(3)', 'x')).rejects.toThrow(/PROTECT/);
  });

  it('shows a killed primary’s takeover, and the figures it kept from before', async () => {
    const before = await mirror(allGood);
    const pid = before?.members.find((m) => m.name === 'DEMO_A')?.status.pid;
    if (pid === undefined || pid === null) throw new Error('DEMO_A has no process');
    process.kill(pid, 'SIGKILL');
    const after = await mirror((m) => m.mirror.primary === 'DEMO_B');
    expect(after?.members.find((m) => m.name === 'DEMO_A')?.connection.state).not.toBe('live');
    expect(await ask('DEMO_B', 'GGET', '^greeting(2)')).toBe('what next?');
    const history = await shell.client.call('history', { instance: 'demo-a/DEMO_A', from: Date.now() - 600_000, to: Date.now() });
    expect(history.length).toBeGreaterThan(1);
    await mirror((m) => m.members.some((each) => each.name === 'DEMO_A' && each.connection.state === 'stopped'));
    await run({ action: 'startInstance', instance: 'demo-a/DEMO_A' });
    await mirror((m) => allGood(m) && m.mirror.primary === 'DEMO_B');
  });

  it('finds the mirror again after it was closed, with reports and audit log', async () => {
    expect(await shell.stop()).toBe(0);
    shell = await startConsole(home);
    await mirror((m) => allGood(m) && m.mirror.primary === 'DEMO_B');
    const jobs = await value('jobs', {}, () => true);
    expect(jobs.at(-1)).toMatchObject({ id: 1, title: 'Create a demo mirror on this computer', state: 'done' });
    const audit = await shell.client.call('audit.list', {});
    expect(audit.some((e) => e.outcome === 'refused')).toBe(true);
  });

  it('removes the demo mirror without a trace', async () => {
    await run({ action: 'removeDemoMirror' });
    const view = await overview((v) => v.mirrors.length === 0);
    expect([view.hosts.map((h) => h.id), view.instances]).toEqual([['local'], []]);
    expect(fs.existsSync(path.join(home, 'demo'))).toBe(false);
  });
});
