import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instanceMethods, instanceTopics } from '../api/contract.ts';
import { connectControl } from '../api/rpc/index.ts';
import { checkInstanceDirectory, instancePaths } from './directory.ts';
import { inventory } from './inventory.ts';
import { createInstance, deleteInstance, forceDown, startInstance, stopInstance } from './lifecycle.ts';
import { acquireLock, probeLock, provenHolder } from './lock.ts';
import { readMessages } from './messages.ts';
import { updateSettings } from './settings.ts';

const entry = fileURLToPath(new URL('./testing/instance-process.ts', import.meta.url));
let home: string;

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-home-'));
});

afterEach(async () => {
  for (const { directory } of await inventory(home)) {
    if (probeLock(instancePaths(directory).run).held) await forceDown(directory);
  }
  fs.rmSync(home, { recursive: true, force: true });
});

const create = (name = 'a') => createInstance(home, { name, superserverPort: 0, webPort: 0 });
const start = (name = 'a') => startInstance(home, name, { entry });
const states = async () => Object.fromEntries((await inventory(home)).map((each) => [each.name, each.state]));
const messages = (name: string) =>
  readMessages(path.join(home, 'instances', name, 'mgr', 'messages.log'), 99).map((m) => `${m.severity} ${m.text}`);
const behave = (name: string, Test: string) =>
  updateSettings(path.join(home, 'instances', name, 'gemel.cpf'), (settings) => ({ ...settings, config: { Test } }));

async function connect(name = 'A') {
  return connectControl(path.join(home, 'instances', name, 'run', 'control.sock'), instanceMethods, instanceTopics);
}

