import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { endWorld, makeWorld } from '../engine/cli/demo/world.ts';

const main = fileURLToPath(new URL('../engine/cli/main.ts', import.meta.url));

/** Processes whose command line names `root`. */
function processesOf(root: string): string[] {
  const commands = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return commands.filter((pid) => {
    try {
      return (
        fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(root) ||
        fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`GEMEL_HOME=${root}`)
      );
    } catch {
      // It ended while it was looked at, or belongs to somebody else.
      return false;
    }
  });
}

describe('gemel demo', () => {
  it('does the whole walk and ends; what it was told to keep goes on until it is ended', { timeout: 240_000 }, async () => {
    const child = spawn(process.execPath, [main, 'demo', '--keep', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const result = JSON.parse(out) as { ok: boolean; root: string | null; steps: { title: string; ok: boolean; detail: string }[] };
    expect(result.steps.filter((step) => !step.ok)).toEqual([]);
    expect({ ok: result.ok, code, err }).toEqual({ ok: true, code: 0, err: '' });
    expect(result.steps.length).toBeGreaterThan(20);
    const world = makeWorld(result.root ?? '');
    try {
      expect(await world.nodes.one.mirror()).toMatchObject({ mirror: 'DEMO' });
    } finally {
      await endWorld(world);
    }
    expect(fs.existsSync(world.root)).toBe(false);
    if (process.platform === 'linux') expect(processesOf(world.root)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('cleans up when it is interrupted', { timeout: 120_000 }, async () => {
    const child = spawn(process.execPath, [main, 'demo'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const complaint = text(child.stderr);
    const closed = once(child, 'close');
    let root = '';
    for await (const line of createInterface({ input: child.stdout })) {
      root ||= /runs in (\S+?),/.exec(line)?.[1] ?? '';
      if (line.includes('[ok]')) break;
    }
    expect(processesOf(root).length).toBeGreaterThanOrEqual(3);
    child.stdout.resume();
    child.kill('SIGINT');
    const [code] = await closed;
    expect(code).toBe(1);
    expect(await complaint).toMatch(/^gemel: The demo failed at step \d+.*interrupted/);
    expect(fs.existsSync(root)).toBe(false);
    expect(processesOf(root)).toEqual([]);
  });
});
