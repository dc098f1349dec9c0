import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { LostReport, LostUpdate } from '../engine/api/lost.ts';
import { runCommand } from '../engine/cli/program.ts';
import { RespClient } from '../engine/cli/resp-client.ts';
import { instancePaths } from '../engine/instance/host.ts';
import { asyncOf, inStep, times } from './asyncs-support.ts';
import { stopAgent } from './stop-agent.ts';
import { get, sameDatabases, set } from './support/acknowledged.ts';
import type { Pair, TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

// A force waits for a minute: all do that side by side.
vi.setConfig({ maxConcurrency: 3 });

/** What a command prints on standard output; its refusal when it is one. */
async function gemel(member: TestMember, ...args: string[]): Promise<string> {
  let out = '';
  let err = '';
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text), interactive: false };
  await runCommand(args, { home: member.home, terminal });
  return out + err;
}

type Line = LostUpdate & { readonly state: string };

/** The newest report of lost updates. */
async function lostOn(member: TestMember): Promise<{ report: LostReport; updates: Line[] }> {
  const [report, ...updates] = (await gemel(member, 'mirror', 'lost', 'export', member.name))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  return { report: report as LostReport, updates: updates as Line[] };
}

/** A primary that worked on alone, has it all in its databases, and whose host then fails; the other member is forced to be primary. */
async function forcedWithout({ a, b }: Pair, alone: (client: RespClient) => Promise<void>): Promise<void> {
  await b.kill();
  await a.sees({ B: 'Down' });
  const client = await RespClient.connect('127.0.0.1', a.port);
  await alone(client);
  // Its databases contain it.
  await a.call('db.verify', { name: 'DB' });
  client.close();
  await stopAgent(a.home);
  await a.kill();
  await b.start();
  await b.sees({ B: 'Waiting' });
  await gemel(b, 'mirror', 'force-primary', 'B', '--yes');
  await b.sees({ B: 'Primary' });
}

const node = (name: string): string => `^|"DB"|${name}`;

describe.concurrent('a former primary whose databases contain what the mirror went on without', () => {
  it('is rewound and joins as backup; each lost update is in a report, with what became of it', async ({ onTestFinished }) => {
    const pair = await pairOfTest({ arbiter: false }, onTestFinished);
    const { a, b, ready } = pair;
    for (const name of ['kept', 'changed', 'gone', 'tree(1)', 'tree(1,2)']) expect(await set(a, name, 'before')).toBe('OK');
    await forcedWithout(pair, async (client) => {
      await client.command('GSET', node('kept'), 'lost');
      await client.command('TSTART');
      await client.command('GSET', node('changed'), 'lost');
      await client.command('GSET', node('gone'), 'lost');
      await client.command('TCOMMIT');
      await client.command('GKILL', node('tree'));
      await client.command('TSTART');
      await client.command('GSET', node('open'), 'lost');
      await client.command('JSYNC');
    });
    expect(await set(b, 'changed', 'anew')).toBe('OK');
    const other = await RespClient.connect('127.0.0.1', b.port);
    await other.command('GKILL', node('gone'));
    other.close();
    await a.startAgent();
    await a.start();
    await ready(b);
    await sameDatabases(pair);
    expect(await get(a, 'kept')).toBe('before');
    expect(times(a, 'REWOUND')).toBeGreaterThan(0);
    expect(times(a, 'LOST_UPDATES')).toBe(1);
    const { report, updates } = await lostOn(a);
    expect(report).toMatchObject({ mirror: 'TEST', rewound: true, single: 1, incomplete: null });
    for (const file of [report.path, ...report.sideFiles]) expect(fs.existsSync(file)).toBe(true);
    expect(report.sideFiles.length).toBeGreaterThan(0);
    const shown = updates.map(({ reference, old, new: becomes, outcome, state }) => [reference, old, becomes, outcome, state]);
    expect(shown.filter(([reference]) => reference !== '^open')).toEqual([
      ['^kept', 'before', 'lost', 'single', 'unchanged'],
      ['^changed', 'before', 'lost', 'committed', 'overwritten'],
      ['^gone', 'before', 'lost', 'committed', 'deleted'],
      ['^tree(1)', 'before', null, 'committed', 'unchanged'],
      ['^tree(1,2)', 'before', null, 'committed', 'unchanged'],
    ]);
    expect(shown.some(([reference, , , outcome]) => reference === '^open' && outcome !== 'committed')).toBe(true);
    expect(await gemel(a, 'mirror', 'lost', 'list', 'A')).toContain(report.report);
    expect(await gemel(a, 'mirror', 'lost', 'show', 'A')).toMatch(/\^changed +before +lost +overwritten/);
    const [kept, anew, tree] = ['^kept', '^changed', '^tree(1)'].map(
      (name) => updates.find(({ reference }) => reference === name)?.id ?? '',
    );
    const replay = (...args: string[]): Promise<string> => gemel(a, 'mirror', 'lost', 'replay', 'A', report.report, ...args);
    expect(await replay('--all')).toMatch(new RegExp(`${kept} .*would be replayed[\\s\\S]*${anew} .*changed since[\\s\\S]*--yes`));
    expect(await get(b, 'kept')).toBe('before');
    expect(await replay('--transaction', String(kept), String(tree), '--yes')).toMatch(/replayed[\s\S]*replayed/);
    expect(await replay('--transaction', String(anew), '--yes')).toContain('have changed since');
    expect([await get(b, 'kept'), await get(b, 'changed'), await get(b, 'tree(1,2)')]).toEqual(['lost', 'anew', 'null']);
    expect(await replay('--transaction', String(anew), '--yes', '--even-if-changed')).toContain('replayed');
    expect([await get(b, 'changed'), await get(b, 'gone')]).toEqual(['lost', 'lost']);
    expect(await replay('--all', '--yes')).toMatch(/there already/);
    expect(await replay('--transaction', 'T9.9.9')).toContain('has no T9.9.9');
    await sameDatabases(pair);
    expect(new Set((await lostOn(a)).updates.filter(({ outcome }) => outcome !== 'open').map(({ state }) => state))).toContain('same');
    // The other way round all works as ever.
    await b.kill();
    await a.sees({ A: 'Primary' });
    expect(await set(a, 'after', '1')).toBe('OK');
  });

  it('as an async: it is rewound and follows', async ({ onTestFinished }) => {
    const pair = await pairOfTest({ arbiter: false }, onTestFinished);
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    expect(await set(a, 'x', 'before')).toBe('OK');
    await forcedWithout(pair, async (client) => {
      await client.command('GSET', node('x'), 'lost');
      await until('the async has it', async () => (await get(c, 'x')) === 'lost');
    });
    expect(await set(b, 'y', '1')).toBe('OK');
    await c.sees({ B: 'Primary', C: 'Connected' });
    await inStep(c, b);
    expect([await get(c, 'x'), await get(c, 'y')]).toEqual(['before', '1']);
    expect(await lostOn(c)).toMatchObject({ report: { rewound: true }, updates: [{ reference: '^x', new: 'lost', state: 'unchanged' }] });
    await a.startAgent();
    await a.start();
    await ready(b);
    await sameDatabases(pair, c);
  });
});

