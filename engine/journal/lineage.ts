import { compareEpochs, comparePositions, sameEpoch } from './position.ts';
import { emptyChain, type JournalEnd, type Lineage, type LineageEntry, type Position } from './types.ts';

/** What there is to compare of a journal: its epochs and how far it goes. */
export interface JournalReach {
  readonly lineage: Lineage;
  readonly end: JournalEnd;
}

/**
 * How two journals stand to each other.
 * - 'same': equal; 'prefix': the first is the beginning of the second; 'extension': the other way round
 * - 'forked': equal up to `fork` (a position in both) and different behind it
 * - 'unrelated': no epoch in common that could be compared
 * - 'contradiction': two histories of one epoch, which one writer cannot have written
 */
export type Relation =
  | { readonly kind: 'same' | 'prefix' | 'extension' | 'unrelated' | 'contradiction' }
  | { readonly kind: 'forked'; readonly fork: JournalEnd };

function sameEntry(a: LineageEntry, b: LineageEntry): boolean {
  return (
    sameEpoch(a.epoch, b.epoch) &&
    comparePositions(a.first, b.first) === 0 &&
    comparePositions(a.previousEnd, b.previousEnd) === 0 &&
    a.previousChain === b.previousChain
  );
}

/** Cuts off what one of the two has forgotten: both then begin with the same epoch, if they share any. */
function align(a: Lineage, b: Lineage): { a: Lineage; b: Lineage } | null {
  const [firstA, firstB] = [a[0], b[0]];
  if (firstA === undefined || firstB === undefined) return null;
  const inA = a.findIndex((entry) => sameEpoch(entry.epoch, firstB.epoch));
  if (inA >= 0) return { a: a.slice(inA), b };
  const inB = b.findIndex((entry) => sameEpoch(entry.epoch, firstA.epoch));
  return inB >= 0 ? { a, b: b.slice(inB) } : null;
}

function commonEpochs(a: Lineage, b: Lineage): number {
  let common = 0;
  for (; common < a.length && common < b.length; common++) {
    const [entryA, entryB] = [a[common], b[common]];
    if (entryA === undefined || entryB === undefined || !sameEntry(entryA, entryB)) break;
  }
  return common;
}

/** Where the epoch before index `next` ended: by the entry after it, or by the journal's end. */
function endOfEpoch(reach: JournalReach, lineage: Lineage, next: number): { end: JournalEnd; isLast: boolean } {
  const entry = lineage[next];
  if (entry === undefined) return { end: reach.end, isLast: true };
  return { end: { position: entry.previousEnd, chain: entry.previousChain }, isLast: false };
}

/**
 * Compares two journals by lineage alone. Within one epoch there is one writer, so the shorter is taken for the beginning of
 * the longer: check the chain at the fork by reading before anything is cut there.
 */
export function compareJournals(a: JournalReach, b: JournalReach): Relation {
  const empty = { a: a.lineage.length === 0, b: b.lineage.length === 0 };
  if (empty.a || empty.b) return { kind: empty.a && empty.b ? 'same' : empty.a ? 'prefix' : 'extension' };
  const aligned = align(a.lineage, b.lineage);
  const common = aligned === null ? 0 : commonEpochs(aligned.a, aligned.b);
  if (aligned === null || common === 0) return { kind: 'unrelated' };
  const endA = endOfEpoch(a, aligned.a, common);
  const endB = endOfEpoch(b, aligned.b, common);
  const order = comparePositions(endA.end.position, endB.end.position);
  if (order === 0 && endA.end.chain !== endB.end.chain) return { kind: 'contradiction' };
  if (endA.isLast && endB.isLast) return { kind: order === 0 ? 'same' : order < 0 ? 'prefix' : 'extension' };
  if (endA.isLast && order <= 0) return { kind: 'prefix' };
  if (endB.isLast && order >= 0) return { kind: 'extension' };
  return { kind: 'forked', fork: order <= 0 ? endA.end : endB.end };
}

/** Whether `a` holds nothing that `b` does not. */
export function isPrefixOf(a: JournalReach, b: JournalReach): boolean {
  const { kind } = compareJournals(a, b);
  return kind === 'same' || kind === 'prefix';
}

/** Whether a lineage carries another one on: all epochs of the older one stand in it unchanged. */
export function continues(newer: Lineage, older: Lineage): boolean {
  if (older.length === 0) return true;
  const aligned = align(newer, older);
  return aligned !== null && commonEpochs(aligned.a, aligned.b) === aligned.b.length;
}

/** Which journal is newer: the higher last epoch first, then the position. Positive: `a`. */
export function compareAge(a: JournalReach, b: JournalReach): number {
  const [lastA, lastB] = [a.lineage.at(-1)?.epoch, b.lineage.at(-1)?.epoch];
  if (lastA === undefined || lastB === undefined) return (lastA === undefined ? 0 : 1) - (lastB === undefined ? 0 : 1);
  return compareEpochs(lastA, lastB) || comparePositions(a.end.position, b.end.position);
}

/** The epoch a position lies in: the last one that begins at or before it. */
export function epochAt(lineage: Lineage, position: Position): LineageEntry | undefined {
  return lineage.findLast((entry) => comparePositions(entry.first, position) <= 0);
}

/** The reach of a journal that has nothing yet. */
export const emptyReach: JournalReach = { lineage: [], end: { position: { file: 0, offset: 0 }, chain: emptyChain } };
