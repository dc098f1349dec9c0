import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import type { InstanceStatus, MemberView, WhatIf } from '../../engine/api/status.ts';
import { realClock } from '../../engine/io/index.ts';
import { createClient } from '../contract/index.ts';
import type { ConsoleClient, JobView, MirrorMonitor, Overview, TopicName, TopicParams, TopicValue } from '../contract/index.ts';
import { scriptAgent, scriptInstance } from '../testing/scripted-host.ts';
import type { ScriptedAgent, ScriptedInstance } from '../testing/scripted-host.ts';
import { member, mirror, snapshot, status } from '../testing/world.ts';
import { openConsoleMain } from './index.ts';
import type { ConsoleMain } from './index.ts';

/** The whole main process with a real store and real control sockets; agent and instances say what the test wants. */

let home: string;
let main: ConsoleMain;
let client: ConsoleClient;
let agent: ScriptedAgent;
let instances: Record<'A' | 'B', ScriptedInstance>;

/** The scripted agent answers already: as for any agent that runs, starting it is refused. */
const running = (): Promise<never> => Promise.reject(new GemelError('RUNNING', 'The agent is running.'));
const control = { startAgent: running, stopAgent: running };

const directoryOf = (name: string): string => path.join(home, 'instances', name);
const statusOf = (name: string, state: InstanceStatus['state'] = 'running'): InstanceStatus =>
  status(name, state, name === 'A' ? 'Primary' : 'Backup', directoryOf(name));
const HEALTHY = [member('A', 'Primary'), member('B', 'Backup')];

function tell(members: MemberView[], change: { noFailover?: boolean } = {}): void {
  for (const name of ['A', 'B'] as const) instances[name].monitor.publish(snapshot(statusOf(name), mirror(name, members, change)));
}

function open(): void {
  main = openConsoleMain({ home, defaultHome: home, shell: 'web', electron: null, clock: realClock, control });
  client = createClient(
    {
      send: (frame) => queueMicrotask(() => page?.receive(frame)),
      start: (events) => {
        page = main.connect({
          send: (frame) => queueMicrotask(() => events.onFrame(JSON.parse(JSON.stringify(frame)))),
          congested: () => false,
        });
        events.onOpen();
      },
    },
    () => Date.now(),
  );
}
let page: ReturnType<ConsoleMain['connect']> | undefined;

/** The first value of a topic that is as wanted. */
function value<T extends TopicName>(name: T, params: TopicParams<T>, wanted: (value: TopicValue<T>) => boolean): Promise<TopicValue<T>> {
  return new Promise((resolve, reject) => {
    const end = client.subscribe(
      name,
      params,
      (now) => {
        if (!wanted(now)) return;
        resolve(now);
        end();
      },
      reject,
    );
  });
}

const overview = (wanted: (view: Overview) => boolean): Promise<Overview> => value('overview', {}, wanted);
const healthy = (): Promise<Overview> =>
  overview((v) => v.mirrors[0]?.severity === 'good' && v.instances.every((i) => i.connection.state === 'live'));
const ended = (job: number): Promise<JobView> => value('job', { job }, (j) => j.state !== 'running');

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-console-'));
  agent = await scriptAgent(home, [statusOf('A'), statusOf('B')]);
  instances = {
    A: await scriptInstance(directoryOf('A'), snapshot(statusOf('A'), mirror('A', HEALTHY))),
    B: await scriptInstance(directoryOf('B'), snapshot(statusOf('B'), mirror('B', HEALTHY))),
  };
  open();
});
afterEach(async () => {
  main.close();
  await Promise.all([agent.close(), instances.A.close(), instances.B.close()]);
  fs.rmSync(home, { recursive: true, force: true });
});

