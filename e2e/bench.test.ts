import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BenchLine } from '../engine/cli/bench/line.ts';
import { until } from './support/until.ts';

const main = fileURLToPath(new URL('../engine/cli/main.ts', import.meta.url));
/** Its temporary files go here, so that what is left can be seen. */
let temporary: string;

beforeEach(() => {
  temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-e2e-'));
});

afterEach(() => {
  fs.rmSync(temporary, { recursive: true, force: true });
});

function bench(...args: string[]): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  const env = { ...process.env, TMPDIR: temporary };
  return spawn(process.execPath, [main, 'bench', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
}

/** Processes whose command line or surroundings name the temporary folder. */
function processesLeft(): string[] {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return ['cmdline', 'environ'].some((file) => fs.readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(temporary));
    } catch {
      // It ended while it was looked at, or belongs to somebody else.
      return false;
    }
  });
}

describe.skipIf(process.platform !== 'linux')('gemel bench', () => {
  it('prints each figure as a line, and leaves nothing behind', async () => {
    const child = bench('cpu', '--seconds', '1', '--json');
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => BenchLine.strict().parse(JSON.parse(line)));
    expect(lines.map(({ name, unit, goal, ok }) => ({ name, unit, goal, ok }))).toEqual([
      { name: 'cpu-50', unit: 's/million updates', goal: null, ok: true },
      { name: 'cpu-50x16', unit: 's/million updates', goal: null, ok: true },
    ]);
    for (const { value, context } of lines) {
      expect(value).toBeGreaterThan(0);
      expect(context).toMatchObject({ connections: 50, keys: 500_000, valueBytes: 32, errors: 0, firstError: null });
      for (const each of ['updates', 'journalBytes', 'writtenBytes', 'p50Ms', 'p99Ms', 'p999Ms']) expect(context[each]).toBeGreaterThan(0);
    }
    expect(fs.readdirSync(temporary)).toEqual([]);
    expect(processesLeft()).toEqual([]);
  });

  it('ends everything it has started when it is interrupted', async () => {
    const child = bench('memory');
    const complaint = text(child.stderr);
    child.stdout.resume();
    const closed = once(child, 'close');
    await until('the load runs', () => Promise.resolve(commandLines().some((line) => line.includes('load-process')) || undefined));
    expect(processesLeft().length).toBeGreaterThan(5);
    child.kill('SIGINT');
    expect(await closed).toEqual([1, null]);
    expect(await complaint).toBe('gemel: The benchmark was interrupted. What it had made is removed.\n');
    expect(fs.readdirSync(temporary)).toEqual([]);
    expect(processesLeft()).toEqual([]);
  });
});

/** Of the processes this test has started. */
function commandLines(): string[] {
  return processesLeft().flatMap((pid) => {
    try {
      return [fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}
