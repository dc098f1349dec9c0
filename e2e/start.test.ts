import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../resources/tooling/runner/command.ts';
import { stopAgent } from './stop-agent.ts';

let temporary: string;
let running: ChildProcess | null = null;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'gemel-start-'));
});
afterEach(async () => {
  if (running?.exitCode === null) running.kill('SIGKILL');
  // the console starts an agent, which outlives it
  await stopAgent(join(temporary, 'home'));
  rmSync(temporary, { recursive: true, force: true });
});

/** `npm start` as npm runs it, with a home of its own. */
function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  running = spawn(process.execPath, ['resources/bootstrap/start.ts', '--home', join(temporary, 'home'), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return running;
}

async function lineOf(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  throw new Error(`npm start ended without saying ${pattern}`);
}

describe('npm start', () => {
  it('prints the address of a console that answers, and ends when it is told to', async () => {
    const child = start(['--no-open']);
    const [, address] = await lineOf(child, /^Console: (http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)$/);
    const page = await fetch(address!, { redirect: 'manual' });
    expect(page.status).toBeLessThan(400);
    const ended = once(child, 'close');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await expect(fetch(address!)).rejects.toThrow('fetch failed');
  });

  it('opens the address in a window of Chromium, and ends with it', async () => {
    // Stands in for Chromium: notes what it was asked to show, and is closed at once.
    const browser = join(temporary, 'browser');
    writeFileSync(browser, `#!/bin/sh\nprintf '%s\\n' "$@" > ${join(temporary, 'arguments')}\n`, { mode: 0o755 });
    const child = start(['--web'], { DISPLAY: ':99', GEMEL_CHROMIUM: browser });
    child.stdout!.resume();
    expect(await once(child, 'close')).toEqual([0, null]);
    const args = readFileSync(join(temporary, 'arguments'), 'utf8').trim().split('\n');
    expect(args[0]).toMatch(/^--app=http:\/\/127\.0\.0\.1:\d+\/\?token=/);
    expect(args[1]).toMatch(/^--user-data-dir=/);
  });

  it('refuses an option it does not know', async () => {
    const child = start(['--wbe']);
    child.stdout!.resume();
    expect(await once(child, 'close')).toEqual([2, null]);
  });
});
