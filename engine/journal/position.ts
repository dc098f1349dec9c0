import type { Epoch, Position } from './types.ts';

/** Orders positions of one lineage by file, then offset: negative, 0, positive. */
export function comparePositions(a: Position, b: Position): number {
  return a.file - b.file || a.offset - b.offset;
}

export function isBefore(a: Position, b: Position): boolean {
  return comparePositions(a, b) < 0;
}

export function formatPosition(position: Position): string {
  return `${position.file}:${position.offset}`;
}

/** Orders epochs by major, then minor; 0 also for two members' claims to the same one. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  return a.major - b.major || a.minor - b.minor;
}

export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return a.major === b.major && a.minor === b.minor && a.member === b.member;
}
