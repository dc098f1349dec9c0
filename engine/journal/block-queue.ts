import type { Bytes } from '../globals/bytes.ts';
import { assert } from '../io/assert.ts';
import { makeBinding, OpenBlock, type Binding } from './open-block.ts';
import { recordBytes } from './record.ts';
import type { DatabaseIdentity, RecordType } from './types.ts';

const blockTarget = 8 * 1024 * 1024;
const saturatedFrom = 4 * 1024 * 1024;

/** The blocks of a writer that have no place yet: the open one, which records gather in, and those that were full before their turn came. */
export class BlockQueue {
  readonly #bindings: Binding[] = [];
  #sequence = 1;
  #open = new OpenBlock();
  /** Oldest first. */
  #full: OpenBlock[] = [];
  #spare: OpenBlock | null = new OpenBlock();
  #isTogether = false;

  constructor() {
    this.#open.restart(this.#sequence);
  }

  /** Records in the open block. */
  get records(): number {
    return this.#open.records;
  }

  /** Bytes of records in the open block. */
  get size(): number {
    return this.#open.size;
  }

  get isEmpty(): boolean {
    return this.#full.length === 0 && this.#open.isEmpty;
  }

  get hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** So much waits that no more should be begun. */
  get saturated(): boolean {
    return this.hasFull || this.#open.size > saturatedFrom;
  }

  /** The block that holds the newest record; undefined: nothing waits. */
  get newest(): OpenBlock | undefined {
    return this.#open.isEmpty ? this.#full.at(-1) : this.#open;
  }

  /** A number for the database, to be used in records. */
  bind(database: DatabaseIdentity): number {
    const number = this.#bindings.length + 1;
    assert(number < 0x1_0000, 'a journal names at most 65,535 databases');
    this.#bindings.push(makeBinding(number, database));
    return number;
  }

  add(
    type: RecordType,
    compensation: boolean,
    database: number,
    session: number,
    transaction: number,
    key: Bytes,
    value: Bytes,
    old: Bytes | undefined,
  ): void {
    if (!this.#isTogether && this.#open.size > 0 && this.#open.size + recordBytes(key, value, old) > blockTarget) this.#closeOpen();
    if (database !== 0) this.#use(database);
    this.#open.add(type, compensation, database, session, transaction, key, value, old);
  }

  /**
   * What `record` adds stands in one block: after a crash there is all of it or nothing.
   * @param bytes at least what its records take  @param databases numbers of all that they name
   */
  together(bytes: number, databases: readonly number[], record: () => void): void {
    if (this.#open.size > 0 && (this.#open.size + bytes > blockTarget || !this.#canUse(databases))) this.#closeOpen();
    const { sequence } = this.#open;
    this.#isTogether = true;
    try {
      record();
    } finally {
      this.#isTogether = false;
    }
    assert(this.#open.sequence === sequence, 'what belongs together stands in one block');
  }

  #canUse(databases: readonly number[]): boolean {
    return databases.every((number) => {
      const binding = this.#bindings[number - 1];
      if (binding === undefined || !this.#open.canUse(binding)) return false;
      this.#open.use(binding);
      return true;
    });
  }

  /** The newest ticket of the open block's records. */
  note(ticket: number): void {
    this.#open.ticket = ticket;
  }

  /** The block whose turn is next, the open one if no other waits; it stays in the queue. undefined: nothing waits. */
  next(): OpenBlock | undefined {
    if (this.#full.length === 0 && !this.#open.isEmpty) this.#closeOpen();
    return this.#full[0];
  }

  /** The block that `next` gave gets its place. */
  shift(): void {
    this.#full.shift();
  }

  /** A durable block: its memory is used again. */
  giveBack(block: OpenBlock): void {
    if (this.#spare === null && block.isWorthKeeping) this.#spare = block;
  }

  /** What is full is let go: it never becomes durable. */
  drop(): void {
    this.#full = [];
  }

  #use(database: number): void {
    const binding = this.#bindings[database - 1];
    assert(binding !== undefined, 'a record names a database that was bound');
    if (!this.#open.canUse(binding)) this.#closeOpen();
    this.#open.use(binding);
  }

  #closeOpen(): void {
    this.#full.push(this.#open);
    this.#open = this.#spare ?? new OpenBlock();
    this.#spare = null;
    this.#open.restart(++this.#sequence);
  }
}
