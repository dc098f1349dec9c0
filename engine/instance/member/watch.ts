import type { Clock } from '../../io/index.ts';
import { isBefore, type JournalWriter } from '../../journal/index.ts';
import type { Mirror } from '../../mirror/index.ts';
import { Watchdog, type MemberSign } from '../hang/index.ts';
import type { Log } from '../messages.ts';

/** What a member needs to know of its own standing still. */
export interface WatchOptions {
  readonly qosMs: number;
  /** It stood still for longer than half of Q and goes on. */
  readonly hung: (stalledMs: number) => void;
  /** How long the block under way has been waiting for this host's own disk; 0: none does. */
  readonly journalWaitsMs: () => number;
}

/** Notices when this member's executor, or its journal's disk, stands still, and lets the host's agent know what the member is. */
export interface MemberWatch {
  /** To be called before anything is decided on what has arrived. */
  check(): void;
  tell(now: { readonly sign: MemberSign; readonly qosMs: number }): void;
  close(): void;
}

/** @param run the instance's run directory, whose lock this process holds */
export function memberWatch(run: string, log: Log, options: WatchOptions): MemberWatch {
  const watchdog = new Watchdog({ ...options, run, log, hung: ({ stalledMs }) => options.hung(Math.round(stalledMs)) });
  let told = '';
  return {
    check: () => watchdog.check(),
    tell: ({ sign, qosMs }) => {
      watchdog.setQos(qosMs);
      if (sign.role === told) return;
      told = sign.role;
      watchdog.tell(sign);
    },
    close: () => watchdog.close(),
  };
}

/** What the agent is to know of a member now. */
export function signOf({ boot, state: { role }, membership }: Mirror): Parameters<MemberWatch['tell']>[0] {
  return { sign: { boot, role: role.is === 'primary' && role.trouble !== null ? 'in-trouble' : role.is }, qosMs: membership.qosMs };
}

/** How long the block under way has been waiting for this host's own disk, in ms, as far as somebody keeps asking. */
export function journalWait(writerNow: () => JournalWriter | null, clock: Clock): () => number {
  let seen = { sealedBytes: -1, atMs: 0 };
  return () => {
    const writer = writerNow();
    const block = writer?.inFlight ?? null;
    if (writer === null || block === null || !isBefore(writer.written, block.end)) return 0;
    const now = clock.monotonicMs();
    if (seen.sealedBytes !== writer.sealedBytes) seen = { sealedBytes: writer.sealedBytes, atMs: now };
    return now - seen.atMs;
  };
}
