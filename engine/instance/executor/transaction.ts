import type { Bytes, Key } from '../../globals/index.ts';
import type { OpenDatabase } from './open-database.ts';
import type { JournalPort } from './journal-port.ts';

/** What undoes one update. */
export interface Undo {
  readonly database: OpenDatabase;
  readonly key: Key;
  readonly old: Bytes | undefined;
}

/** A session's open transaction: what it has changed, and in which journals it has left its start marker. */
export class Transaction {
  readonly id: number;
  readonly undo: Undo[] = [];
  /** Where in `undo` each level began. */
  readonly levels: number[] = [];
  readonly journals = new Set<JournalPort>();

  constructor(id: number) {
    this.id = id;
  }
}
