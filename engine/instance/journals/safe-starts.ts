import { comparePositions, isBefore, type Position } from '../../journal/index.ts';

/** How far a database's file has got, read now: the newest commit, and what of its commits is on the disk for certain. */
export interface FileState {
  /** null: none yet. */
  readonly position: Position | null;
  /** Where the oldest transaction began that was open there. */
  readonly openStart: Position | null;
  /** The newest position that survives a power failure; null: not known. */
  readonly safe: Position | null;
}

interface Seen {
  readonly position: Position;
  /** Journal from there on was needed at that position. */
  readonly from: Position;
}

/**
 * From where a database needs its journal after a power failure. Its file goes back to `safe` then, and what was open there is only
 * known of positions that were looked at: a transaction that is open at a later position began at or behind what was open at an earlier one.
 */
export class SafeStarts {
  readonly #known = new Map<string, { safe: Seen | null; newest: Seen | null }>();

  /** @returns null: not known */
  from(database: string, { position, openStart, safe }: FileState): Position | null {
    if (position === null) return null;
    const now: Seen = { position, from: openStart !== null && isBefore(openStart, position) ? openStart : position };
    const known = this.#known.get(database) ?? { safe: null, newest: null };
    // Its file was made anew, or rewound.
    if (known.newest !== null && isBefore(position, known.newest.position)) known.safe = known.newest = null;
    const isSafe = (seen: Seen | null): seen is Seen =>
      seen !== null && (safe === null ? comparePositions(seen.position, position) === 0 : !isBefore(safe, seen.position));
    if (isSafe(known.newest)) known.safe = known.newest;
    // One that was looked at long ago still counts, so the newest waits until it is safe.
    if (known.newest === null || known.safe === known.newest) known.newest = now;
    if (safe !== null && comparePositions(safe, position) === 0) known.safe = known.newest = now;
    this.#known.set(database, known);
    return known.safe?.from ?? null;
  }
}
