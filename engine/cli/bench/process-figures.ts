import fs from 'node:fs';
import os from 'node:os';
import { GemelError } from '../../api/errors.ts';

/** The kernel counts processor time for user space in hundredths of a second on every architecture. */
const TICKS_PER_SECOND = 100;

/** What the system counts for a process, all its threads together. */
export interface ProcessFigures {
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Handed to the disks so far. */
  readonly writtenBytes: number;
  readonly residentMB: number;
}

/** Why there are no figures on this system; null where there are. */
export function noProcessFigures(): string | null {
  return fs.existsSync('/proc/self/io') ? null : 'This system does not tell what a process uses (no /proc/PID/io).';
}

/** Throws NOT_FOUND when there is no such process (any more). */
export function processFigures(pid: number): ProcessFigures {
  try {
    const [stat, io, status] = ['stat', 'io', 'status'].map((file) => fs.readFileSync(`/proc/${pid}/${file}`, 'latin1'));
    return {
      cpuSeconds: cpuSeconds(stat ?? ''),
      writtenBytes: field(io ?? '', 'write_bytes'),
      residentMB: field(status ?? '', 'VmRSS') / 1024,
    };
  } catch (error) {
    throw new GemelError('NOT_FOUND', `Process ${pid} cannot be looked at: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/**
 * Processor seconds of each thread of a process, by name; those of one name together, and `main` the first one. A thread that has
 * ended is not counted. Throws NOT_FOUND when there is no such process (any more).
 */
export function threadSeconds(pid: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const thread of threadsOf(pid)) {
    const stat = statOf(pid, thread);
    if (stat === null) continue;
    const name = thread === String(pid) ? 'main' : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    found[name] = (found[name] ?? 0) + cpuSeconds(stat);
  }
  return found;
}

/** The process and what threads it begins from now on get the processor time that others leave. Throws NOT_FOUND. */
export function giveWay(pid: number): void {
  // Linux keeps a priority for each thread.
  for (const thread of threadsOf(pid)) os.setPriority(Number(thread), os.constants.priority.PRIORITY_LOW);
}

function threadsOf(pid: number): string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/task`);
  } catch {
    throw new GemelError('NOT_FOUND', `There is no process ${pid}.`);
  }
}

/** null: the thread has ended. */
function statOf(pid: number, thread: string): string | null {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
  } catch {
    return null;
  }
}

/** The program's name comes second, in parentheses, and may hold anything. */
function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1]);
}
