import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../io/error-code.ts';
import type { RoleName } from '../../mirror/failover/index.ts';

/**
 * The pulse of a running instance: a small file in its run directory, written over and over by the watchdog's thread, for the
 * agent of the host. Times are those of `hostMs`. Nothing of it is durable: it says something only about a living process.
 */

/** What a member of a mirror lets its agent know of it while it runs; the rest stands in its durable record. */
const MemberSign = z.object({
  /** Boot id: new at each start of the process. */
  boot: z.string(),
  role: z.enum(['starting', 'waiting', 'primary', 'in-trouble', 'yielded', 'backup', 'lost', 'taking', 'stopped', 'down']),
});
export interface MemberSign {
  readonly boot: string;
  readonly role: RoleName;
}

const Pulse = z.object({
  pid: z.number(),
  /** Of the lock's holder: tells the process from a later one of the same number. */
  identity: z.string(),
  /** When this was written. */
  atMs: z.number(),
  /** How often it is written. */
  everyMs: z.number(),
  /** When the executor's thread last turned, as its watchdog knows. */
  turnedMs: z.number(),
  qosMs: z.number(),
  /** The watchdog has found the executor's thread stalled and it has not come back: since its last turn. */
  hungSinceMs: z.number().nullable(),
  member: MemberSign.nullable(),
  /** false: the watchdog has ended in order, while the process stops; what grows old from now on proves nothing. */
  watched: z.boolean(),
});
export type Pulse = z.infer<typeof Pulse>;

/** Milliseconds of the host's monotonic clock: the same for all its processes and threads, unlike `performance.now()`. */
export function hostMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Which timer period, and after how long without a turn an executor counts as hung. Milliseconds. */
export function limits(qosMs: number): { readonly everyMs: number; readonly hungMs: number } {
  const everyMs = Math.min(250, Math.max(5, qosMs / 32));
  // A turn is seen up to a period late: beyond both, the thread has stood still for longer than half of Q.
  return { everyMs, hungMs: qosMs / 2 + everyMs };
}

/** Room for the longest text; it is written over in place, in one write. */
const BYTES = 2048;
const TRIES = 5;

function pulseFile(run: string): string {
  return path.join(run, 'pulse');
}

export class PulseFile {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(BYTES, 0x20);
  #count = 0;

  /** @param mode 'begin': what an earlier process left is gone; 'go on': one has been begun */
  constructor(run: string, mode: 'begin' | 'go on') {
    this.#fd = fs.openSync(pulseFile(run), mode === 'begin' ? 'w' : 'r+', 0o600);
  }

  write(pulse: Pulse): void {
    this.#count++;
    // The number at both ends: a reader that meets half of a write sees it.
    const text = `${this.#count} ${JSON.stringify(pulse)}`;
    const end = ` ${this.#count}`;
    this.#buffer.fill(0x20);
    this.#buffer.write(text, 0, 'utf8');
    this.#buffer.write(end, BYTES - end.length, 'latin1');
    fs.writeSync(this.#fd, this.#buffer, 0, BYTES, 0);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** null: there is none, or it cannot be read. */
export function readPulse(run: string): Pulse | null {
  for (let tried = 0; tried < TRIES; tried++) {
    let text: string;
    try {
      text = fs.readFileSync(pulseFile(run), 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
    const whole = /^(\d+) (\{.*\}) +(\d+)$/.exec(text);
    if (whole?.[2] === undefined || whole[1] !== whole[3]) continue;
    const parsed = Pulse.safeParse(JSON.parse(whole[2]));
    return parsed.success ? parsed.data : null;
  }
  return null;
}
