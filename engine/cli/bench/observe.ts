import type { MonitorSnapshot } from '../../api/status.ts';
import type { BenchPair } from './bench-pair.ts';
import { spawnLoad, type LoadResult } from './load.ts';
import { processFigures, type ProcessFigures } from './process-figures.ts';

/** How hard to load. */
export interface LoadShape {
  readonly connections: number;
  readonly pipeline: number;
  readonly seconds: number;
}

/** What one load did to the pair. Lists of members have the primary first. */
export interface Observed {
  readonly load: LoadResult;
  /** Longest of the primary's executor, ms. */
  readonly stallMsMax: number;
  /** Once a second, MB. */
  readonly memoryMB: readonly (readonly [primary: number, backup: number])[];
  /** Of both members, for the updates and journal bytes below. */
  readonly cpuSeconds: number;
  readonly writtenBytes: number;
  readonly updates: number;
  readonly journalBytes: number;
}

const SAMPLE_MS = 1000;
/** How long the backup gets to dejournal the rest after the load has ended. */
const SETTLE_MS = 30_000;

/** Loads the pair from a process of its own and looks at its processes meanwhile. */
export async function observe(pair: BenchPair, shape: LoadShape, signal: AbortSignal): Promise<Observed> {
  const client = await pair.connect();
  const watch = new Watch();
  client.subscribe('monitor', (snapshot) => watch.see(snapshot));
  const memoryMB: [number, number][] = [];
  const sample = (): void => void memoryMB.push(both(pair, (figures) => figures.residentMB));
  try {
    const [processesBefore, countsBefore] = [both(pair, (figures) => figures), await pair.counts()];
    const sampler = setInterval(sample, SAMPLE_MS);
    const load = await spawnLoad(pair.load(shape), signal).finally(() => clearInterval(sampler));
    sample();
    await watch.settled(SETTLE_MS, signal);
    const [processes, counts] = [both(pair, (figures) => figures), await pair.counts()];
    await pair.check(signal);
    const used = (figure: 'cpuSeconds' | 'writtenBytes'): number =>
      processes.reduce((sum, each, i) => sum + each[figure] - (processesBefore[i]?.[figure] ?? 0), 0);
    return {
      load,
      stallMsMax: watch.stallMsMax,
      memoryMB,
      cpuSeconds: used('cpuSeconds'),
      writtenBytes: used('writtenBytes'),
      updates: counts.updates - countsBefore.updates,
      journalBytes: counts.journalBytes - countsBefore.journalBytes,
    };
  } finally {
    client.close();
  }
}

function both<T>({ pids: [primary, backup] }: BenchPair, look: (figures: ProcessFigures) => T): [T, T] {
  return [look(processFigures(primary)), look(processFigures(backup))];
}

/** What the primary's monitor tells during a load. */
class Watch {
  stallMsMax = 0;
  #caughtUp = false;
  #onCaughtUp: () => void = () => undefined;

  see({ metrics, lag }: MonitorSnapshot): void {
    this.stallMsMax = Math.max(this.stallMsMax, metrics?.executorStallMsMax ?? 0);
    this.#caughtUp = lag.every(({ dejournaled }) => dejournaled.behindBytes === 0);
    if (this.#caughtUp) this.#onCaughtUp();
  }

  /** Waits for the backup to have dejournaled everything, but not for ever. */
  async settled(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#caughtUp) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onCaughtUp = resolve;
    const timer = setTimeout(resolve, timeoutMs);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise.finally(() => clearTimeout(timer));
    signal.throwIfAborted();
  }
}
