import { GemelError } from '../api/errors.ts';
import type { ApplierTarget } from './applier-target.ts';
import { comparePositions, isBefore } from './position.ts';
import type { HeldFile } from './applier-messages.ts';
import type { Position } from './types.ts';

/** A wish that database files stay as they are for a while: somebody copies them. */
export interface FileHold {
  readonly id: number;
  /** Of the databases, in the journal's records. */
  readonly names: readonly string[];
  /** Also nothing is committed: not even the write-ahead log changes. */
  readonly rests: boolean;
  /** What the files are to contain, and nothing beyond. */
  readonly position: Position;
  readonly done: (files: readonly HeldFile[]) => void;
  readonly failed: (error: unknown) => void;
}

interface Entry extends FileHold {
  /** The files are there, and stay so. */
  isThere: boolean;
  /** Nothing has changed a file since. */
  isIntact: boolean;
}

/** Which files have to stay as they are. */
export class FileHolds {
  #entries: Entry[] = [];

  add(hold: FileHold): void {
    this.#entries.push({ ...hold, isThere: false, isIntact: true });
  }

  /** Nothing behind it may be read yet; null: everything may. */
  get limit(): Position | null {
    const waiting = this.#entries.filter(({ isThere }) => !isThere).map(({ position }) => position);
    return waiting.reduce<Position | null>((least, position) => (least === null || isBefore(position, least) ? position : least), null);
  }

  /** Those that wait for what has been read now. */
  due(position: Position): readonly FileHold[] {
    return this.#entries.filter((entry) => !entry.isThere && comparePositions(position, entry.position) >= 0);
  }

  /**
   * Brings the logs of their databases into the files. Everything before their position must have been committed.
   * @returns whether some have to be tried again soon: a reader keeps a log
   */
  settle(
    due: readonly FileHold[],
    by: {
      readonly target: (name: string) => ApplierTarget | undefined;
      /** Copies a database's log into its file; whether all of it is there. */
      readonly checkpointed: (target: ApplierTarget) => boolean;
    },
  ): boolean {
    let isWaiting = false;
    for (const hold of due) {
      const targets = hold.names.map((name) => ({ name, target: by.target(name) }));
      const lacking = targets.find(({ target }) => target === undefined || target.failure !== null);
      if (lacking !== undefined) {
        const why = new GemelError('NOT_FOUND', `The database ${lacking.name} is not being dejournaled.`);
        this.refuse(hold, lacking.target?.failure ?? why);
        continue;
      }
      const files = targets.flatMap(({ target }) => target ?? []);
      // Another hold's file has it all already, or is older than what is wanted now. Each is tried.
      const complete = files.filter((target) => (this.keeps(target.name) ? target.walBytes === 0 : by.checkpointed(target)));
      if (complete.length < files.length) isWaiting = true;
      else
        this.#reached(
          hold,
          files.map(({ held }) => held),
        );
    }
    return isWaiting;
  }

  #reached(hold: FileHold, files: readonly HeldFile[]): void {
    for (const entry of this.#entries) if (entry.id === hold.id) entry.isThere = true;
    hold.done(files);
  }

  refuse(hold: FileHold, error: unknown): void {
    this.#entries = this.#entries.filter(({ id }) => id !== hold.id);
    hold.failed(error);
  }

  /** The journal cannot be read any more. */
  failAll(error: unknown): void {
    for (const entry of this.#entries.filter(({ isThere }) => !isThere)) this.refuse(entry, error);
  }

  /** Whether the log of that database may not be copied into its file. */
  keeps(name: string): boolean {
    return this.#entries.some((entry) => entry.isThere && entry.names.includes(name));
  }

  /** Whether nothing may be committed. */
  get isResting(): boolean {
    return this.#entries.some((entry) => entry.isThere && entry.rests);
  }

  /** Something else does not wait: commits go on, and whoever copies is told at the end that the files have changed. */
  breakRests(): void {
    for (const entry of this.#entries.filter(({ rests }) => rests)) this.#break(entry);
  }

  /** That file is closed, or fed no more. */
  breakFor(name: string): void {
    for (const entry of this.#entries.filter(({ names }) => names.includes(name))) this.#break(entry);
  }

  #break(entry: Entry): void {
    entry.isIntact = false;
    if (entry.rests && entry.isThere) this.#entries = this.#entries.map((each) => (each === entry ? { ...entry, rests: false } : each));
  }

  /** @returns whether the files have stayed as they were */
  release(id: number): boolean {
    const entry = this.#entries.find((each) => each.id === id);
    this.#entries = this.#entries.filter((each) => each.id !== id);
    return entry !== undefined && entry.isThere && entry.isIntact;
  }
}
