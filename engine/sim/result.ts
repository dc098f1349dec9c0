import type { Fault, FaultKind } from './faults/kinds.ts';
import { HashSum } from './trace.ts';

export interface SeedResult {
  readonly seed: number;
  /** 'rejected': too little happened for the run to mean anything. */
  readonly outcome: 'passed' | 'failed' | 'rejected';
  /** What failed, or was too little. */
  readonly why: string;
  readonly operations: number;
  readonly takeovers: number;
  readonly virtualMs: number;
  readonly hash: string;
  readonly faults: readonly Fault[];
  /** The transcript's last lines, if they were kept. */
  readonly transcript: readonly string[];
}

/** The last line of `npm run sim` (INTERFACES). */
interface Summary {
  readonly seeds: number;
  readonly failed: readonly number[];
  readonly rejected: number;
  readonly operations: number;
  readonly takeovers: number;
  readonly simulatedYears: number;
  readonly wallSeconds: number;
  readonly traceHash: string;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

const YEAR_MS = 365.25 * 24 * 3600 * 1000;

/** Adds up results of seeds, in any order. */
export class Tally {
  #seeds = 0;
  #rejected = 0;
  #operations = 0;
  #takeovers = 0;
  #virtualMs = 0;
  readonly #failed: number[] = [];
  readonly #faults = new Map<FaultKind, number>();
  readonly #hashes = new HashSum();

  add(result: SeedResult): void {
    this.#seeds += 1;
    this.#operations += result.operations;
    this.#takeovers += result.takeovers;
    this.#virtualMs += result.virtualMs;
    this.#hashes.add(result.seed, result.hash);
    if (result.outcome === 'failed') this.#failed.push(result.seed);
    if (result.outcome === 'rejected') this.#rejected += 1;
    for (const { kind } of result.faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  summary(wallSeconds: number): Summary {
    return {
      seeds: this.#seeds,
      failed: [...this.#failed].sort((a, b) => a - b),
      rejected: this.#rejected,
      operations: this.#operations,
      takeovers: this.#takeovers,
      simulatedYears: Number((this.#virtualMs / YEAR_MS).toPrecision(3)),
      wallSeconds: Number(wallSeconds.toFixed(1)),
      traceHash: this.#hashes.hash,
      faults: Object.fromEntries([...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}
