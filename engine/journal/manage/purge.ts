import type { KeepReason } from '../../api/journals.ts';
import type { Position } from '../types.ts';

/** A journal file as far as purging is concerned. */
export interface PurgeFile {
  readonly number: number;
  /** ms since the epoch at which the next one was begun; null: it is the last one. */
  readonly closedMs: number | null;
  /** Length at which it was closed; null as above. */
  readonly closedLength: number | null;
}

/** Somebody needs the journal from there on; null: all of it, since what is needed is not known. */
export interface PurgeNeed {
  readonly from: Position | null;
  readonly reason: KeepReason;
}

export interface PurgeAge {
  /** Days that a file is kept after it was closed; null: files are never purged for their age. */
  readonly days: number | null;
}

export interface PurgeDecision {
  readonly number: number;
  /** None: it goes. */
  readonly kept: readonly KeepReason[];
}

const dayMs = 86_400_000;

/**
 * Which files of one journal may go, oldest first without a gap, and of the others why not.
 * @param files by growing number, all there are
 * @param needs whatever may still be asked of the journal: what is not in here is not kept for
 */
export function decidePurge(
  files: readonly PurgeFile[],
  needs: readonly PurgeNeed[],
  { days }: PurgeAge,
  nowMs: number,
): readonly PurgeDecision[] {
  const decisions: PurgeDecision[] = [];
  let hasOlder = false;
  for (const file of files) {
    const kept = reasonsOf(file, needs, days, nowMs);
    if (kept.length === 0 && hasOlder) kept.push({ code: 'older', text: 'an older file is kept' });
    hasOlder ||= kept.length > 0;
    decisions.push({ number: file.number, kept });
  }
  return decisions;
}

function reasonsOf(file: PurgeFile, needs: readonly PurgeNeed[], days: number | null, nowMs: number): KeepReason[] {
  const { closedMs } = file;
  const kept: KeepReason[] = [];
  if (closedMs === null) kept.push({ code: 'in-use', text: 'it is in use' });
  for (const { from, reason } of needs) if (isNeeded(file, from)) kept.push(reason);
  if (days === null) kept.push({ code: 'setting', text: 'files are not purged for their age ([Journal] DaysBeforePurge is 0)' });
  else if (closedMs !== null && nowMs - closedMs < days * dayMs)
    kept.push({ code: 'setting', text: `it was closed less than ${days} ${days === 1 ? 'day' : 'days'} ago` });
  return kept;
}

/** The end of a closed file is the beginning of the next one. */
function isNeeded({ number, closedLength }: PurgeFile, from: Position | null): boolean {
  if (from === null || number > from.file) return true;
  return number === from.file && (closedLength === null || from.offset < closedLength);
}