describe.concurrent('a former primary that cannot be rewound', () => {
  it('is Crashed, says why, serves no reads, also after a restart; rebuilt, it has what the mirror has, and nothing was deleted', async ({
    onTestFinished,
  }) => {
    const pair = await pairOfTest({ arbiter: false }, onTestFinished);
    const { a, b, ready } = pair;
    expect(await set(a, 'x', 'before')).toBe('OK');
    await forcedWithout(pair, async (client) => {
      await client.command('GSET', node('x'), 'lost');
      await a.call('journal.switch', {});
      await client.command('GSET', node('y'), 'lost');
    });
    const journal = instancePaths(a.directory).journal;
    // What is needed to go back to where the histories part.
    const [needed] = fs.readdirSync(journal).filter((name) => /^MIRROR-TEST-\d{8}\.\d+$/.test(name));
    fs.renameSync(path.join(journal, String(needed)), path.join(a.home, 'gone'));
    await a.startAgent();
    await a.start();
    await a.sees({ A: 'Crashed' });
    expect(a.messages()).toMatch(/ 1 \[INCONSISTENT_DETAIL\] .*\n.* 2 \[INCONSISTENT\] .*TEST/);
    expect([await get(a, 'x'), await get(a, 'y')]).toEqual(['DATABASE', 'DATABASE']);
    await a.stop();
    await a.start();
    await a.sees({ A: 'Crashed' });
    expect(await get(a, 'x')).toBe('DATABASE');
    expect(times(a, 'INCONSISTENT')).toBe(2);

    expect(await gemel(b, 'mirror', 'rebuild', 'B')).toContain('This member is primary');
    expect(await gemel(a, 'mirror', 'rebuild', 'A', '--from', 'A')).toContain('[REBUILD_REFUSED]');
    await a.sees({ A: 'Crashed' });
    const told = await gemel(a, 'mirror', 'rebuild', 'A', '--from', 'B');
    expect(told).toMatch(/^1 [\s\S]*\n5 [\s\S]*This member is rebuilt/);
    await ready(b);
    await sameDatabases(pair);
    expect([await get(a, 'x'), await get(a, 'y')]).toEqual(['before', 'null']);
    const aside = told.match(/\S*before-rebuild-\S+[^,\s]/g) ?? [];
    expect(aside.length).toBe(2);
    for (const directory of aside) expect(fs.readdirSync(directory).length).toBeGreaterThan(0);
    await b.kill();
    await a.sees({ A: 'Primary' });
    expect(await set(a, 'z', '1')).toBe('OK');
  });
});
