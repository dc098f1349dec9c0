/** Words of the shared control array between `ThreadDisk` and its thread, and the operations it can ask for. */
export const control = {
  /** Raised by one for each operation; the thread sleeps on it. */
  sequence: 0,
  op: 1,
  memory: 2,
  from: 3,
  length: 4,
  offsetLow: 5,
  offsetHigh: 6,
  /** Whole pages of the current file that are behind what was appended, raised by the caller. */
  endPages: 7,
  /** Whole pages of the current file that hold data or synced zeros, raised by the thread; 0 while no file is written. */
  allocatedPages: 8,
  words: 9,
  pageBytes: 4096,
  opAppend: 1,
  opSync: 2,
  /** A command stands in the message queue. */
  opMessage: 3,
  memoriesKept: 4,
} as const;

export type Command =
  | { readonly name: 'create'; readonly path: string; readonly header: Uint8Array }
  | { readonly name: 'attach'; readonly path: string }
  | { readonly name: 'finish'; readonly length: number }
  | { readonly name: 'relocate'; readonly from: string; readonly path: string; readonly length: number }
  | { readonly name: 'close' }
  /** A file of zeros is to be made there meanwhile, for the next `create`. */
  | { readonly name: 'prepare'; readonly path: string }
  /** Not an operation: makes memory known before an append that uses it. */
  | { readonly name: 'memory'; readonly number: number; readonly memory: SharedArrayBuffer; readonly forget: number };

/** One for each operation. */
export interface Answer {
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly doing: string;
  readonly path: string;
}
