import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../engine/api/errors.ts';
import { realClock } from '../../engine/io/index.ts';
import { scriptAgent, scriptInstance } from '../testing/scripted-host.ts';
import { firstOf } from '../testing/wait.ts';
import { member, mirror, snapshot, status } from '../testing/world.ts';
import { Hosts } from './index.ts';
import type { AgentControl, HostFacts } from './index.ts';

let home: string;
let close: (() => Promise<void> | void)[];

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-hosts-'));
  close = [];
});
afterEach(async () => {
  for (const each of close.reverse()) await each();
  fs.rmSync(home, { recursive: true, force: true });
});

const notHere = (): Promise<void> => Promise.reject(new GemelError('INTERNAL', 'not in this test'));

function openHosts(startAgent: AgentControl['startAgent'] = notHere): Hosts {
  const known = [{ id: 'local', label: 'here', kind: 'local' as const, home, demo: false }];
  const hosts = new Hosts({ known, control: { startAgent, stopAgent: notHere }, defaultHome: '/elsewhere', clock: realClock });
  close.push(() => hosts.close());
  return hosts;
}

/** Waits for the world to be so that `look` finds something. */
function seen<T>(hosts: Hosts, look: (host: HostFacts) => T | undefined): Promise<T> {
  return firstOf(
    (listener) => hosts.onChange(listener),
    () => {
      const host = hosts.world().hosts[0];
      return host && look(host);
    },
  );
}

describe('a host of this computer', () => {
  const directory = (): string => path.join(home, 'instances', 'A');

  it('shows what its agent and its instances say, as it changes', async () => {
    const running = status('A', 'running', 'Primary', directory());
    const agent = await scriptAgent(home, [running]);
    const instance = await scriptInstance(directory(), snapshot(running, mirror('A', [member('A', 'Primary')])));
    close.push(
      () => agent.close(),
      () => instance.close(),
    );
    const hosts = openHosts();
    const facts = await seen(hosts, (h) => (h.instances[0]?.connection.state === 'live' && h.agent ? h : undefined));
    expect(facts.connection.state).toBe('live');
    expect(facts.instances[0]).toMatchObject({ id: 'local/A', snapshot: { mirror: { thisMember: 'A' } } });
    instance.monitor.publish(snapshot(running, mirror('A', [member('A', 'In Trouble')])));
    await seen(hosts, (h) => h.instances[0]?.snapshot?.mirror?.members.find((m) => m.status === 'In Trouble'));
    agent.inventory.publish([]);
    await seen(hosts, (h) => (h.instances.length === 0 ? true : undefined));
  });

  it('remembers a lost instance’s last words, says since when it is lost, and takes it up again', async () => {
    const running = status('A', 'running', 'Primary', directory());
    const agent = await scriptAgent(home, [running]);
    const instance = await scriptInstance(directory(), snapshot(running, null));
    close.push(() => agent.close());
    const hosts = openHosts();
    await seen(hosts, (h) => (h.instances[0]?.connection.state === 'live' ? true : undefined));
    await instance.close();
    const lost = await seen(hosts, (h) => (h.instances[0]?.connection.state === 'lost' ? h.instances[0] : undefined));
    expect(lost.snapshot).not.toBeNull();
    expect(lost.connection.asOf).toBeLessThanOrEqual(lost.connection.since);
    expect(lost.connection.reason).not.toBe('');
    const again = await scriptInstance(directory(), snapshot(running, null));
    close.push(() => again.close());
    const back = await seen(hosts, (h) => (h.instances[0]?.connection.state === 'live' ? h.instances[0] : undefined));
    expect(back.connection.since).toBeGreaterThanOrEqual(lost.connection.since);
  });

  it('shows a stopped instance as stopped, with what it said last', async () => {
    const running = status('A', 'running', 'Primary', directory());
    const agent = await scriptAgent(home, [running]);
    const instance = await scriptInstance(directory(), snapshot(running, mirror('A', [member('A', 'Primary')])));
    close.push(
      () => agent.close(),
      () => instance.close(),
    );
    const hosts = openHosts();
    await seen(hosts, (h) => (h.instances[0]?.connection.state === 'live' ? true : undefined));
    agent.inventory.publish([status('A', 'stopped', 'Down', directory())]);
    const stopped = await seen(hosts, (h) => (h.instances[0]?.connection.state === 'stopped' ? h.instances[0] : undefined));
    expect(stopped.status.state).toBe('stopped');
    expect(stopped.snapshot?.mirror?.thisMember).toBe('A');
    await expect(hosts.get('local').callInstance('A', 'mirror.setNoFailover', {})).rejects.toMatchObject({ code: 'NOT_RUNNING' });
  });

  it('starts the agent where none answers, and takes one that somebody else has just started', async () => {
    const started: unknown[] = [];
    const hosts = openHosts(async (where, options) => {
      started.push([where, options]);
      const agent = await scriptAgent(where, []);
      close.push(() => agent.close());
      throw new GemelError('RUNNING', 'The agent runs already.');
    });
    await hosts.get('local').startAgent({ port: 7 });
    expect(started).toEqual([[home, { port: 7 }]]);
    expect(hosts.world().hosts[0]?.connection.state).toBe('live');
    await hosts.get('local').startAgent();
    expect(started).toHaveLength(1);
  });

  it('says what kept the agent from starting', async () => {
    const hosts = openHosts(() => Promise.reject(new GemelError('PORT_IN_USE', 'Port 2188 is in use.')));
    await expect(hosts.get('local').startAgent()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    const lost = await seen(hosts, (h) => (h.connection.state === 'lost' ? h : undefined));
    expect(lost.connection.asOf).toBeNull();
  });

  it('passes calls on, with the errors of the other side', async () => {
    const agent = await scriptAgent(home, []);
    close.push(() => agent.close());
    agent.on('instance.start', () => {
      throw new GemelError('LOCKED', 'Another process has it.', 'Nothing was changed.', 'Stop that one.');
    });
    const hosts = openHosts();
    await seen(hosts, (h) => (h.connection.state === 'live' ? true : undefined));
    await expect(hosts.get('local').callAgent('instance.start', { name: 'A' })).rejects.toMatchObject({
      code: 'LOCKED',
      todo: 'Stop that one.',
    });
    expect(hosts.get('local').command('ps')).toBe(`GEMEL_HOME=${home} gemel ps`);
    expect(() => hosts.get('other')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('ends a wait when it is cancelled', async () => {
    const hosts = openHosts();
    const abort = new AbortController();
    const waiting = hosts.until(() => false, { what: 'never', timeoutMs: 60_000, signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'REFUSED' });
  });
});
