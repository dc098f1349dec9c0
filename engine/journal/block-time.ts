import { GemelError } from '../api/errors.ts';
import { blockHeaderBytes, readBlockHeader } from './block.ts';
import type { JournalFiles } from './files.ts';
import { dataStart, type Position } from './types.ts';

/** When the block at a position was written, ms since the epoch; null: there is none, or none that can be read. */
export function blockTime(files: JournalFiles, position: Position): number | null {
  const isEnd = files.closedLength(position.file) === position.offset;
  const at = isEnd ? { file: position.file + 1, offset: dataStart } : position;
  const header = files.get(at.file);
  if (header === undefined) return null;
  try {
    const file = files.files.open(files.path(header), 'read');
    try {
      const head = Buffer.alloc(blockHeaderBytes);
      if (file.read(head, 0, head.length, Math.max(at.offset, dataStart)) < head.length) return null;
      const found = readBlockHeader(head, 0);
      return typeof found === 'string' ? null : found.timeMs;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof GemelError) return null;
    throw error;
  }
}
