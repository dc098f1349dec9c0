import type { JournalUpdate } from '../../journal/index.ts';
import type { HookIdentity } from '../hooks/index.ts';

/** What a filter's thread and the instance say to each other. Plain data, copied between threads. */

export interface FilterStart {
  readonly file: string;
  readonly identity: HookIdentity;
}

/** Which of them are to be applied? */
export interface FilterQuestion {
  readonly id: number;
  readonly updates: readonly JournalUpdate[];
  /** Names of the databases whose updates the answer counts for. */
  readonly readWrite: readonly string[];
}

export type FromFilter =
  | { readonly t: 'loaded' }
  | { readonly t: 'log'; readonly text: string }
  /** Indexes of those that are not to be applied. */
  | { readonly t: 'answer'; readonly id: number; readonly refused: readonly number[] }
  /** It cannot be loaded, threw, or gave no answer. `text` goes on from the name of the file. */
  | { readonly t: 'failed'; readonly text: string };
