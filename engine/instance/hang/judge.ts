import type { Holder } from '../lock.ts';
import type { Pulse } from './pulse.ts';

/** How a process that holds an instance's lock is, as far as files tell. */
export type Vitality =
  | { readonly is: 'starting' }
  | { readonly is: 'operating' }
  /** Its own watchdog says that the executor's thread stands still. */
  | { readonly is: 'hung'; readonly stalledMs: number }
  /** Nothing of the process has been heard for longer than half of Q; whether it stands still must be seen otherwise. */
  | { readonly is: 'silent'; readonly silentMs: number };

/**
 * What the pulse of an instance proves.
 * @param holder who holds its lock now
 * @param pulse null: none can be read
 * @param nowMs of the host's clock
 */
export function judge(holder: Holder, pulse: Pulse | null, nowMs: number): Vitality {
  if (holder.phase === 'starting') return { is: 'starting' };
  // One of an earlier process proves nothing; without one there is no proof of a hang.
  if (pulse === null || pulse.pid !== holder.pid || pulse.identity !== holder.identity || !pulse.watched) return { is: 'operating' };
  if (pulse.hungSinceMs !== null) return { is: 'hung', stalledMs: pulse.atMs - pulse.hungSinceMs };
  const silentMs = nowMs - pulse.atMs;
  return silentMs > pulse.qosMs / 2 + pulse.everyMs ? { is: 'silent', silentMs } : { is: 'operating' };
}