describe('pages see', () => {
  it('the mirror as its members tell it, live', async () => {
    const view = await healthy();
    expect(view.mirrors.map((m) => [m.name, m.primary, m.demo])).toEqual([['M', 'A', false]]);
    const changed = value('mirror', { mirror: 'M' }, (m: MirrorMonitor | null) => m?.mirror.noFailover === true);
    tell(HEALTHY, { noFailover: true });
    expect((await changed)?.members.map((m) => m.name)).toEqual(['A', 'B']);
    expect(await client.call('app.info', {})).toMatchObject({ shell: 'web', home, electron: null });
  });

  it('the history of what live instances reported', async () => {
    await healthy();
    const at = Date.now();
    const figures = { at, updatesPerS: 1234, journalKBs: 5, commitLatencyMs: null, executorStallMsMax: 1, clients: 2, memoryMB: 90 };
    const seen = value('mirror', { mirror: 'M' }, (m) => m?.members[0]?.snapshot?.metrics?.at === at);
    instances.A.monitor.publish(snapshot(statusOf('A'), mirror('A', HEALTHY), { metrics: figures }));
    await seen;
    const points = await client.call('history', { instance: 'local/A', from: at - 60_000, to: at + 60_000 });
    expect(points).toMatchObject([{ updatesPerS: 1234, latencyMsP50: null, clients: 2 }]);
  });
});

describe('a takeover', () => {
  it('is marked, raises alerts that can be acknowledged, and is explained from every log that can be read', async () => {
    await healthy();
    const at = Date.now();
    const line = { pid: 1, severity: 2, facts: { right: 'grant' }, text: 'This member is primary.' };
    instances.B.on('log.read', () => ({ lines: [{ ...line, at, code: 'PRIMARY' }], more: false }));
    agent.on('log.read', ({ instance }) => {
      if (instance === undefined) return { lines: [{ ...line, at: at - 5, code: 'GRANT_GIVEN' }], more: false };
      throw new GemelError('IO', 'Its log cannot be read.');
    });
    await instances.A.close();
    agent.inventory.publish([statusOf('A', 'stopped'), statusOf('B')]);
    instances.B.monitor.publish(snapshot(statusOf('B'), mirror('B', [member('A', 'Down'), member('B', 'Primary')])));
    const alerts = await value('alerts', {}, (all) => ['primaryChanged', 'memberLost'].every((rule) => all.some((a) => a.rule === rule)));
    expect(alerts.find((a) => a.rule === 'primaryChanged')).toMatchObject({ subject: 'B', explain: true, mirror: 'M' });
    const events = await client.call('history.events', { mirror: 'M', from: at - 1000, to: Date.now() });
    expect(events.filter((e) => e.explain).map((e) => e.text)).toEqual(['B is Primary, was Backup.']);
    const explained = await client.call('explain', { mirror: 'M', at: Date.now() });
    expect(explained).toMatchObject({
      at,
      primary: 'B',
      entries: [
        { code: 'GRANT_GIVEN', decision: true },
        { source: 'B', code: 'PRIMARY' },
      ],
    });
    expect(explained.sources.find((s) => s.name === 'A')?.problem).toBe('Its log cannot be read.');
    await client.call('alerts.acknowledge', { alerts: alerts.map((a) => a.id) });
    await value('pastAlerts', {}, (past) => past.some((a) => a.rule === 'primaryChanged' && a.acknowledged !== null));
    expect((await client.call('audit.list', { filter: 'acknowledge' })).length).toBe(alerts.length);
  });
});

