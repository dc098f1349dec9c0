import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { realIo } from '../../io/index.ts';
import { openHooks, type HookClient, type Hooks } from './index.ts';

let directory: string;
let logged: string[];
let hooks: Hooks;

const open = (limits: { askMs?: number; notifyMs?: number } = {}): Hooks =>
  openHooks({
    directory,
    identity: { mirror: 'TEST', member: 'HOST_A', instance: 'A' },
    io: realIo,
    log: (severity, text) => logged.push(`${severity} ${text}`),
    ...limits,
  });
const write = (text: string): void => fs.writeFileSync(path.join(directory, 'ZMIRROR.mjs'), text);

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-hooks-'));
  logged = [];
  hooks = open();
});

afterEach(() => {
  hooks.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

it('no file, or no such function in it, is a yes', async () => {
  expect(await hooks.ask('canStart')).toEqual({ ok: true, why: 'There is no ZMIRROR.mjs.' });
  write('export const other = 1;');
  expect(await hooks.ask('check')).toEqual({ ok: true, why: 'ZMIRROR.mjs has no CheckBecomePrimaryOK.' });
  expect(logged).toEqual([]);
});

it.each([
  ['true', true],
  ['1', true],
  ['Promise.resolve(true)', true],
  ['false', false],
  ['0', false],
  ['undefined', false],
  ['"yes"', false],
  ['2', false],
])('what returns %s answers %s', async (value, ok) => {
  write(`export function CanNodeStartToBecomePrimary() { return ${value}; }`);
  expect((await hooks.ask('canStart')).ok).toBe(ok);
});

it.each([
  ['throws', 'export function CheckBecomePrimaryOK() { throw new Error("no network"); }', 'no network'],
  ['rejects', 'export const CheckBecomePrimaryOK = async () => { throw new Error("no network"); }', 'no network'],
  ['throws what is no error', 'export function CheckBecomePrimaryOK() { throw 7; }', '7'],
  ['is no function', 'export const CheckBecomePrimaryOK = true;', 'is no function'],
  ['cannot be parsed', 'export function {', 'SyntaxError'],
  ['imports what is not there', 'import "./none.mjs";', 'none.mjs'],
  ['ends its process', 'export function CheckBecomePrimaryOK() { process.exit(3); }', 'code 3'],
  [
    'throws later',
    'export function CheckBecomePrimaryOK() { setTimeout(() => { throw new Error("late"); }, 1); return new Promise(() => setInterval(() => {}, 1000)); }',
    'late',
  ],
  ['has nothing left to wait for', 'export function CheckBecomePrimaryOK() { return new Promise(() => undefined); }', 'code'],
  ['eats memory', 'export function CheckBecomePrimaryOK() { const all = []; for (;;) all.push(new Array(10000).fill(1)); }', 'memory'],
])('a check that %s is a no, and says why', async (_, text, why) => {
  write(text);
  const answer = await hooks.ask('check');
  expect(answer).toMatchObject({ ok: false, why: expect.stringContaining(why) });
});

it('one that never comes back is ended when its time is over, and this thread goes on meanwhile', async () => {
  hooks = open({ askMs: 300 });
  write('export function CanNodeStartToBecomePrimary() { for (;;); }');
  let turns = 0;
  const counting = setInterval(() => turns++, 5);
  const answer = await hooks.ask('canStart');
  clearInterval(counting);
  expect(answer).toMatchObject({ ok: false, why: expect.stringContaining('within 0.3 seconds') });
  expect(turns).toBeGreaterThan(3);
});

it('a corrected file counts at the next question', async () => {
  write('export function CheckBecomePrimaryOK() { return false; }');
  expect((await hooks.ask('check')).ok).toBe(false);
  write('export function CheckBecomePrimaryOK() { return true; }');
  expect((await hooks.ask('check')).ok).toBe(true);
});

it('knows who it is called for and writes lines into the log', async () => {
  write(
    'export function CanNodeStartToBecomePrimary({ mirror, member, instance, log, client }) { log(`${mirror} ${member} ${instance} ${client}`); return true; }',
  );
  expect((await hooks.ask('canStart')).ok).toBe(true);
  expect(logged).toEqual(['0 [HOOK] CanNodeStartToBecomePrimary: TEST HOST_A A undefined']);
});

it('the check writes through its client, gets replies and errors, and nothing more once it has answered', async () => {
  const commands: string[][] = [];
  const client: HookClient = {
    command: async (args) => {
      commands.push([...args]);
      if (args[0] === 'BAD') throw new Error('-ERR unknown command');
      return [1, 'a', null];
    },
  };
  write(`export async function CheckBecomePrimaryOK({ client, log }) {
    log(JSON.stringify(await client.command('GSET', '^a(1)', 2)));
    await client.command('BAD').catch((error) => log(error.message));
    return true;
  }`);
  expect((await hooks.ask('check', client)).ok).toBe(true);
  expect(commands).toEqual([['GSET', '^a(1)', '2'], ['BAD']]);
  expect(logged.map((line) => line.split(': ')[1])).toEqual(['[1,"a",null]', '-ERR unknown command']);
});

it('a question nobody waits for any more is ended with a no, quietly, and writes nothing after it', async () => {
  const reached = Promise.withResolvers<void>();
  const held = Promise.withResolvers<null>();
  let commands = 0;
  const client: HookClient = {
    command: () => {
      commands++;
      reached.resolve();
      return held.promise;
    },
  };
  write(`export async function CheckBecomePrimaryOK({ client }) { await client.command('A'); await client.command('B'); return true; }`);
  const answer = hooks.ask('check', client);
  await reached.promise;
  hooks.cancel();
  expect(await answer).toMatchObject({ ok: false, why: expect.stringContaining('was ended') });
  held.resolve(null);
  write('export function CheckBecomePrimaryOK() { return true; }');
  expect((await hooks.ask('check', client)).ok).toBe(true);
  expect([commands, logged]).toEqual([1, []]);
});

it('asked anew, the older question is ended', async () => {
  write('export function CanNodeStartToBecomePrimary() { return new Promise(() => setInterval(() => {}, 1000)); }');
  const older = hooks.ask('canStart');
  const newer = hooks.ask('canStart');
  expect(await older).toMatchObject({ ok: false, why: expect.stringContaining('was ended') });
  hooks.cancel();
  expect((await newer).ok).toBe(false);
});

it('notifications run on their own; a failed one is logged', async () => {
  write(`import fs from 'node:fs';
  export function NotifyBecomePrimary({ member }) { fs.writeFileSync(${JSON.stringify(path.join(directory, 'told'))}, member); }
  export function NotifyBecomePrimaryFailed() { throw new Error('mail server away'); }`);
  hooks.notify('became');
  hooks.cancel();
  await expect
    .poll(() => fs.existsSync(path.join(directory, 'told')) && fs.readFileSync(path.join(directory, 'told'), 'utf8'), { timeout: 10_000 })
    .toBe('HOST_A');
  hooks.notify('failed');
  await expect
    .poll(() => logged, { timeout: 10_000 })
    .toEqual([expect.stringContaining('2 [HOOK_FAILED] NotifyBecomePrimaryFailed of ZMIRROR.mjs failed: Error: mail server away')]);
});

it('a notification that takes too long is ended', async () => {
  hooks = open({ notifyMs: 200 });
  write('export function NotifyBecomePrimary() { for (;;); }');
  hooks.notify('became');
  await expect.poll(() => logged, { timeout: 10_000 }).toEqual([expect.stringContaining('within 0.2 seconds')]);
});

it('the sample says yes and writes who is primary', async () => {
  fs.copyFileSync(new URL('../../../resources/hooks/ZMIRROR.mjs', import.meta.url), path.join(directory, 'ZMIRROR.mjs'));
  const commands: string[][] = [];
  const client: HookClient = {
    command: async (args) => {
      commands.push([...args]);
      return 'OK';
    },
  };
  expect((await hooks.ask('canStart')).ok).toBe(true);
  expect((await hooks.ask('check', client)).ok).toBe(true);
  expect(commands).toEqual([['GSET', '^app("primary")', 'HOST_A']]);
  hooks.notify('became');
  hooks.notify('failed');
  await expect.poll(() => logged, { timeout: 10_000 }).toHaveLength(3);
});
