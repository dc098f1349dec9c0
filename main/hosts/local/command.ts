import { spawn, type ChildProcessByStdio } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { GemelError } from '../../../engine/api/errors.ts';
import { fromWireError } from '../../../engine/api/rpc/index.ts';
import type { Clock } from '../../../engine/io/clock.ts';
import type { HostCommand, Lines } from '../host.ts';

const ENTRY = fileURLToPath(new URL('../../../engine/cli/main.ts', import.meta.url));
/** How the last line begins that it prints when it failed. */
const FAILED = '{"error":';
const Failed = z.object({ error: z.object({ code: z.string(), what: z.string(), safe: z.string(), todo: z.string() }) });

interface Options {
  readonly home: string;
  readonly args: readonly string[];
  readonly clock: Clock;
}

/** The `gemel` command as a process of this computer. What is not taken stays in its pipe, and then it waits. */
export class LocalCommand implements HostCommand {
  readonly #clock: Clock;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #rest = '';
  #lines: string[] = [];
  #ended = false;
  #failure: GemelError | null = null;
  #said = '';
  readonly #waiters: (() => void)[] = [];

  constructor({ home, args, clock }: Options) {
    this.#clock = clock;
    this.#child = spawn(process.execPath, [ENTRY, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // As for the instances' processes: the desktop program runs an entry as Node does, and compiled code is kept.
      env: {
        NODE_COMPILE_CACHE: path.join(home, 'run', 'compiled'),
        ...process.env,
        ELECTRON_RUN_AS_NODE: '1',
        GEMEL_HOME: home,
      },
    });
    const { stdout, stderr } = this.#child;
    stdout.setEncoding('utf8');
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => (this.#said = (this.#said + text).slice(-2000)));
    stdout.on('readable', () => this.#wake());
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('close', (code) => this.#end(code === 0 ? null : this.#said.trim()));
  }

  async next(count: number, waitMs: number): Promise<Lines> {
    let isOver = waitMs <= 0;
    const over = isOver
      ? undefined
      : this.#clock.timer(waitMs, () => {
          isOver = true;
          this.#wake();
        });
    try {
      while (this.#ready(count) === 0 && !this.#ended && !isOver) await this.#woken();
    } finally {
      over?.cancel();
    }
    const lines = this.#lines.splice(0, Math.min(count, this.#ready(count)));
    const isAtEnd = this.#ended && this.#lines.length === 0;
    if (isAtEnd && lines.length === 0 && this.#failure !== null) throw this.#failure;
    return { lines, isAtEnd: isAtEnd && this.#failure === null };
  }

  close(): void {
    this.#child.kill();
  }

  /** Reads on until there are `count` lines, or nothing more has come. @returns how many can be given; what tells of a failure is none of them */
  #ready(count: number): number {
    this.#take(count);
    const isFailure = !this.#ended && this.#lines.at(-1)?.startsWith(FAILED) === true;
    return this.#lines.length - (isFailure ? 1 : 0);
  }

  #take(count: number): void {
    while (this.#lines.length < count) {
      const text: unknown = this.#child.stdout.read();
      if (typeof text !== 'string') return;
      const parts = (this.#rest + text).split('\n');
      this.#rest = parts.pop() ?? '';
      this.#lines.push(...parts.filter((line) => line !== ''));
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #end(failure: string | null): void {
    if (this.#ended) return;
    this.#take(Number.POSITIVE_INFINITY);
    this.#ended = true;
    if (failure !== null) this.#failure = this.#failureOf(failure);
    this.#wake();
  }

  #failureOf(said: string): GemelError {
    const last = this.#lines.at(-1);
    const parsed = last?.startsWith(FAILED) === true ? Failed.safeParse(JSON.parse(last)) : undefined;
    if (parsed?.success !== true)
      return new GemelError(
        'INTERNAL',
        `The gemel command did not come to its end${said === '' ? '.' : `: ${said}`}`,
        'It was only to read.',
        'Try again.',
      );
    this.#lines.pop();
    return fromWireError(parsed.data.error);
  }
}