describe('switch over', () => {
  it('is planned with its command, run as a job, and told step by step', async () => {
    await healthy();
    const plan = await client.call('plan', { action: 'switchOver', mirror: 'M' });
    expect(plan.refusals).toEqual([]);
    expect(plan.steps[0]?.command).toBe('gemel mirror switch-over A');
    instances.A.on('mirror.switchOver', () => {
      tell([member('A', 'Synchronizing'), member('B', 'Primary')]);
      return { message: 'Handing over.' };
    });
    const { job } = await client.call('run', { action: 'switchOver', mirror: 'M' });
    await value('job', { job }, (j) => j.steps[1]?.state === 'done');
    await expect(client.call('run', { action: 'stopInstance', instance: 'local/B' })).rejects.toMatchObject({ code: 'REFUSED' });
    tell([member('A', 'Backup'), member('B', 'Primary')]);
    const done = await ended(job);
    expect([done.state, done.result]).toEqual(['done', 'B is primary, A is its backup.']);
    expect(done.steps[1]?.log.map((l) => l.text)).toContain('A: Synchronizing; B: Primary');
    const audit = await client.call('audit.list', {});
    expect(audit.map((e) => [e.what, e.outcome])).toEqual(
      expect.arrayContaining([
        ['Switch M over to B', 'started'],
        ['Switch M over to B', 'done'],
      ]),
    );
  });

  it.each([
    ['there is no active backup', [member('A', 'Primary'), member('B', 'Down')], {}, 'active backup'],
    ['no failover is set', HEALTHY, { noFailover: true }, 'No failover'],
    ['no member is primary', [member('A', 'Transition'), member('B', 'Backup')], {}, 'primary'],
  ])('is refused when %s', async (_name, members, change, words) => {
    await healthy();
    const seen = value('mirror', { mirror: 'M' }, (m) => m?.mirror.severity !== 'good');
    tell(members, change);
    await seen;
    const plan = await client.call('plan', { action: 'switchOver', mirror: 'M' });
    expect(plan.refusals[0]?.reason).toContain(words);
    await expect(client.call('run', { action: 'switchOver', mirror: 'M' })).rejects.toMatchObject({ code: 'REFUSED' });
    expect(instances.A.asked).toEqual([]);
  });

  it('fails with the member’s own words', async () => {
    await healthy();
    const { job } = await client.call('run', { action: 'switchOver', mirror: 'M' });
    expect(await ended(job)).toMatchObject({
      state: 'failed',
      error: { code: 'REFUSED', what: 'The test did not expect mirror.switchOver.' },
    });
  });
});

describe('the read-only lock', () => {
  it('refuses every action on the mirror, whatever the page thinks', async () => {
    await healthy();
    await client.call('settings.mirror', { mirror: 'M', locked: true });
    const actions = [
      { action: 'switchOver', mirror: 'M' },
      { action: 'setNoFailover', mirror: 'M' },
      { action: 'clearNoFailover', mirror: 'M' },
      { action: 'stopInstance', instance: 'local/A' },
      { action: 'startInstance', instance: 'local/B' },
    ] as const;
    for (const action of actions) {
      await expect(client.call('run', action)).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('locked') });
    }
    expect([agent.asked.filter(([m]) => m !== 'agent.status'), instances.A.asked, instances.B.asked]).toEqual([[], [], []]);
    const audit = await client.call('audit.list', {});
    expect(audit.filter((e) => e.outcome === 'refused')).toHaveLength(actions.length);
    expect((await overview((v) => v.mirrors[0]?.locked === true)).mirrors[0]?.locked).toBe(true);
  });
});

