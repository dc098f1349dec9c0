import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from './command.ts';
import { type DebianHost, DebianPackages } from './debian.ts';
import { check, type Part, type PartResult, runParts, suite } from './parts.ts';
import { partLine, summary } from './summary.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gemel-runner-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function script(code: string): string[] {
  return ['--input-type=module', '-e', code];
}

/** A suite whose "reporter" writes `report` and which then ends with `code`. */
function suiteWriting(report: unknown, code: number): Part {
  return suite(
    'suite',
    script(`import { writeFileSync } from 'node:fs';
      writeFileSync(process.env.GEMEL_TEST_REPORT, ${JSON.stringify(JSON.stringify(report))});
      console.log('words of the suite'); process.exitCode = ${code};`),
  );
}

describe('a command', () => {
  it('gives its code and all it wrote', async () => {
    const result = await runCommand(process.execPath, script(`console.log('out'); console.error('err'); process.exitCode = 3`));
    expect(result).toMatchObject({ code: 3, timedOut: false });
    expect(result.output).toContain('out\n');
    expect(result.output).toContain('err\n');
  });

  it('is ended, with what it started, when it takes too long', async () => {
    const grandchild = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
    // The output closes only when the grandchild has gone as well.
    const result = await runCommand(process.execPath, ['-e', grandchild], { timeoutMs: 300 });
    expect(result).toMatchObject({ code: null, timedOut: true });
  });
});

describe('a command in the background', () => {
  it('stands behind all others', async () => {
    const low = `import os from 'node:os'; while (os.getPriority() !== os.constants.priority.PRIORITY_LOW); console.log('low');`;
    expect(await runCommand(process.execPath, script(low), { background: true, timeoutMs: 30_000 })).toMatchObject({
      code: 0,
      output: 'low\n',
    });
  });
});

describe('parts', () => {
  it('count a check as one test', async () => {
    expect((await check('good', script('')).run()).report).toEqual({ passed: 1, failed: [], skipped: [] });
    const bad = await check('bad', script(`console.log('what is wrong'); process.exitCode = 2`)).run();
    expect(bad.report).toEqual({ passed: 0, failed: ['bad: exit code 2'], skipped: [] });
    expect(bad.output).toContain('what is wrong');
  });

  it('take the counts of a suite from its reporter', async () => {
    const report = { passed: 5, failed: [], skipped: [{ name: 'a', reason: 'b' }] };
    expect(await suiteWriting(report, 0).run()).toMatchObject({ report, output: '' });
  });

  it('never take a suite for green that ended badly', async () => {
    expect((await suiteWriting({ passed: 5, failed: [], skipped: [] }, 1).run()).report.failed).toEqual(['suite: exit code 1']);
    expect((await suite('silent', script('')).run()).report.failed).toEqual(['silent: ended without a report (exit code 0)']);
    expect((await suite('killed', script(`process.kill(process.pid, 'SIGKILL')`)).run()).report.failed).toEqual([
      'killed: ended without a report (was ended by a signal)',
    ]);
    const slow = await suite('slow', script('setInterval(() => {}, 1000)'), { timeoutMs: 200 }).run();
    expect(slow.report.failed).toEqual(['slow: took longer than it may and was ended']);
  });

  it('run at most so many at once and keep their order', async () => {
    let running = 0;
    let most = 0;
    const part = (name: string, turns: number): Part => ({
      name,
      async run() {
        most = Math.max(most, ++running);
        for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
        running--;
        return result(name, {});
      },
    });
    const done: string[] = [];
    const results = await runParts([part('a', 50), part('b', 1), part('c', 1)], 2, ({ name }) => done.push(name));
    expect(results.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(done).toEqual(['b', 'c', 'a']);
    expect(most).toBe(2);
  });
});

function result(name: string, report: Partial<PartResult['report']>, output = ''): PartResult {
  return { name, report: { passed: 0, failed: [], skipped: [], ...report }, seconds: 1.25, output };
}

describe('the summary', () => {
  it('ends with the total alone on its line', () => {
    const reason = 'chromium is not installed';
    const skipped = ['x', 'y', 'z'].map((name) => ({ name, reason }));
    const text = summary([
      result('unit', { passed: 120, failed: [] }),
      result('browser', { passed: 3, skipped }),
      result('lint', { failed: ['lint: exit code 1'] }),
    ]);
    expect(text.split('\n').at(-1)).toBe('123 passed, 1 failed, 3 skipped');
    expect(text).toContain('browser: chromium is not installed (3 tests)');
    expect(text).toContain('  lint: exit code 1');
  });

  it('shows the output of a failed part', () => {
    expect(partLine(result('lint', { failed: ['lint: exit code 1'] }, 'line 1\nline 2\n'))).toMatch(
      /^FAILED {2}lint .*1\.[23] s\n {4}failed: lint: exit code 1\n {4}line 1\n {4}line 2\n$/,
    );
    expect(partLine(result('lint', { passed: 1 }))).toMatch(/^ok +lint/);
    expect(partLine(result('web', { skipped: [{ name: 'a', reason: 'b' }] }))).toMatch(/^skipped +web/);
  });
});

describe('Debian packages', () => {
  function host(overrides: Partial<DebianHost> & { codes?: number[] } = {}): DebianHost & { calls: string[]; said: string[] } {
    const calls: string[] = [];
    const said: string[] = [];
    const codes = [...(overrides.codes ?? [])];
    const apt = (args: string[]): Promise<CommandResult> => {
      calls.push(args.join(' '));
      return Promise.resolve({ code: codes.shift() ?? 0, timedOut: false, output: 'E: no space\n', seconds: 0 });
    };
    return { isRoot: true, hasApt: true, apt, say: (line) => void said.push(line), ...overrides, calls, said };
  }

  it('are installed after one update, and it says so', async () => {
    const machine = host();
    const debian = new DebianPackages(machine);
    expect(await debian.install(['chromium'])).toBeNull();
    expect(await debian.install(['xvfb'])).toBeNull();
    expect(machine.calls).toEqual([
      'update -qq',
      'install -y -qq --no-install-recommends chromium',
      'install -y -qq --no-install-recommends xvfb',
    ]);
    expect(machine.said[0]).toContain('chromium');
  });

  it('are not touched without root or apt, with the reason', async () => {
    const user = host({ isRoot: false });
    expect(await new DebianPackages(user).install(['chromium'])).toMatch(/only root can install it \(apt-get install chromium\)/);
    const other = host({ hasApt: false });
    expect(await new DebianPackages(other).install(['chromium'])).toMatch(/not a Debian system/);
    expect([...user.calls, ...other.calls]).toEqual([]);
  });

  it('give the reason when apt-get fails', async () => {
    expect(await new DebianPackages(host({ codes: [100] })).install(['chromium'])).toBe(
      'chromium is not installed, and apt-get update failed: E: no space',
    );
    expect(await new DebianPackages(host({ codes: [0, 100] })).install(['chromium'])).toBe(
      'chromium is not installed, and apt-get install failed: E: no space',
    );
  });
});
