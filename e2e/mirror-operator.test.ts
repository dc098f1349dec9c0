import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WhatIf } from '../engine/api/status.ts';
import { runCommand } from '../engine/cli/program.ts';
import { RespClient } from '../engine/cli/resp-client.ts';
import { get, sameDatabases, set } from './support/acknowledged.ts';
import { startTestAgent, type TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { stopAgent } from './stop-agent.ts';

/** One command of the command line on a member's host. */
async function gemel(member: TestMember, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text), interactive: false };
  const code = await runCommand(args, { home: member.home, terminal });
  return { code, out, err };
}

/** What `--json` printed of a refusal. */
function refusal(out: string): { condition: string; facts: Record<string, unknown> } {
  return (JSON.parse(out) as { error: { condition: string; facts: Record<string, unknown> } }).error;
}

// A force waits for a minute.
describe.concurrent('forcing a member to become primary', () => {
  it('is refused without a yes, with what it would mean; with one it becomes primary when nobody answers, and the other joins it', async ({
    onTestFinished,
  }) => {
    const { a, b, ready } = await pairOfTest({ arbiter: false }, onTestFinished);
    expect(await set(a, 'before', '1')).toBe('OK');
    await b.sees({ B: 'Backup' });
    expect(refusal((await gemel(b, 'mirror', 'force-primary', 'B', '--json')).out).condition).toBe('PRIMARY_EXISTS');
    // The whole host of A.
    await stopAgent(a.home);
    await a.kill();
    await b.sees({ B: 'Waiting' });
    const asked = await gemel(b, 'mirror', 'force-primary', 'B', '--json');
    expect(asked.code).toBe(1);
    const { condition, facts } = refusal(asked.out);
    expect(condition).toBe('FORCE_NOT_CONFIRMED');
    expect(facts).toMatchObject({ wasActive: 1, file: expect.any(Number), offset: expect.any(Number) });
    expect(fs.existsSync(String(facts['path']))).toBe(true);
    const told = await gemel(b, 'mirror', 'force-primary', 'B');
    expect(told.out).toContain('was an active backup');
    expect(told.out).toContain(String(facts['path']));
    expect(told.err).toContain('[FORCE_NOT_CONFIRMED]');
    await b.sees({ B: 'Waiting' });

    expect(await gemel(b, 'mirror', 'force-primary', 'B', '--yes')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/For 60 s .*\n.*is primary now\.\n$/) as string,
    });
    expect(await set(b, 'after', '1')).toBe('OK');
    expect(b.messages()).toMatch(/\[FORCED\] .*\(wasActive=1/);
    await a.startAgent();
    await a.start();
    await ready(b);
    await sameDatabases({ a, b });
    expect(await get(b, 'before')).toBe('1');
  });

  it('is refused while the agent of the other host answers', async ({ onTestFinished }) => {
    const { a, b } = await pairOfTest({ arbiter: false }, onTestFinished);
    await a.stop({ nofailover: true });
    await b.sees({ B: 'Waiting' });
    const tried = await gemel(b, 'mirror', 'try-primary', 'B', '--json');
    expect(refusal(tried.out).condition).toBe('NO_FAILOVER');
    const forced = await gemel(b, 'mirror', 'force-primary', 'B', '--yes', '--json');
    expect(refusal(forced.out).condition).toBe('FORCE_REFUSED');
    expect(await set(b, 'x', '1')).toBe('PROTECT');
  });
});

describe('a primary that is cut off', () => {
  it('is not resumed while that makes no sense', async () => {
    const { a, b } = await pairOfTest({ arbiter: false });
    const refused = async (member: TestMember) =>
      refusal((await gemel(member, 'mirror', 'resume-primary', member.name, '--yes', '--json')).out).condition;
    expect(await refused(a)).toBe('NOT_IN_TROUBLE');
    expect(await refused(b)).toBe('NOT_IN_TROUBLE');
  });
});

describe('mirroring that is stopped', () => {
  it('stays stopped through a restart, and is refused on the primary', async () => {
    const { a, b, ready } = await pairOfTest();
    expect(refusal((await gemel(a, 'mirror', 'stop', 'A', '--json')).out).condition).toBe('PRIMARY_CANNOT_STOP');
    expect(await gemel(b, 'mirror', 'stop', 'B')).toMatchObject({ code: 0 });
    expect((await b.sees({ B: 'Stopped' })).arbiter.connectionStatus).toBe('This member is not connected to the arbiter');
    expect(await set(a, 'x', '1')).toBe('OK');
    await b.stop();
    await b.start();
    await b.sees({ B: 'Stopped' });
    expect(await gemel(b, 'mirror', 'start', 'B')).toMatchObject({ code: 0 });
    await ready(a);
    await sameDatabases({ a, b });
  });
});

