import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { GemelError } from '../api/errors.ts';
import { errorCode } from '../io/error-code.ts';
import { realClock, type Clock } from '../io/index.ts';

/**
 * One process per directory. The lock is an exclusive SQLite transaction, that is a lock of the operating system on
 * `run/lock`: the kernel gives it back when the process ends, however it ends. A held lock therefore proves a living
 * process; `run/holder` says which one.
 */

const Holder = z.object({
  pid: z.number().int().positive(),
  /** Tells the process from a later one of the same number; '' where the system does not say. */
  identity: z.string(),
  purpose: z.enum(['instance', 'agent']),
  phase: z.enum(['starting', 'running', 'stopping']),
  /** ms since the epoch */
  since: z.number(),
});
/** Who holds a lock. */
export type Holder = z.infer<typeof Holder>;

export interface DirectoryLock {
  setPhase(phase: Holder['phase']): void;
  release(): void;
}

/** Longest wait for somebody who merely looks whether the lock is held. */
const PROBE_WAIT_MS = 400;

/** Throws LOCKED, naming the holder. `run` is made if need be. */
export function acquireLock(run: string, purpose: Holder['purpose'], clock: Clock = realClock): DirectoryLock {
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  const database = openLock(run, PROBE_WAIT_MS);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw lockedError(run);
  }
  const holder: Holder = { pid: process.pid, identity: processIdentity(process.pid), purpose, phase: 'starting', since: clock.wallMs() };
  const write = (phase: Holder['phase']): void => writeHolder(run, { ...holder, phase });
  // Of a process that is no more. Before that is written over the system would bring the new one to the disk.
  fs.rmSync(holderFile(run), { force: true });
  write('starting');
  let held = true;
  return {
    setPhase: write,
    release() {
      if (!held) return;
      held = false;
      fs.rmSync(holderFile(run), { force: true });
      database.close();
    },
  };
}

/** What is known of a lock. `holder` null: somebody holds it but has not (or not yet) said who. */
export type LockState = { readonly held: false } | { readonly held: true; readonly holder: Holder | null };

export function probeLock(run: string): LockState {
  if (!fs.existsSync(lockFile(run))) return { held: false };
  const database = openLock(run, 0);
  try {
    // Reads a page of the file: needs a shared lock, which the holder's exclusive one refuses.
    database.pragma('schema_version');
    return { held: false };
  } catch (error) {
    if (!isBusy(error)) throw error;
    return { held: true, holder: readHolder(run) };
  } finally {
    database.close();
  }
}

/** The holder, only if it is certainly the living process that holds the lock now. */
export function provenHolder(run: string): Holder | undefined {
  const state = probeLock(run);
  if (!state.held || state.holder === null) return undefined;
  return processIdentity(state.holder.pid) === state.holder.identity ? state.holder : undefined;
}

const LOCK_POLL_MS = 20;

/**
 * Waits until nobody holds the lock. It is free as soon as the kernel has cleaned up after the process; nothing
 * announces that. Throws `late()` after `timeoutMs`.
 */
export async function lockFree(run: string, timeoutMs: number, late: () => GemelError, clock: Clock = realClock): Promise<void> {
  const end = clock.monotonicMs() + timeoutMs;
  while (probeLock(run).held) {
    if (clock.monotonicMs() > end) throw late();
    await new Promise<void>((resolve) => clock.timer(LOCK_POLL_MS, resolve));
  }
}

/** How long an agent may hold the lock of an instance that is down, to answer for it. */
const AGENT_HOLDS_MS = 1000;

/** Who holds the lock as the instance, if anybody does. An agent that answers for an instance that is down is waited for. */
export async function instanceLock(run: string, clock: Clock = realClock): Promise<LockState> {
  const end = clock.monotonicMs() + AGENT_HOLDS_MS;
  for (;;) {
    const state = probeLock(run);
    if (!state.held || clock.monotonicMs() > end) return state;
    // What a killed instance has left in the file says nothing of who holds the lock now.
    const { holder } = state;
    if (holder?.purpose === 'instance' && processIdentity(holder.pid) === holder.identity) return state;
    await new Promise<void>((resolve) => clock.timer(LOCK_POLL_MS, resolve));
  }
}

function lockedError(run: string): GemelError {
  const holder = readHolder(run);
  const who = holder === null ? 'Another process' : `Process ${holder.pid}`;
  return new GemelError(
    'LOCKED',
    `${who} holds the lock of ${path.dirname(run)}.`,
    'It was left alone.',
    'Only one process may use it at a time: stop the other first.',
  );
}

function lockFile(run: string): string {
  return path.join(run, 'lock');
}

function holderFile(run: string): string {
  return path.join(run, 'holder');
}

function openLock(run: string, timeout: number): Database.Database {
  return new Database(lockFile(run), { timeout });
}

function isBusy(error: unknown): boolean {
  return errorCode(error)?.startsWith('SQLITE_BUSY') === true;
}

/** Whole or not at all, but not durable: it says something only about a process that lives. */
function writeHolder(run: string, holder: Holder): void {
  const file = holderFile(run);
  fs.writeFileSync(`${file}.new`, JSON.stringify(holder), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

function readHolder(run: string): Holder | null {
  try {
    return Holder.parse(JSON.parse(fs.readFileSync(holderFile(run), 'utf8')));
  } catch {
    // Missing, or being written at this moment: the lock alone still proves that somebody lives.
    return null;
  }
}

/** Boot and start time of a process, where the system tells them. */
function processIdentity(pid: number): string {
  if (process.platform !== 'linux') return '';
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name, in brackets, may hold spaces; the start time is the 20th field after it.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${started}`;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return 'gone';
    throw error;
  }
}
