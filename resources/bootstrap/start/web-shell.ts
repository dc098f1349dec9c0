import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A program that was started, and how it ends. */
export interface Running {
  child: ChildProcess;
  /** Exit code; null when a signal ended it. */
  ended: Promise<number | null>;
}

export interface WebShell extends Running {
  /** With the one-time token; null when the shell ended before it listened. */
  address: string | null;
}

/** Starts the web shell and waits until it says where it listens; everything else that it says, also later addresses, is passed on. */
export async function startWebShell(entry: string, args: string[], say: (line: string) => void): Promise<WebShell> {
  const running = run(process.execPath, [entry, ...args], [process.stdin.isTTY ? 'inherit' : 'ignore', 'pipe', 'inherit']);
  const lines = createInterface({ input: running.child.stdout! });
  let listening = false;
  const address = await new Promise<string | null>((resolve) => {
    lines.on('line', (line) => {
      const found = listening ? undefined : /^Console: (http:\/\/\S+)$/.exec(line)?.[1];
      if (found === undefined) return say(line);
      listening = true;
      resolve(found);
    });
    void running.ended.then(() => resolve(null));
  });
  return { ...running, address };
}

/** Opens `address` in a window of its own and waits until it is closed. */
export async function showInChromium(executable: string, address: string): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'gemel-window-'));
  try {
    const args = [
      `--app=${address}`,
      `--user-data-dir=${profile}`,
      '--no-first-run',
      '--no-default-browser-check',
      '--window-size=1280,860',
    ];
    // Chromium's own sandbox does not work for root.
    if (process.getuid?.() === 0) args.push('--no-sandbox');
    await run(executable, args, ['ignore', 'ignore', 'ignore']).ended;
  } finally {
    // The last of its helper processes may still be writing when the browser has ended.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Starts a program; when we are asked to end, it is asked as well (also where a signal reaches us alone and not the terminal's group). */
export function run(
  program: string,
  args: string[],
  stdio: ('ignore' | 'inherit' | 'pipe')[],
  env: NodeJS.ProcessEnv = process.env,
): Running {
  const child = spawn(program, args, { stdio, env });
  const pass = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', pass).on('SIGTERM', pass);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  }).finally(() => process.off('SIGINT', pass).off('SIGTERM', pass));
  return { child, ended };
}
