import { GemelError } from '../api/errors.ts';
import type { PropertyChange } from '../database/properties.ts';
import type { Bytes, Key } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import { NodeBatch, type NodeVisitor } from './node-batch.ts';
import type { HeldFile, InheritedNodes } from './applier-messages.ts';
import { comparePositions, isBefore } from './position.ts';
import type { RecordCursor } from './record.ts';
import { recordTypes, type JournalIdentity, type Position } from './types.ts';

/** What the applier needs of a database file's writer (`DatabaseWriter` of engine/database). */
export interface TargetWriter {
  readonly position: Position | null;
  readonly openStart: Position | null;
  readonly safePosition: Position | null;
  /** `guid` tells a database from another one of the same name, before or after it. */
  readonly meta: { readonly journalId: string | null; readonly guid: string };
  begin(): void;
  upsert(key: Key, value: Bytes): void;
  remove(key: Key): void;
  /** The same of parts of `bytes`, which stay as they are until the batch ends. */
  upsertFrom(bytes: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void;
  removeFrom(bytes: Buffer, keyAt: number, keyLength: number): void;
  commit(progress: { readonly journalId: string; readonly position: Position; readonly openStart: Position | null }): {
    readonly walBytes: number;
  };
  rollback(): void;
  /** Durable when it returns. */
  setProperties(change: PropertyChange): void;
  /** Whether batches are refused with FILEFULL that make a copy larger than its own maximum size. */
  keepLimit(isKept: boolean): void;
  /** @returns whether all of the log is in the file now */
  checkpointWal(): { readonly complete: boolean };
  close(): void;
}

/** One database of an applier: its file, and the newest value of each node that waits for the next commit. */
export class ApplierTarget {
  readonly name: string;
  /** Everything before it is in the file (nothing happened to the database between the file's own position and this one). */
  position: Position;
  /** Why it takes no more. */
  failure: unknown = null;
  walBytes = 0;
  /** Taken in. */
  updates = 0;
  readonly #writer: TargetWriter;
  readonly #journal: JournalIdentity;
  readonly #readFrom: Position;
  readonly #toFile: NodeVisitor;
  #committed: Position;
  readonly #batch = new NodeBatch();

  /** @param first where the journal begins: for a database that has no position yet */
  constructor(name: string, writer: TargetWriter, journal: JournalIdentity, first: Position) {
    const { journalId } = writer.meta;
    if (journalId !== null && journalId !== journal.guid) {
      writer.close();
      throw new GemelError(
        'REFUSED',
        `The database ${name} belongs to another journal (${journalId}).`,
        'It was left as it is.',
        'Take a fresh copy of it from the primary.',
      );
    }
    // It would begin with what is left of the journal, and nobody would see that something is missing.
    if (writer.position === null && first.file > 1) {
      writer.close();
      throw new GemelError(
        'REFUSED',
        `The database ${name} contains nothing of its journal yet, and the journal's first ${first.file - 1} files are gone here.`,
        'It was left as it is.',
        'Bring the files back, or take a copy of the database from a backup.',
      );
    }
    this.name = name;
    this.#writer = writer;
    writer.keepLimit(true);
    this.#toFile = {
      upsert: (bytes, keyAt, keyLength, valueAt, valueLength) => writer.upsertFrom(bytes, keyAt, keyLength, valueAt, valueLength),
      remove: (bytes, keyAt, keyLength) => writer.removeFrom(bytes, keyAt, keyLength),
    };
    this.#journal = journal;
    this.position = this.#committed = writer.position ?? first;
    const { openStart } = writer;
    this.#readFrom = openStart !== null && isBefore(openStart, this.position) ? openStart : this.position;
  }

  /** Which database the file is. */
  get guid(): string {
    return this.#writer.meta.guid;
  }

  /** Where the file's own position stands. */
  get committed(): Position {
    return this.#committed;
  }

  get safe(): Position | null {
    return this.#writer.safePosition;
  }

  /** Where reading has to begin for it: at the start of the oldest transaction open at its position. */
  get readFrom(): Position {
    return this.#readFrom;
  }

  get hasWork(): boolean {
    return this.#batch.size > 0;
  }

  isCommittedAt(position: Position): boolean {
    return comparePositions(this.#committed, position) === 0;
  }

  /** Whether a restart would read more than `bytes` of journal for it (any earlier file counts as more). */
  lagsBehind(position: Position, bytes: number): boolean {
    return position.file !== this.#committed.file || position.offset - this.#committed.offset > bytes;
  }

  /** Takes the SET or KILL that the cursor stands on. @returns bytes of memory that it took more */
  gather(record: RecordCursor): number {
    this.updates++;
    const batch = this.#batch;
    const before = batch.bytes;
    const { bytes, keyAt, keyLength } = record;
    if (record.type === recordTypes.set) batch.set(bytes, keyAt, keyLength, record.valueAt, record.valueLength);
    else batch.remove(bytes, keyAt, keyLength);
    return batch.bytes - before;
  }

  /** Takes a change that no journal brings. @param value null: the node goes away */
  change(key: Key, value: Bytes | null): void {
    const bytes = Buffer.from(key + (value ?? ''), 'latin1');
    if (value === null) this.#batch.remove(bytes, 0, key.length);
    else this.#batch.set(bytes, 0, key.length, key.length, value.length);
  }

  /** What waits for the next commit. */
  uncommitted(): InheritedNodes {
    return { name: this.name, ...this.#batch.texts() };
  }

  /** Writes the batch in key order, with the position. @returns bytes written to the write-ahead log. After a throw nothing of it is in the file. */
  commit(position: Position, openStart: Position | null): number {
    assert(comparePositions(this.#committed, position) <= 0, 'what a database contains never shrinks');
    const writer = this.#writer;
    writer.begin();
    try {
      this.#batch.inOrder(this.#toFile);
      const { walBytes } = writer.commit({ journalId: this.#journal.guid, position, openStart });
      this.position = this.#committed = position;
      this.#batch.clear();
      this.walBytes += walBytes;
      return walBytes;
    } catch (error) {
      writer.rollback();
      throw error;
    }
  }

  setProperties(change: PropertyChange): void {
    this.#writer.setProperties(change);
  }

  /** From now on the file grows by whatever comes. */
  liftLimit(): void {
    this.#writer.keepLimit(false);
  }

  /** @returns whether the file alone has everything now */
  checkpoint(): boolean {
    const { complete } = this.#writer.checkpointWal();
    this.walBytes = 0;
    return complete;
  }

  /** What the file says of itself. */
  get held(): HeldFile {
    return { name: this.name, position: this.#writer.position, openStart: this.#writer.openStart };
  }

  /** It takes no more: its file stays at the position it has. */
  fail(error: unknown): void {
    this.failure = error;
    this.#batch.clear();
  }

  close(): void {
    this.#writer.close();
  }
}
