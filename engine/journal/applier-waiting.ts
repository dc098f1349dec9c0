import type { Inheritance } from './applier-messages.ts';
import type { ApplierTarget } from './applier-target.ts';
import { comparePositions } from './position.ts';
import type { Position } from './types.ts';

interface Drain {
  readonly position: Position;
  readonly done: (error: unknown) => void;
}

/** Who asked for what the files lack. */
export interface Heir {
  readonly done: (inheritance: Inheritance) => void;
  readonly failed: (error: unknown) => void;
}

/** Who waits for what an applier reads. */
export class ApplierWaiting {
  #drains: Drain[] = [];
  #heirs: { readonly position: Position; readonly heir: Heir }[] = [];

  /** `done(null)` once every file contains everything before the position, or why it will not. */
  drain(position: Position, done: (error: unknown) => void): void {
    this.#drains.push({ position, done });
  }

  inherit(position: Position, heir: Heir): void {
    this.#heirs.push({ position, heir });
  }

  get hasDrains(): boolean {
    return this.#drains.length > 0;
  }

  /** @param position read up to there; `openStart`: of the oldest transaction open there */
  answerHeirs(position: Position, openStart: Position | null, targets: readonly ApplierTarget[]): void {
    const failure = failureOf(targets);
    const ready = this.#heirs.filter((each) => failure !== null || comparePositions(position, each.position) >= 0);
    this.#heirs = this.#heirs.filter((waiting) => !ready.includes(waiting));
    for (const { heir } of ready) {
      if (failure !== null) heir.failed(failure);
      else heir.done({ position, openStart, databases: targets.map((target) => target.uncommitted()) });
    }
  }

  settleDrains(targets: readonly ApplierTarget[]): void {
    const failure = failureOf(targets);
    const isDone = ({ position }: Drain): boolean =>
      failure !== null || targets.every((target) => comparePositions(target.committed, position) >= 0);
    const done = this.#drains.filter(isDone);
    this.#drains = this.#drains.filter((drain) => !isDone(drain));
    for (const drain of done) drain.done(failure);
  }

  /** Nothing is read any more. */
  failAll(error: unknown): void {
    for (const drain of this.#drains.splice(0)) drain.done(error);
    for (const { heir } of this.#heirs.splice(0)) heir.failed(error);
  }
}

function failureOf(targets: readonly ApplierTarget[]): unknown {
  return targets.find((target) => target.failure !== null)?.failure ?? null;
}
