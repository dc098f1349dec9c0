/** What a client process and the test tell each other. Times are milliseconds of the computer's monotonic clock, the same for all processes. */

/** A write that was acknowledged: node `w(name,number)`, or the register when number is null. */
export interface Write {
  readonly number: number | null;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** OK; the code of the refusal; or lost: whether it has happened is not known. */
  readonly outcome: string;
}

/** A durable read of the register, answered by a member that had taken a write on this very connection. */
export interface Read {
  readonly sentAt: number;
  readonly answeredAt: number;
  /** When the write of this value was sent; 0: none. */
  readonly value: number;
}

export type FromClient =
  | { readonly t: 'seen'; readonly writes: readonly Write[]; readonly reads: readonly Read[] }
  | { readonly t: 'idle' }
  | { readonly t: 'filled' }
  /** null: the connection was lost meanwhile */
  | { readonly t: 'nodes'; readonly nodes: readonly string[] | null }
  | { readonly t: 'failed'; readonly why: string };

export type ToClient = { readonly t: 'write' } | { readonly t: 'pause' } | { readonly t: 'list' } | { readonly t: 'fill' };

/** What a write that was never answered ended with. */
export const LOST = 'lost';
