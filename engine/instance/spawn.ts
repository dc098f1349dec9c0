import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { GemelError, type ErrorCode } from '../api/errors.ts';
import { realClock, type Clock } from '../io/clock.ts';

/**
 * MB of a half of the young generation. What gathers for the databases lives for seconds and is copied while all wait:
 * often and a little, 2 ms at a time, is also faster on the whole than 15 ms at a time with the default of 16 MB.
 */
const youngHalfMB = 4;

/** What a started process tells the one that started it, once. */
type Told = { readonly ready: true } | { readonly failed: unknown };

const ToldShape = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ failed: z.object({ code: z.string(), what: z.string(), safe: z.string(), todo: z.string() }) }),
]);

/** The file of a process of ours. */
export function processEntry(name: 'instance' | 'agent'): string {
  return fileURLToPath(new URL(`../cli/process/${name}.ts`, import.meta.url));
}

export interface SpawnOptions {
  readonly entry: string;
  readonly args: readonly string[];
  readonly home: string;
  /** Where what it prints goes (its logs are elsewhere); begun anew. */
  readonly output: string;
  /** What it is, for error texts: `Instance A`. */
  readonly what: string;
  /** How long to wait for it to be ready. Default 60 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * Starts a process of ours that outlives this one, and waits until it says that it is ready. Returns its process id.
 * Throws what kept it from starting; TIMEOUT when it says nothing for too long (it is left running).
 */
export async function spawnDetached(options: SpawnOptions): Promise<number> {
  fs.mkdirSync(path.dirname(options.output), { recursive: true, mode: 0o700 });
  const output = fs.openSync(options.output, 'w', 0o600);
  const child = spawn(process.execPath, [`--max-semi-space-size=${youngHalfMB}`, options.entry, ...options.args], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    // The desktop console's own program runs an entry as Node does only when told so; Node itself ignores it.
    // Compiled code is kept below the host's root: processes start in half the time.
    env: {
      NODE_COMPILE_CACHE: path.join(options.home, 'run', 'compiled'),
      ...process.env,
      ELECTRON_RUN_AS_NODE: '1',
      GEMEL_HOME: options.home,
    },
  });
  fs.closeSync(output);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = (options.clock ?? realClock).timer(options.timeoutMs ?? 60_000, () => reject(slow(options)));
  child.once('error', reject);
  // What it says about its failure counts, but only once it is gone: it may be tried again at once.
  let failure: GemelError | undefined;
  child.once('exit', (code, signal) => reject(failure ?? ended(options, code, signal)));
  child.once('message', (message) => {
    const told = ToldShape.parse(message);
    if ('ready' in told) resolve();
    else failure = new GemelError(told.failed.code as ErrorCode, told.failed.what, told.failed.safe, told.failed.todo);
  });
  try {
    await promise;
    return child.pid ?? 0;
  } finally {
    timer.cancel();
    child.removeAllListeners();
    // Whatever happens to the channel from here on is nobody's concern.
    child.on('error', () => undefined);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** The other end: tells the starting process, if there is one that listens. */
export async function tellParent(told: Told): Promise<void> {
  if (process.send === undefined || !process.connected) return;
  const message = 'failed' in told ? { failed: plain(told.failed) } : told;
  await new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
  if (process.connected) process.disconnect();
}

function plain(error: unknown): { code: string; what: string; safe: string; todo: string } {
  if (error instanceof GemelError) return { code: error.code, what: error.what, safe: error.safe, todo: error.todo };
  return {
    code: 'INTERNAL',
    what: `An internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
    safe: '',
    todo: 'See messages.log.',
  };
}

function slow({ what }: SpawnOptions): GemelError {
  return new GemelError(
    'TIMEOUT',
    `${what} has not finished starting yet.`,
    'It goes on starting.',
    'Look at its status and its messages.log.',
  );
}

function ended({ what, output }: SpawnOptions, code: number | null, signal: NodeJS.Signals | null): GemelError {
  const lines = fs.readFileSync(output, 'utf8').trim().split('\n');
  const how = signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`;
  const telling = (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 300);
  return new GemelError(
    'INTERNAL',
    `${what} ended ${how} while starting.${telling === '' ? '' : ` It printed: ${telling}`}`,
    '',
    `See ${output} and messages.log.`,
  );
}
