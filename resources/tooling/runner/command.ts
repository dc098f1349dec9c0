import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

let interruptedBy: NodeJS.Signals | null = null;

/** True once the user asked to end: what runs was asked to end as well, nothing more is to be started. */
export function isInterrupted(): boolean {
  return interruptedBy !== null;
}

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Longest output that is kept of one command; more would only hide the end. */
const OUTPUT_CHARACTERS_MAX = 200_000;
const KILL_AFTER_MS = 10_000;

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
  /** Shows the output while it comes. */
  live?: boolean;
  /** It takes only the processor time that nobody else wants. */
  background?: boolean;
}

export interface CommandResult {
  /** Exit code; null when it was ended by a signal. */
  code: number | null;
  timedOut: boolean;
  /** What it wrote to stdout and stderr, in the order it came, its end when it is very long. */
  output: string;
  seconds: number;
}

/** Runs one program without input to its end. At `timeoutMs` it is asked to end, with all it started, and soon after made to. */
export function runCommand(program: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  const started = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      // What is kept to be shown later has no colours: where that will be is not known.
      env: { ...process.env, ...(options.live === true ? {} : { NO_COLOR: '1', FORCE_COLOR: '0' }), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a timeout reaches what the program started as well.
      detached: process.platform !== 'win32',
    });
    // Threads that it starts have it from the one that starts them.
    if (options.background === true && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    let output = '';
    const keep = (chunk: string): void => {
      output = (output + chunk).slice(-OUTPUT_CHARACTERS_MAX);
      if (options.live === true) process.stdout.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const signalGroup = (signal: NodeJS.Signals): void => endGroup(child.pid, signal);
    const forward = (signal: NodeJS.Signals): void => {
      interruptedBy = signal;
      signalGroup(signal);
    };
    process.once('SIGINT', forward).once('SIGTERM', forward);
    let timedOut = false;
    const timers = [
      setTimeout(
        () => {
          timedOut = true;
          signalGroup('SIGTERM');
          timers.push(setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS));
        },
        options.timeoutMs ?? 2 ** 31 - 1,
      ),
    ];
    const finish = (): void => {
      for (const timer of timers) clearTimeout(timer);
      process.off('SIGINT', forward).off('SIGTERM', forward);
    };
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (code) => {
      finish();
      resolve({ code, timedOut, output, seconds: Number(process.hrtime.bigint() - started) / 1e9 });
    });
  });
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
