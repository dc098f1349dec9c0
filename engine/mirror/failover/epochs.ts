import type { Epoch, Hello, JournalEnd } from './types.ts';

/** (major, minor) only: epochs of equal rank and different members are a conflict, see `sameEpoch`. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  return a.major - b.major || a.minor - b.minor;
}

export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return compareEpochs(a, b) === 0 && a.member === b.member;
}

export function newerEpoch(a: Epoch, b: Epoch): Epoch {
  return compareEpochs(a, b) >= 0 ? a : b;
}

/** Newer = higher last epoch, then further position. */
export function compareJournals(a: JournalEnd, b: JournalEnd): number {
  return compareEpochs(a.epoch, b.epoch) || a.position.file - b.position.file || a.position.offset - b.position.offset;
}

/**
 * Who of two members that are both starting goes on: the newer journal, then the last primary, then the lower GUID.
 * Positive: `a`.
 */
export function rank(a: Pick<Hello, 'member' | 'journal' | 'wasPrimary'>, b: Pick<Hello, 'member' | 'journal' | 'wasPrimary'>): number {
  return compareJournals(a.journal, b.journal) || Number(a.wasPrimary) - Number(b.wasPrimary) || (a.member < b.member ? 1 : -1);
}

export function epochText({ major, minor }: Epoch): string {
  return `${major}.${minor}`;
}