describe('stopping and starting an instance', () => {
  it('says who takes over, waits for it, and puts it back in its place', async () => {
    await healthy();
    const plan = await client.call('plan', { action: 'stopInstance', instance: 'local/A' });
    expect([plan.danger, plan.consequences[0]]).toEqual([false, 'B takes over as primary; nothing acknowledged is lost.']);
    agent.on('instance.stop', () => {
      agent.inventory.publish([statusOf('A', 'stopped'), statusOf('B')]);
      instances.B.monitor.publish(snapshot(statusOf('B'), mirror('B', [member('A', 'Down'), member('B', 'Primary')])));
      return statusOf('A', 'stopped');
    });
    const stop = await ended((await client.call('run', { action: 'stopInstance', instance: 'local/A' })).job);
    expect([stop.state, stop.result]).toEqual(['done', 'A is stopped, B is primary.']);
    expect(agent.asked).toContainEqual(['instance.stop', { name: 'A', nofailover: false, force: false, restart: false }]);
    expect((await client.call('plan', { action: 'stopInstance', instance: 'local/A' })).refusals[0]?.reason).toContain('stopped already');
    agent.on('instance.start', () => {
      agent.inventory.publish([statusOf('A'), statusOf('B')]);
      tell([member('A', 'Backup'), member('B', 'Primary')]);
      return statusOf('A');
    });
    const start = await ended((await client.call('run', { action: 'startInstance', instance: 'local/A' })).job);
    expect([start.state, start.error]).toEqual(['done', null]);
  });

  it('is dangerous, and asks for the name, when nobody takes over', async () => {
    await healthy();
    const plan = await client.call('plan', { action: 'stopInstance', instance: 'local/A', nofailover: true });
    expect([plan.danger, plan.confirmWord, plan.steps[0]?.command]).toEqual([true, 'A', 'gemel instance stop A --nofailover']);
    const backup = await client.call('plan', { action: 'stopInstance', instance: 'local/B' });
    expect([backup.danger, backup.confirmWord]).toEqual([false, null]);
  });

  it('refuses to be about something unknown', async () => {
    await expect(client.call('plan', { action: 'stopInstance', instance: 'local/X' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.call('plan', { action: 'switchOver', mirror: 'X' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.call('job.get', { job: 99 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('the demo mirror', () => {
  it('is planned with commands that name its own host roots, and removed only when there is one', async () => {
    await healthy();
    const plan = await client.call('plan', { action: 'createDemoMirror' });
    expect(plan.refusals).toEqual([]);
    const commands = plan.steps.flatMap((s) => s.command ?? []);
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) expect(command).toMatch(new RegExp(`^GEMEL_HOME=${home}/demo/(a|b|arbiter) gemel `));
    expect(fs.existsSync(path.join(home, 'demo'))).toBe(false);
    expect((await client.call('plan', { action: 'removeDemoMirror' })).refusals[0]?.reason).toBe('There is no demo mirror.');
  });
});

describe('what if', () => {
  const answer: WhatIf = {
    fault: 'primary-killed',
    outcome: 'backup-takes-over',
    primary: 'B',
    dataAtRisk: 'none',
    timeMs: { atMost: 2000 },
    why: ['B is active.'],
    code: 'X',
    facts: {},
  };

  it('is asked of the primary, and anew when the mirror has changed; what it refuses is told', async () => {
    await healthy();
    instances.A.on('mirror.whatIf', () => [answer]);
    const first = await value('whatIf', { mirror: 'M' }, (view) => view?.answers.length === 1);
    expect(first).toMatchObject({ member: 'A', answers: [answer], problem: null });
    // Whose word counts when there is no primary is decided as their news come in.
    for (const instance of [instances.A, instances.B])
      instance.on('mirror.whatIf', () => {
        throw new GemelError('REFUSED', 'Nothing can be foretold.');
      });
    const refused = value('whatIf', { mirror: 'M' }, (view) => view !== null && view.problem !== null);
    tell([member('A', 'In Trouble'), member('B', 'Down')]);
    expect(await refused).toMatchObject({ answers: [], problem: { code: 'REFUSED', what: 'Nothing can be foretold.' } });
    expect(await value('whatIf', { mirror: 'X' }, () => true)).toBeNull();
  });

  it('is asked of nobody while nobody looks', async () => {
    await healthy();
    tell([member('A', 'Primary'), member('B', 'Synchronizing')]);
    await overview((v) => v.mirrors[0]?.severity !== 'good');
    expect(instances.A.asked.filter(([method]) => method === 'mirror.whatIf')).toEqual([]);
  });
});

describe('two consoles', () => {
  it('cannot have the same home, and the next one finds what the first left', async () => {
    await healthy();
    await client.call('settings.theme', { theme: 'dark' });
    expect(() => openConsoleMain({ home, defaultHome: home, shell: 'web', electron: null, clock: realClock, control })).toThrow(
      expect.objectContaining({ code: 'LOCKED' }),
    );
    main.close();
    open();
    expect(await value('settings', {}, () => true)).toEqual({ theme: 'dark', mirrors: {} });
  });
});
