import type { ParallelDejournaling } from '../api/parallel.ts';
import type { MemberType } from '../api/status.ts';
import { defaultParallel } from './editing/settings.ts';

/** Whether a member of that type may dejournal several databases at once. @param setting of the mirror; undefined: the default */
export function mayDejournalInParallel(setting: ParallelDejournaling | undefined, type: MemberType): boolean {
  const allowed = setting ?? defaultParallel;
  if (type === 'Failover' || allowed === 'all') return true;
  return allowed === 'failover+dr' && type === 'Disaster Recovery';
}