describe('the life of an instance', () => {
  it('is created, started, stopped, restarted and deleted', async () => {
    expect(await create()).toMatchObject({ name: 'A', state: 'stopped', pid: null });
    const started = await start();
    expect(started).toMatchObject({ name: 'A', state: 'running' });
    expect(started.pid).toBe(provenHolder(path.join(started.directory, 'run'))?.pid);
    await expect(start()).rejects.toMatchObject({ code: 'RUNNING', what: expect.stringContaining(String(started.pid)) });
    expect(() => deleteInstance(home, 'A')).toThrow(expect.objectContaining({ code: 'RUNNING' }));

    const restarted = await stopInstance(home, 'A', { restart: true, entry });
    expect(restarted.state).toBe('running');
    expect(restarted.pid).not.toBe(started.pid);

    expect(await stopInstance(home, 'a', { nofailover: true })).toMatchObject({ state: 'stopped', pid: null });
    await expect(stopInstance(home, 'A')).rejects.toMatchObject({ code: 'NOT_RUNNING' });
    expect(messages('A')).toEqual(expect.arrayContaining(['0 Handed over.', '0 No hand-over.', '0 The instance is stopped.']));

    deleteInstance(home, 'A');
    expect(fs.existsSync(started.directory)).toBe(false);
    expect(await inventory(home)).toEqual([]);
  });

  it('chooses ports that no other instance has', async () => {
    const ports = [];
    for (const name of ['x', 'y', 'z']) ports.push((await createInstance(home, { name })).superserverPort);
    expect(new Set(ports).size).toBe(3);
  });

  it('refuses names that are taken or impossible, and directories that are not empty', async () => {
    await create();
    await expect(create('A')).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(create('1st')).rejects.toMatchObject({ code: 'NAME' });
    await expect(createInstance(home, { name: 'B', directory: home })).rejects.toMatchObject({ code: 'EXISTS' });
    expect(await states()).toEqual({ A: 'stopped' });
    await expect(start('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND', todo: expect.stringContaining('A') });
  });

  it('tells whoever started it why it could not start', async () => {
    await create();
    behave('A', 'refuse');
    await expect(start()).rejects.toMatchObject({ code: 'PORT_IN_USE', what: 'Port 1 is in use.', todo: 'Choose another.' });
    expect(messages('A').at(-1)).toMatch(/^3 .*Port 1 is in use/);
    behave('A', 'crash');
    await expect(start()).rejects.toMatchObject({ code: 'INTERNAL', what: expect.stringContaining('exit code 9') });
    expect(await states()).toEqual({ A: 'stopped' });
  });

  it('shows as starting until it answers, and can be forced down then', async () => {
    await create();
    behave('A', 'slow');
    await expect(startInstance(home, 'A', { entry, timeoutMs: 1500 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect.poll(() => states()).toEqual({ A: 'starting' });
    await expect(stopInstance(home, 'A')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(await stopInstance(home, 'A', { force: true })).toMatchObject({ state: 'stopped' });
  });

  it('shows as hung when it is alive and does not answer, and as stopped once killed', async () => {
    await create();
    const { pid } = await start();
    expect(pid).toBeTypeOf('number');
    process.kill(pid ?? 0, 'SIGSTOP');
    expect(await states()).toEqual({ A: 'hung' });
    await forceDown(path.join(home, 'instances', 'A'));
    expect(await states()).toEqual({ A: 'stopped' });
    expect(await start()).toMatchObject({ state: 'running' });
  });

  it('ends in order at SIGTERM and at its engine’s wish', async () => {
    await create();
    const { pid } = await start();
    const first = await connect();
    const gone = new Promise<void>((resolve) => first.onClose(resolve));
    process.kill(pid ?? 0, 'SIGTERM');
    await gone;
    await expect.poll(() => states()).toEqual({ A: 'stopped' });
    await start();
    const second = await connect();
    const goneToo = new Promise<void>((resolve) => second.onClose(resolve));
    await second.call('mirror.clearNoFailover', {});
    await goneToo;
    await expect.poll(() => states()).toEqual({ A: 'stopped' });
    expect(messages('A').filter((m) => m === '0 Handed over.')).toHaveLength(2);
  });

  it('leaves a severity 3 message when it fails, and ends', async () => {
    await create();
    await start();
    const client = await connect();
    const gone = new Promise<void>((resolve) => client.onClose(resolve));
    await client.call('mirror.setNoFailover', {});
    await gone;
    await expect.poll(() => states()).toEqual({ A: 'stopped' });
    expect(messages('A').at(-1)).toMatch(/^3 .*planted bug/);
    behave('A', 'fail-stop');
    await start();
    await stopInstance(home, 'A');
    expect(messages('A').at(-1)).toMatch(/^3 .*the disk is gone/);
  });
});

describe('the directory', () => {
  const damage: [string, (directory: string) => void, string, RegExp][] = [
    ['is gone', (d) => fs.rmSync(d, { recursive: true }), 'NOT_FOUND', /There is no directory/],
    ['has lost its settings', (d) => fs.rmSync(path.join(d, 'gemel.cpf')), 'DAMAGED', /settings file .* is missing/],
    [
      'has lost its journal',
      (d) => fs.rmSync(path.join(d, 'mgr', 'journal'), { recursive: true }),
      'DAMAGED',
      /journal of the instance is missing/,
    ],
    [
      'is something else',
      (d) => (fs.rmSync(d, { recursive: true }), fs.mkdirSync(path.join(d, 'photos'), { recursive: true })),
      'FOREIGN',
      /no gemel\.cpf/,
    ],
    ['is a file', (d) => (fs.rmSync(d, { recursive: true }), fs.writeFileSync(d, '')), 'NOT_FOUND', /There is no directory/],
  ];
  it.each(damage)('is refused when it %s', async (_name, harm, code, text) => {
    const { directory } = await create();
    harm(directory);
    await expect(start()).rejects.toMatchObject({ code, what: expect.stringMatching(text) });
    expect((await inventory(home))[0]?.problem).toMatch(text);
  });

  it('passes the check when sound', async () => {
    const { directory } = await create();
    expect(checkInstanceDirectory(directory).settings).toMatchObject({ Databases: { USER: 'user' }, Namespaces: { USER: 'USER' } });
  });
});

describe('the lock', () => {
  const lockModule = JSON.stringify(new URL('./lock.ts', import.meta.url).href);

  /** Another process that takes the lock of `run`, says `held` and stays. */
  async function otherHolder(run: string): Promise<ChildProcess> {
    const program = `const { acquireLock } = await import(${lockModule}); globalThis.kept = acquireLock(${JSON.stringify(run)}, 'instance'); console.log('held'); process.stdin.resume();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  }

  it('is held by one process at a time and free the moment that one is killed', async () => {
    const run = path.join(home, 'run');
    expect(probeLock(run)).toEqual({ held: false });
    const child = await otherHolder(run);
    expect(probeLock(run)).toMatchObject({ held: true, holder: { pid: child.pid, phase: 'starting' } });
    expect(provenHolder(run)?.pid).toBe(child.pid);
    expect(() => acquireLock(run, 'agent')).toThrow(
      expect.objectContaining({ code: 'LOCKED', what: expect.stringContaining(String(child.pid)) }),
    );
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    expect(probeLock(run)).toEqual({ held: false });
    const lock = acquireLock(run, 'agent');
    expect(provenHolder(run)?.pid).toBe(process.pid);
    lock.release();
    expect(probeLock(run)).toEqual({ held: false });
  });

  it('proves nothing about a process number that now belongs to another process', async () => {
    const run = path.join(home, 'run');
    const lock = acquireLock(run, 'instance');
    const file = path.join(run, 'holder');
    const holder = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
    fs.writeFileSync(file, JSON.stringify({ ...holder, identity: 'another boot/1' }));
    expect(probeLock(run).held).toBe(true);
    expect(provenHolder(run)).toBeUndefined();
    lock.release();
  });
});
