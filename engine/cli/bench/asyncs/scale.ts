import { availableParallelism } from 'node:os';
import type { BenchPair } from '../bench-pair.ts';
import { lineOf, rounded, type BenchLine } from '../line.ts';
import { spawnLoad } from '../load.ts';
import { noProcessFigures, processFigures, threadSeconds } from '../process-figures.ts';
import { Followers } from './followers.ts';
import { StuckFollower } from './stuck.ts';

/** 14 are as many as a mirror with two failover members can have. */
const counts = [1, 4, 14] as const;
const ASYNCS_MAX = 14;
const THROUGHPUT_LEFT_MIN = 0.75;
const SAVED_MIN = 0.5;
const STUCK_MB_MAX = 32;
const ROUNDS = 2;
const MAIN_THREAD = 'main';
const SAMPLE_MS = 250;

/** One run of the load with so many asyncs connected. */
interface Run {
  readonly perSecond: number;
  readonly errors: number;
  /** Of the primary, processor µs for an update, by thread; null where the system does not tell. */
  readonly threadUs: Readonly<Record<string, number>> | null;
}

/** What asyncs that are connected cost the primary; what compression saves; what one that takes nothing keeps in memory. */
export async function* scale(pair: BenchPair, seconds: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  const followers = await Followers.start(pair, ASYNCS_MAX);
  try {
    const runs = new Map<number, Run[]>();
    let taken = { networkBytes: 0, journalBytes: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      for (const count of [0, ...counts]) {
        taken = await followers.connect(count);
        runs.set(count, [...(runs.get(count) ?? []), await runOf(pair, seconds, signal)]);
        taken = await followers.connect(count);
      }
    }
    await followers.connect(0);
    const none = runs.get(0) ?? [];
    for (const count of counts) yield costOf(count, none, runs.get(count) ?? []);
    const saved = 1 - taken.networkBytes / taken.journalBytes;
    yield lineOf({
      name: 'asyncs-saved',
      value: saved,
      unit: 'of the journal',
      goal: { atLeast: SAVED_MIN },
      errors: 0,
      context: { compression: 'zstd', ...taken, ratio: rounded(taken.journalBytes / taken.networkBytes) },
    });
    if (noProcessFigures() === null) yield await stuck(pair, followers, seconds, signal);
  } finally {
    await followers.end();
  }
}

async function runOf(pair: BenchPair, seconds: number, signal: AbortSignal): Promise<Run> {
  const isKnown = noProcessFigures() === null;
  const [pid] = pair.pids;
  const [threads, updates] = [isKnown ? threadSeconds(pid) : {}, (await pair.counts()).updates];
  const { perSecond, errors } = await spawnLoad(pair.load({ connections: 50, seconds }), signal);
  const done = (await pair.counts()).updates - updates;
  await pair.check(signal);
  if (!isKnown) return { perSecond, errors, threadUs: null };
  const used = Object.entries(threadSeconds(pid)).map(([name, cpu]) => [name, ((cpu - (threads[name] ?? 0)) / done) * 1e6]);
  return { perSecond, errors, threadUs: Object.fromEntries(used) as Record<string, number> };
}

/** In turns, so that what else the machine does meets all. */
function costOf(asyncs: number, none: readonly Run[], some: readonly Run[]): BenchLine {
  const rate = (runs: readonly Run[]): number => mean(runs.map(({ perSecond }) => perSecond));
  const threads = { none: threadsOf(none), some: threadsOf(some) };
  const [mainNone, main] = [threads.none[MAIN_THREAD], threads.some[MAIN_THREAD]];
  return lineOf({
    name: `asyncs-${asyncs}`,
    value: rate(some) / rate(none),
    unit: 'of that without',
    goal: asyncs === ASYNCS_MAX ? { atLeast: THROUGHPUT_LEFT_MIN } : null,
    errors: [...none, ...some].reduce((sum, { errors }) => sum + errors, 0),
    context: {
      processors: availableParallelism(),
      perSecondWithout: none.map(({ perSecond }) => Math.round(perSecond)),
      perSecond: some.map(({ perSecond }) => Math.round(perSecond)),
      // Where there are processors enough the one thread that executes is the limit.
      leftOfMainThread: mainNone === undefined || main === undefined ? null : rounded(mainNone / main),
      threadUsWithout: threads.none,
      threadUs: threads.some,
    },
  });
}

/** Processor µs for an update, by thread, over several runs. */
function threadsOf(runs: readonly Run[]): Record<string, number> {
  const names = new Set(runs.flatMap(({ threadUs }) => Object.keys(threadUs ?? {})));
  return Object.fromEntries([...names].map((name) => [name, rounded(mean(runs.map(({ threadUs }) => threadUs?.[name] ?? 0)))]));
}

async function stuck(pair: BenchPair, followers: Followers, seconds: number, signal: AbortSignal): Promise<BenchLine> {
  const without = await memoryOf(pair, seconds, signal);
  const follower = await StuckFollower.connect(pair.ports[0], followers.mirror, followers.members[0] ?? '');
  try {
    const before = (await pair.counts()).journalBytes;
    const residentMB = await memoryOf(pair, seconds, signal);
    return lineOf({
      name: 'asyncs-stuck',
      value: residentMB - without,
      unit: 'MB more',
      goal: { atMost: STUCK_MB_MAX },
      // One that was let go meanwhile shows nothing.
      errors: follower.isConnected ? 0 : 1,
      context: { residentMB: rounded(residentMB), withoutMB: rounded(without), journalBytes: (await pair.counts()).journalBytes - before },
    });
  } finally {
    follower.close();
  }
}

/** The primary's resident memory under the heaviest load, MB: the median, since the largest depends on when rubbish is collected. */
async function memoryOf(pair: BenchPair, seconds: number, signal: AbortSignal): Promise<number> {
  const samples: number[] = [];
  const sampler = setInterval(() => samples.push(processFigures(pair.pids[0]).residentMB), SAMPLE_MS);
  await spawnLoad(pair.load({ connections: 50, pipeline: 16, seconds }), signal).finally(() => clearInterval(sampler));
  return samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
