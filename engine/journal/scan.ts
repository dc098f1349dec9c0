import { Bindings } from './bindings.ts';
import type { JournalFiles } from './files.ts';
import { BlockReader, type Block } from './reader.ts';
import { forEachRecord } from './record.ts';
import { recordTypes, type DatabaseIdentity, type Position, type RecordView } from './types.ts';

/** Sees one record. `database` is null for records of no database; record and block are valid during the call only. */
export type RecordVisitor = (record: RecordView, database: DatabaseIdentity | null, block: Block) => void;

/**
 * Visits all records from one position to another in order.
 * @param from where a block begins
 * @param to everything before it is read
 * @throws GemelError DAMAGED, NOT_FOUND
 */
export function scanRecords(files: JournalFiles, from: Position, to: Position, visit: RecordVisitor): void {
  const reader = new BlockReader(files, from);
  const bindings = new Bindings();
  try {
    for (let block = reader.next(to); block !== null; block = reader.next(to)) {
      bindings.moveTo(files, block.start);
      const current = block;
      forEachRecord(block.bytes, (record) => {
        if (record.type === recordTypes.database) bindings.learn(record);
        else visit(record, bindings.get(record.database) ?? null, current);
      });
    }
  } finally {
    reader.close();
  }
}
