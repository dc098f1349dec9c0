import { GemelError } from '../api/errors.ts';
import { blockHeaderBytes, isIntact, readBlockHeader } from './block.ts';
import type { JournalFiles } from './files.ts';
import { comparePositions, formatPosition } from './position.ts';
import { forEachRecord } from './record.ts';
import { dataStart, recordTypes, type DatabaseIdentity, type Position, type RecordView } from './types.ts';

/** Which database a number stands for, in the file that is being read. */
export class Bindings {
  #file = 0;
  readonly #databases = new Map<number, DatabaseIdentity>();

  /**
   * Gets ready for a block that begins there: reads what the same file says before it, if that has not been read already.
   * @returns whether numbers mean something else now
   * @throws GemelError DAMAGED: what the numbers stand for is not there any more
   */
  moveTo(files: JournalFiles, position: Position): boolean {
    if (this.#file === position.file) return false;
    this.#file = 0;
    this.#databases.clear();
    if (position.offset > dataStart) this.#readBefore(files, position);
    this.#file = position.file;
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
        const at = { file: position.file, offset };
        const found = readBlockHeader(head, 0);
        if (typeof found === 'string') throw damaged(at, found);
        if (comparePositions(found.start, at) !== 0) throw damaged(at, `a block that belongs to ${formatPosition(found.start)}`);
        if (found.hasBindings) {
          const block = Buffer.alloc(found.length);
          file.read(block, 0, block.length, offset);
          if (!isIntact(block)) throw damaged(at, 'a block that does not match its checksum');
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

function damaged(at: Position, what: string): GemelError {
  return new GemelError(
    'DAMAGED',
    `The journal is damaged at ${formatPosition(at)}: ${what}.`,
    'Nothing of that file was used.',
    'Restore the file from another member or a backup.',
  );
}

/** A record names a database that its file does not say: what said it is damaged. */
export function notBound(number: number, at: Position): GemelError {
  return damaged(at, `a record names database ${number}, which the file does not bind`);
}
