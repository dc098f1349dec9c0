import { blockHeaderBytes, readBlockHeader } from './block.ts';
import type { JournalFiles } from './files.ts';
import { forEachRecord } from './record.ts';
import { dataStart, recordTypes, type DatabaseIdentity, type Position, type RecordView } from './types.ts';

/** Which database a number stands for, in the file that is being read. */
export class Bindings {
  #file = 0;
  readonly #databases = new Map<number, DatabaseIdentity>();

  /**
   * Gets ready for a block that begins there: reads what the same file says before it, if that has not been read already.
   * @returns whether numbers mean something else now
   */
  moveTo(files: JournalFiles, position: Position): boolean {
    if (this.#file === position.file) return false;
    this.#file = position.file;
    this.#databases.clear();
    if (position.offset > dataStart) this.#readBefore(files, position);
    return true;
  }

  /** Forgets all, as before jumping to another place. */
  reset(): void {
    this.#file = 0;
  }

  /** Takes note of a DATABASE record. */
  learn(record: RecordView): DatabaseIdentity {
    const identity = { name: Buffer.from(record.key, 'latin1').toString('utf8'), guid: record.value };
    this.#databases.set(record.database, identity);
    return identity;
  }

  get(number: number): DatabaseIdentity | undefined {
    return this.#databases.get(number);
  }

  /** Every number known now. */
  entries(): Iterable<[number, DatabaseIdentity]> {
    return this.#databases;
  }

  /** Hops from block header to block header; reads only blocks that begin with bindings. */
  #readBefore(files: JournalFiles, position: Position): void {
    const header = files.get(position.file);
    if (header === undefined) return;
    const file = files.files.open(files.path(header), 'read');
    const head = Buffer.alloc(blockHeaderBytes);
    try {
      for (let offset = dataStart; offset < position.offset;) {
        file.read(head, 0, head.length, offset);
        const found = readBlockHeader(head, 0);
        // Damage shows where blocks are verified: every reader of these records goes through that.
        if (typeof found === 'string') return;
        if (found.hasBindings) {
          const block = Buffer.alloc(found.length);
          file.read(block, 0, block.length, offset);
          forEachRecord(block, (record) => {
            if (record.type === recordTypes.database) this.learn(record);
          });
        }
        offset += found.length;
      }
    } finally {
      file.close();
    }
  }
}
