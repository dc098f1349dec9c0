import { GemelError } from '../api/errors.ts';
import { comparePositions, isBefore } from './position.ts';
import type { Position } from './types.ts';

export interface Stander {
  readonly done: (position: Position) => void;
  readonly failed: (error: GemelError) => void;
}

/** An applier that stands still at one position, for somebody who looks at its files: at most for a time, and never in anybody else's way. */
export class Stand {
  readonly #untilMs: number;
  readonly #at: Position;
  #waiting: Stander | null;

  /** @param at where; @param untilMs monotonic */
  constructor(at: Position, untilMs: number, stander: Stander) {
    this.#at = at;
    this.#untilMs = untilMs;
    this.#waiting = stander;
  }

  /** Nothing may be read behind it. */
  limit(goal: Position): Position {
    return isBefore(this.#at, goal) ? this.#at : goal;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  msLeft(nowMs: number): number {
    return Math.max(1, Math.ceil(this.#untilMs - nowMs));
  }

  /** It stands there: everything before is in the files. */
  get reached(): boolean {
    return this.#waiting === null;
  }

  isAt(position: Position): boolean {
    return comparePositions(this.#at, position) === 0;
  }

  /** Call once the files have everything before it. */
  reach(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.done(this.#at);
  }

  /** It goes on. */
  end(why: string): void {
    this.#waiting?.failed(
      new GemelError(
        'TIMEOUT',
        `Dejournaling did not stand at ${this.#at.file}:${this.#at.offset}: ${why}.`,
        'Nothing was changed.',
        'Try again.',
      ),
    );
    this.#waiting = null;
  }
}
