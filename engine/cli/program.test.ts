import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InstanceStatus } from '../api/status.ts';
import { VERSION } from '../api/version.ts';
import { createInstance } from '../instance/host.ts';
import { runCommand } from './program.ts';

const instanceEntry = fileURLToPath(new URL('../instance/testing/instance-process.ts', import.meta.url));
let home: string;
let children: ChildProcess[];

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-cli-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
  fs.rmSync(home, { recursive: true, force: true });
});

async function gemel(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCommand(args, {
    home,
    terminal: { out: (text) => (out += text), err: (text) => (err += text), interactive: false },
  });
  return { code, out, err };
}

/** Creates an instance and runs the process of the tests for it until it answers. */
async function running(name: string): Promise<void> {
  const { directory } = await createInstance(home, { name, superserverPort: 0, webPort: 0 });
  const child = spawn(process.execPath, [instanceEntry, '--directory', directory], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  children.push(child);
  await once(child, 'message');
}

describe('the command line', () => {
  it('takes it quietly when nobody reads its output to the end', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ complaint, code }).toEqual({ complaint: '', code: 0 });
  });

  it('tells its version and helps', async () => {
    expect(await gemel('--version')).toEqual({ code: 0, out: `gemel ${VERSION}\n`, err: '' });
    const help = await gemel('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const each of ['instance', 'agent', 'db', 'mirror', 'shell', 'demo']) expect(help.out).toContain(each);
    expect((await gemel('mirror', 'create', '--help')).out).toContain('--arbiter');
    expect(await gemel('help', 'mirror')).toEqual(await gemel('mirror', '--help'));
  });

  it.each([
    [['instnce'], /^gemel: Unknown command 'instnce'.*instance/],
    [['instance', 'strat', 'x'], /^gemel: Unknown command 'strat'.*start/],
    [['instance', 'start'], /^gemel: Missing required argument 'name'\.\n$/],
    [['instance', 'list', '--jsn'], /^gemel: Unknown option '--jsn'.*--json/],
    [['instance', 'create', 'A', '--superserver-port', 'many'], /^gemel: .*A port is a number from 0 to 65535\.\n$/],
    [
      ['mirror', 'join', 'A', '--mirror', 'M', '--as', 'reporting', '--agent', 'h:1', '--via', 'B'],
      /^gemel: .*Allowed choices are failover, dr, reporting-ro, reporting-rw\.\n$/,
    ],
    [['task', 'list'], /^gemel: Unknown command 'task'/],
  ])('answers %j with one line and exit code 2', async (args, expected) => {
    const { code, out, err } = await gemel(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(expected);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('answers what is refused with one line and exit code 1', async () => {
    await createInstance(home, { name: 'A', superserverPort: 0, webPort: 0 });
    for (const args of [
      ['instance', 'start', 'nobody'],
      ['instance', 'stop', 'A'],
      ['instance', 'create', 'A'],
      ['db', 'list', 'A'],
      ['shell', 'A', '-c', 'W 1'],
      ['agent', 'stop'],
      ['instance', 'create', '9'],
      ['instance', 'create', 'B', '--listen', '203.0.113.77'],
      ['instance', 'create', 'B', '--dir', '/proc/nowhere/b'],
      ['agent', 'start', '--port', '0', '--listen', '203.0.113.77'],
    ]) {
      const { code, out, err } = await gemel(...args);
      expect({ args, code, out }).toEqual({ args, code: 1, out: '' });
      expect(err).toMatch(/^gemel: [^\n]+\n$/);
    }
  });

  it('creates, lists and deletes instances, for people and as JSON', async () => {
    expect(await gemel('instance', 'list')).toMatchObject({ code: 0, out: expect.stringContaining('no instances') });
    const created = JSON.parse(
      (await gemel('instance', 'create', 'one', '--superserver-port', '0', '--web-port', '0', '--json')).out,
    ) as unknown;
    expect(InstanceStatus.parse(created)).toEqual(created);
    expect(created).toMatchObject({ name: 'ONE', state: 'stopped', pid: null, mirrors: [] });
    expect(JSON.parse((await gemel('instance', 'list', '--json')).out)).toEqual([created]);
    expect(JSON.parse((await gemel('instance', 'status', 'one', '--json')).out)).toEqual(created);
    expect((await gemel('instance', 'list')).out).toMatch(/^NAME +STATE .*\nONE +stopped /);
    expect(await gemel('instance', 'delete', 'one')).toMatchObject({ code: 0, out: expect.stringContaining('were deleted') });
    expect(JSON.parse((await gemel('instance', 'list', '--json')).out)).toEqual([]);
  });

  it('talks to a running instance', async () => {
    await running('a');
    expect(JSON.parse((await gemel('instance', 'status', 'a', '--json')).out)).toMatchObject({ state: 'running', pid: children[0]?.pid });
    expect(await gemel('db', 'list', 'a', '--json')).toEqual({ code: 0, out: '[]\n', err: '' });
    expect(await gemel('mirror', 'status', 'a')).toEqual({ code: 1, out: '', err: 'gemel: The test engine does not do this.\n' });
    expect((await gemel('inventory')).out).toMatch(/\nA +127\.0\.0\.1:0/);
    expect(JSON.parse((await gemel('ps', '--json')).out)).toMatchObject([{ member: 'A', mark: '', instance: 'A', state: 'running' }]);
    expect(await gemel('instance', 'delete', 'a')).toMatchObject({ code: 1 });
    expect(await gemel('instance', 'stop', 'a', '--nofailover')).toEqual({ code: 0, out: 'Instance A is stopped.\n', err: '' });
  });

  it('tells of an agent that does not run', async () => {
    expect(JSON.parse((await gemel('agent', 'status', '--json')).out)).toEqual({
      state: 'stopped',
      pid: null,
      version: VERSION,
      port: 2188,
      address: null,
      home,
      arbiterFor: [],
    });
  });
});
