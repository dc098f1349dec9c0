import type { ErrorCode } from '../api/errors.ts';
import type { PropertyChange } from '../database/properties.ts';
import type { Bytes, Key } from '../globals/bytes.ts';
import type { CutRequest, PreparedCut } from './rewind/prepare.ts';
import type { RewindTo } from './rewind/rewind.ts';
import type { JournalIdentity, Position } from './types.ts';

/** A database that a journal feeds. */
export interface AppliedDatabase {
  /** As the journal's records name it. */
  readonly name: string;
  /** Where its file is. */
  readonly directory: string;
}

export interface ApplierThreadData {
  readonly directory: string;
  readonly journal: JournalIdentity;
  readonly intervalMs: number;
}

export type ApplierCommand =
  | { readonly name: 'add'; readonly id: number; readonly database: AppliedDatabase }
  | { readonly name: 'remove'; readonly id: number; readonly database: string }
  /** Everything before it may be applied; answered by `heard`. */
  | { readonly name: 'target'; readonly position: Position }
  /** Commit everything up to there without waiting for more; answered when every file contains it. */
  | { readonly name: 'drain'; readonly id: number; readonly position: Position }
  /** Answered with what the files do not have yet, once everything up to there was read: see `Inheritance`. */
  | { readonly name: 'inherit'; readonly id: number; readonly position: Position }
  /** See `Applier.stand`; answered with where it stands. */
  | { readonly name: 'stand'; readonly id: number; readonly at: Position | null; readonly ms: number }
  | { readonly name: 'go-on' }
  /** See `Applier.correct`. */
  | {
      readonly name: 'correct';
      readonly id: number;
      readonly database: string;
      readonly at: Position;
      readonly changes: readonly (readonly [key: Key, value: Bytes | null])[];
    }
  /** Also of a database that takes no more. */
  | { readonly name: 'properties'; readonly id: number; readonly database: string; readonly change: PropertyChange }
  /** Answered once the files contain everything up to there; from then on they stay as they are. See `Applier.hold`. */
  | {
      readonly name: 'hold';
      readonly id: number;
      readonly databases: readonly string[];
      readonly rests: boolean;
      readonly position: Position;
    }
  | { readonly name: 'release'; readonly id: number; readonly hold: number }
  | { readonly name: 'interval'; readonly intervalMs: number }
  /** Of a thread that feeds no database: gets the journal's cut ready; answered with what was prepared. */
  | { readonly name: 'prepare-cut'; readonly id: number; readonly request: CutRequest }
  /** Of a thread that feeds no database: takes databases back to the fork. */
  | { readonly name: 'rewind'; readonly id: number; readonly databases: readonly AppliedDatabase[]; readonly to: RewindTo }
  | { readonly name: 'close'; readonly id: number };

export interface AppliedDatabaseProgress {
  readonly name: string;
  /** Every update of it before that position is in its file. */
  readonly position: Position;
  /** The same after a power failure; null: nothing is known to be. */
  readonly safe: Position | null;
  /** Taken in since it was added. */
  readonly updates: number;
}

/** Told after every commit. */
export interface ApplierProgress {
  /** The least position of all databases that go on; the place read up to when there is none. */
  readonly position: Position;
  /** When the last block before it was written by its primary, ms since the epoch; null before the first. */
  readonly timeMs: number | null;
  readonly databases: readonly AppliedDatabaseProgress[];
  /** Since the thread began. */
  readonly totals: { readonly records: number; readonly journalBytes: number; readonly walBytes: number; readonly commits: number };
}

/** What a database's file lacks before a position: the newest value of each node, null where the node went away. */
export interface InheritedNodes {
  /** The database, as the journal's records name it. */
  readonly name: string;
  readonly keys: readonly Key[];
  /** One of each key. */
  readonly values: readonly (Bytes | null)[];
}

/** The journal before `position` as far as it is not in the files yet: whoever has it need not wait for the files. */
export interface Inheritance {
  readonly position: Position;
  /** Where the oldest transaction begins that is open there; null: none is. */
  readonly openStart: Position | null;
  readonly databases: readonly InheritedNodes[];
}

/** A database whose file stays as it is for a while. */
export interface HeldFile {
  /** The database, as the journal's records name it. */
  readonly name: string;
  /** What the file says of itself: see `DatabaseProgress`. */
  readonly position: Position | null;
  readonly openStart: Position | null;
}

export interface PlainError {
  readonly code: ErrorCode;
  readonly what: string;
  readonly safe: string;
  readonly todo: string;
}

export type ApplierNews =
  | { readonly name: 'applied'; readonly progress: ApplierProgress }
  /** A target has arrived: another one may be sent. */
  | { readonly name: 'heard' }
  /** `database` null: the journal cannot be read, nothing is applied any more. */
  | { readonly name: 'failed'; readonly database: string | null; readonly position: Position; readonly error: PlainError }
  | {
      readonly name: 'done';
      readonly id: number;
      readonly position: Position;
      readonly error: PlainError | null;
      /** What an `inherit` that succeeds is answered with. */
      readonly inheritance?: Inheritance;
      /** What a `hold` that succeeds is answered with. */
      readonly held?: readonly HeldFile[];
      /** Of a `release`: whether the files have stayed as they were. */
      readonly isIntact?: boolean;
      /** What a `prepare-cut` that succeeds is answered with. */
      readonly prepared?: PreparedCut;
    };
