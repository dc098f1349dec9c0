import type { OpenFile } from '../io/files.ts';
import { findBlock, isIntact, readBlockHeader } from './block.ts';
import { comparePositions } from './position.ts';
import { blockBytesMax, type Position } from './types.ts';

/** Read through fastest when it stays in the processor's cache. */
const pieceBytes = 64 * 1024;
/** A block's beginning may lie across two pieces. */
const overlapBytes = 20;

/** What stands in the last file where no sound block begins. */
export interface Rest {
  readonly isZeros: boolean;
  /** A sound block further on: one that was written after what is missing here. */
  readonly laterBlock: Position | null;
}

/** Whether the block at `at` of the file is whole, sound and in its own place. */
function isSoundAt(file: OpenFile, at: Position, bound: number): boolean {
  const start = Buffer.alloc(Math.min(80, bound - at.offset));
  file.read(start, 0, start.length, at.offset);
  const header = readBlockHeader(start, 0);
  if (typeof header === 'string' || comparePositions(header.start, at) !== 0) return false;
  if (header.length > Math.min(bound - at.offset, blockBytesMax)) return false;
  const block = Buffer.allocUnsafe(header.length);
  return file.read(block, 0, block.length, at.offset) === block.length && isIntact(block);
}

/** Looks through the file from a place where no sound block begins up to its end. */
export function restOfFile(file: OpenFile, from: Position, bound: number): Rest {
  // Mostly a few zeros written ahead: no more memory than there is to look at.
  const piece = Buffer.allocUnsafe(Math.max(0, Math.min(pieceBytes + overlapBytes, bound - from.offset)));
  const zeros = Buffer.alloc(piece.length);
  let isZeros = true;
  for (let at = from.offset; at < bound; at += pieceBytes) {
    const bytes = piece.subarray(0, file.read(piece, 0, Math.min(piece.length, bound - at), at));
    if (bytes.equals(zeros.subarray(0, bytes.length))) continue;
    isZeros = false;
    for (let found = findBlock(bytes, 0); found >= 0; found = findBlock(bytes, found + 1)) {
      const place = { file: from.file, offset: at + found };
      if (place.offset > from.offset && isSoundAt(file, place, bound)) return { isZeros, laterBlock: place };
    }
  }
  return { isZeros, laterBlock: null };
}
