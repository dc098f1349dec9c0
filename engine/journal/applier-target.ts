import { GemelError } from '../api/errors.ts';
import type { Bytes, Key } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import type { InheritedNodes } from './applier-messages.ts';
import { comparePositions, isBefore } from './position.ts';
import type { JournalIdentity, Position } from './types.ts';

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
  commit(progress: { readonly journalId: string; readonly position: Position; readonly openStart: Position | null }): {
    readonly walBytes: number;
  };
  rollback(): void;
  checkpointWal(): unknown;
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
  readonly #writer: TargetWriter;
  readonly #journal: JournalIdentity;
  readonly #readFrom: Position;
  #committed: Position;
  #batch = new Map<Key, Bytes | null>();

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
    this.name = name;
    this.#writer = writer;
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

  /** @param value null: the node goes away */
  gather(key: Key, value: Bytes | null): void {
    this.#batch.set(key, value);
  }

  /** What waits for the next commit. */
  uncommitted(): InheritedNodes {
    return { name: this.name, keys: [...this.#batch.keys()], values: [...this.#batch.values()] };
  }

  /** Writes the batch in key order, with the position. @returns bytes written to the write-ahead log. After a throw nothing of it is in the file. */
  commit(position: Position, openStart: Position | null): number {
    assert(comparePositions(this.#committed, position) <= 0, 'what a database contains never shrinks');
    const writer = this.#writer;
    writer.begin();
    try {
      for (const key of [...this.#batch.keys()].sort()) {
        const value = this.#batch.get(key);
        if (value === null || value === undefined) writer.remove(key);
        else writer.upsert(key, value);
      }
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

  checkpoint(): void {
    this.#writer.checkpointWal();
    this.walBytes = 0;
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
