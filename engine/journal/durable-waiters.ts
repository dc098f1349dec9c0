import type { GemelError } from '../api/errors.ts';
import type { Position } from './types.ts';

interface Waiter {
  readonly sequence: number;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: GemelError) => void;
}

/** Promises that are kept when a block has become durable. */
export class DurableWaiters {
  #waiters: Waiter[] = [];

  wait(sequence: number): Promise<Position> {
    return new Promise((resolve, reject) => this.#waiters.push({ sequence, resolve, reject }));
  }

  /** Every block up to that sequence is durable. */
  reached(sequence: number, position: Position): void {
    if (this.#waiters.length === 0) return;
    const kept = this.#waiters.filter((waiter) => waiter.sequence <= sequence);
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > sequence);
    for (const waiter of kept) waiter.resolve(position);
  }

  fail(error: GemelError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}
