import fs from 'node:fs';
import { instanceMethods, instanceTopics } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { connectControl } from '../../api/rpc/index.ts';
import { errorCode } from '../../io/error-code.ts';
import { instancePaths } from '../directory.ts';
import { probeLock, provenHolder, type Holder } from '../lock.ts';
import { judge } from './judge.ts';
import { hostMs, readPulse, type MemberSign, type Pulse } from './pulse.ts';

/** How an instance of this host is, seen from outside. */
export interface Look {
  readonly state: 'down' | 'starting' | 'operating' | 'hung';
  /** What it is drawn from, for the log. */
  readonly why: string;
  /** What it last let its agent know of its place in the mirror; null: it has not, or it is down. */
  readonly member: MemberSign | null;
}

/** Bounds of the time for which a silent instance may take to answer before it counts as hung, in ms. */
const CONFIRM = { least: 100, most: 1000 } as const;

/**
 * Looks whether an instance lives and turns. *Hung* is said only with proof: its watchdog, which lives beside the executor's
 * thread, says that this has stood still for longer than half of Q, or the whole process has been silent for as long; and its
 * control socket does not answer now.
 */
export async function lookAt(directory: string): Promise<Look> {
  const { run, control } = instancePaths(directory);
  if (!probeLock(run).held) return { state: 'down', why: 'nobody holds its lock', member: null };
  const holder = provenHolder(run);
  // An agent holds the lock of an instance that is down only for a moment; or it has just ended.
  if (holder?.purpose !== 'instance') return { state: 'starting', why: 'its lock is held by somebody else', member: null };
  // In this order: a pulse that is written between the two looks only looks younger.
  const nowMs = hostMs();
  const pulse = readPulse(run);
  const vital = judge(holder, pulse, nowMs);
  const of = (state: Look['state'], why: string): Look => ({ state, why, member: ownSign(holder, pulse) });
  switch (vital.is) {
    case 'starting':
      return of('starting', `process ${holder.pid} is starting`);
    case 'operating':
      return of('operating', `process ${holder.pid} holds its lock and turns`);
    case 'hung':
    case 'silent': {
      const since =
        vital.is === 'hung'
          ? `the executor's thread of process ${holder.pid} has stood still for at least ${Math.round(vital.stalledMs)} ms`
          : `process ${holder.pid} has been silent for ${Math.round(vital.silentMs)} ms`;
      // A host that stood still as a whole goes on with all its processes, in some order: what turns again says so.
      if (await answers(control, Math.min(CONFIRM.most, Math.max(CONFIRM.least, (pulse?.qosMs ?? 0) / 4))))
        return of('operating', `${since}, but answers`);
      // It may have ended meanwhile.
      if (!probeLock(run).held) return { state: 'down', why: 'it has just ended', member: null };
      return of('hung', isStopped(holder.pid) ? `${since} and is stopped` : `${since} and does not answer`);
    }
  }
}

function ownSign(holder: Holder, pulse: Pulse | null): MemberSign | null {
  return pulse !== null && pulse.pid === holder.pid && pulse.identity === holder.identity ? pulse.member : null;
}

/** The system has stopped the process (a stop signal, a debugger): none of its threads runs. */
function isStopped(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The state follows the command name, which may hold anything, in brackets.
    return /^[Tt]$/.test(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

async function answers(control: string, timeoutMs: number): Promise<boolean> {
  try {
    const client = await connectControl(control, instanceMethods, instanceTopics, { timeoutMs });
    try {
      await client.call('instance.status', {});
      return true;
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return false;
  }
}
