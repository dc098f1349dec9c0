import type { Bytes, Key } from '../globals/bytes.ts';
import { recordTypes, type RecordType } from './types.ts';

/** What can be recorded in a journal. When it becomes durable is the writer's part. */
export abstract class Recorder {
  /** A node gets a value; `old` is what it had before, if it existed. */
  set(database: number, key: Key, value: Bytes, old: Bytes | undefined, transaction: number, session: number, compensation = false): void {
    this.record(recordTypes.set, compensation, database, session, transaction, key, value, old);
  }

  /** One node goes away. */
  kill(database: number, key: Key, old: Bytes, transaction: number, session: number, compensation = false): void {
    this.record(recordTypes.kill, compensation, database, session, transaction, key, '', old);
  }

  /** For readers of the journal: a user killed the whole subtree at `key`. The nodes have records of their own. */
  killMark(database: number, key: Key, transaction: number, session: number): void {
    this.record(recordTypes.killMark, false, database, session, transaction, key, '', undefined);
  }

  tstart(transaction: number, session: number, note: Bytes = ''): void {
    this.record(recordTypes.tstart, false, 0, session, transaction, '', note, undefined);
  }

  tcommit(transaction: number, session: number, note: Bytes = ''): void {
    this.record(recordTypes.tcommit, false, 0, session, transaction, '', note, undefined);
  }

  /** The transaction is undone: its compensation records stand before this. */
  rollbackEnd(transaction: number, session: number, note: Bytes = ''): void {
    this.record(recordTypes.rollbackEnd, false, 0, session, transaction, '', note, undefined);
  }

  /** Something about the mirror that has to stand in the journal: `kind` names it. */
  mark(kind: Bytes, payload: Bytes): void {
    this.record(recordTypes.mark, false, 0, 0, 0, kind, payload, undefined);
  }

  /** Keeps one record, behind those before it. Nothing is thrown because of the disk. */
  protected abstract record(
    type: RecordType,
    compensation: boolean,
    database: number,
    session: number,
    transaction: number,
    key: Bytes,
    value: Bytes,
    old: Bytes | undefined,
  ): void;
}