describe('the arbiter', () => {
  it('is changed, taken away and given while the mirror works, and the QoS timeout too', async () => {
    const { a, b, root, ready, arbiterAddress } = await pairOfTest();
    const client = await RespClient.connect('127.0.0.1', a.port);
    const keeps = async (): Promise<void> => void expect(await client.command('GSET', '^|"DB"|x', String(performance.now()))).toBe('OK');
    expect(refusal((await gemel(b, 'mirror', 'edit', 'B', '--arbiter', 'none', '--json')).out).condition).toBe('NOT_PRIMARY');
    const mode = (address: string | null, failoverMode: string) =>
      Promise.all(
        [a, b].map((member) =>
          member.waitFor(
            `${failoverMode} with ${address ?? 'none'}`,
            ({ mirror }) =>
              mirror?.arbiter.address === (address?.replace(/:(\d+)$/, '|$1') ?? null) && mirror.arbiter.failoverMode === failoverMode,
          ),
        ),
      );
    const other = await startTestAgent(path.join(root, 'other-arbiter'));
    expect(await gemel(a, 'mirror', 'edit', 'A', '--arbiter', other)).toMatchObject({ code: 0, err: '' });
    await keeps();
    await mode(other, 'Arbiter Controlled');
    expect(await gemel(a, 'mirror', 'edit', 'A', '--arbiter', 'none')).toMatchObject({ code: 0, err: '' });
    await keeps();
    await mode(null, 'Agent Controlled');
    expect(await gemel(a, 'mirror', 'edit', 'A', '--arbiter', String(arbiterAddress), '--qos', '2500')).toMatchObject({
      code: 0,
      out: expect.stringContaining('2500 ms'),
    });
    await keeps();
    await mode(arbiterAddress, 'Arbiter Controlled');
    await ready(a);
    client.close();
    const foretold = (JSON.parse((await gemel(b, 'mirror', 'status', 'B', '--what-if', '--json')).out) as WhatIf[]).find(
      (each) => each.fault === 'primary-killed',
    );
    expect(foretold).toMatchObject({ outcome: 'backup-takes-over', primary: 'B', dataAtRisk: 'none', facts: { agentOfPrimary: 'yes' } });
    await a.kill();
    await b.sees({ B: 'Primary' });
    expect(refusal((await gemel(a, 'mirror', 'status', 'A', '--what-if', '--json')).out)).toMatchObject({ condition: null });
  });
});

describe('a mirrored database that cannot be mounted', () => {
  it('keeps its member from taking over; restored, the member takes over', async () => {
    const { a, b, ready } = await pairOfTest();
    const file = path.join(b.directory, 'db', 'GEMEL.DAT');
    await b.stop();
    fs.renameSync(file, `${file}.away`);
    await b.start();
    await a.sees({ B: 'Backup' });
    expect(refusal((await gemel(a, 'mirror', 'switch-over', 'A', '--json')).out).condition).toBe('BACKUP_NOT_ABLE');
    await a.kill();
    await b.sees({ B: 'Waiting' });
    expect(b.messages()).toMatch(/\[CANNOT_TAKE_OVER\] The mirrored database DB is not mounted/);
    await b.stop();
    fs.renameSync(`${file}.away`, file);
    await b.start();
    await b.sees({ B: 'Primary' });
    await a.start();
    await ready(b);
  });
});

describe('the hooks of an administrator', () => {
  it('keep a member from becoming primary until they say yes, and one of them writes before any user may', async () => {
    const { a, b, ready } = await pairOfTest({ arbiter: false });
    const hooks = path.join(b.directory, 'ZMIRROR.mjs');
    const flag = path.join(b.directory, 'go');
    fs.writeFileSync(
      hooks,
      `import fs from 'node:fs';
       export function CanNodeStartToBecomePrimary() { return true; }
       export async function CheckBecomePrimaryOK({ client, mirror }) {
         await client.command('GSET', '^|"DB"|hook', mirror);
         return true;
       }
       export function NotifyBecomePrimary() { fs.writeFileSync(${JSON.stringify(flag)}, 'became'); }`,
    );
    await a.call('mirror.switchOver', {});
    await b.sees({ B: 'Primary' });
    expect(await get(b, 'hook')).toBe('TEST');
    await expect.poll(() => fs.existsSync(flag), { timeout: 10_000 }).toBe(true);
    await ready(b);
    await sameDatabases({ a, b });

    fs.writeFileSync(path.join(a.directory, 'ZMIRROR.mjs'), 'export const CanNodeStartToBecomePrimary = () => false;');
    await b.kill();
    await a.sees({ A: 'Transition' });
    await expect.poll(() => a.messages(), { timeout: 10_000 }).toContain('[HOOK_SAID_NO]');
    expect(await set(a, 'x', '1')).toBe('PROTECT');
    fs.writeFileSync(path.join(a.directory, 'ZMIRROR.mjs'), '');
    expect(await gemel(a, 'mirror', 'try-primary', 'A')).toMatchObject({ code: 0 });
    await a.sees({ A: 'Primary' });
    expect(await get(a, 'hook')).toBe('TEST');
  });
});
