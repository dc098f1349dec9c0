import { catchUp, scale } from './asyncs/index.ts';
import { backups } from './backups.ts';
import { BenchPair } from './bench-pair.ts';
import { compare } from './compare.ts';
import { dejournal } from './dejournal/dejournal.ts';
import { lineOf, skippedLine, type BenchLine, type Figure } from './line.ts';
import { spawnLoad, type LoadResult } from './load.ts';
import { observe, type LoadShape, type Observed } from './observe.ts';
import { noProcessFigures } from './process-figures.ts';
import { pauses } from './pauses.ts';
import { RedisPair, redisVersion } from './redis-pair.ts';

export const benchNames = [
  'throughput',
  'redis',
  'memory',
  'stall',
  'cpu',
  'bytes',
  'takeover',
  'switchover',
  'asyncs',
  'catchup',
  'compare',
  'dejournal',
  'backup',
] as const;
export type BenchName = (typeof benchNames)[number];
/** Those that make a mirror, or whatever they need, for themselves. */
const alone = ['asyncs', 'catchup', 'compare', 'dejournal', 'backup'] as const;
type PairName = Exclude<BenchName, (typeof alone)[number]>;

export interface BenchOptions {
  readonly names: readonly BenchName[];
  /** Of each measurement; a minute for memory and ten seconds for the others when left out. */
  readonly seconds: number | undefined;
  readonly signal: AbortSignal;
}

const SECONDS = 10;
const MEMORY_SECONDS = 60;
/** Before anything is measured: code is compiled by then, and most keys are there, so that the updates are overwrites. */
const WARM_UP_SECONDS_MAX = 5;

type Load = Pick<LoadShape, 'connections' | 'pipeline'>;
/** Goals on a quiet machine with two processors, updates a second. */
const loads: readonly (Load & { readonly goal: number | null })[] = [
  { connections: 1, pipeline: 1, goal: null },
  { connections: 16, pipeline: 1, goal: null },
  { connections: 50, pipeline: 1, goal: 45_000 },
  { connections: 50, pipeline: 16, goal: 133_000 },
];
/** What the other figures are told for. */
const benchLoads = loads.filter(({ connections }) => connections === 50);
const heaviest: Load = { connections: 50, pipeline: 16 };
const redisConnections = [1, 16, 50];
const REDIS_ROUNDS = 2;

const MEMORY_MB_MAX = 500;
/** The last third of a run against the first: more than this is not flat. */
const MEMORY_GROWTH_MAX = 1.1;
const STALL_MS_MAX = 20;

/** Makes a mirror in a temporary folder, measures, and gives each figure as it is known. Everything is removed at the end. */
export async function* runBench({ names, seconds: given, signal }: BenchOptions): AsyncGenerator<BenchLine> {
  const seconds = given ?? SECONDS;
  const ofPair = names.filter((name): name is PairName => !alone.some((each) => each === name));
  if (ofPair.length > 0)
    yield* withPair(seconds, signal, (pair) => figuresOf(pair, ofPair, seconds, { memorySeconds: given ?? MEMORY_SECONDS, signal }));
  // A mirror of their own each: members and data that they add would stay.
  if (names.includes('asyncs')) yield* withPair(seconds, signal, (pair) => scale(pair, seconds, signal));
  if (names.includes('compare')) yield* withPair(seconds, signal, (pair) => compare(pair, seconds, signal));
  if (names.includes('catchup')) yield* withPair(seconds, signal, (pair) => catchUp(pair, seconds, signal));
  if (names.includes('dejournal')) yield* dejournal(seconds, signal);
  if (names.includes('backup')) yield* withPair(seconds, signal, (pair) => backups(pair, seconds, signal));
}

async function* withPair(
  seconds: number,
  signal: AbortSignal,
  measure: (pair: BenchPair) => AsyncGenerator<BenchLine>,
): AsyncGenerator<BenchLine> {
  const pair = new BenchPair();
  try {
    await pair.start(signal);
    await spawnLoad(pair.load({ ...heaviest, seconds: Math.min(seconds, WARM_UP_SECONDS_MAX) }), signal);
    yield* measure(pair);
  } finally {
    await pair.end();
  }
}

async function* figuresOf(
  pair: BenchPair,
  names: readonly PairName[],
  seconds: number,
  { memorySeconds, signal }: { memorySeconds: number; signal: AbortSignal },
): AsyncGenerator<BenchLine> {
  const none = noProcessFigures();
  const runs = new Runs(pair, seconds, signal);
  for (const name of names) {
    if (name === 'redis') yield* redis(pair, seconds, signal);
    else if (name === 'throughput') yield* throughput(runs);
    else if (name === 'takeover' || name === 'switchover') yield* pauses(pair, name, signal);
    else if (none !== null) yield skippedLine(name, '', null, none);
    else if (name === 'memory') yield* memory(await observe(pair, { ...heaviest, seconds: memorySeconds }, signal));
    else yield* atBenchLoads(runs, name);
  }
}

/** Each load is run once, however many figures are told of it. */
class Runs {
  readonly #pair: BenchPair;
  readonly #seconds: number;
  readonly #signal: AbortSignal;
  readonly #done = new Map<string, Observed>();

  constructor(pair: BenchPair, seconds: number, signal: AbortSignal) {
    this.#pair = pair;
    this.#seconds = seconds;
    this.#signal = signal;
  }

  async of({ connections, pipeline }: Load): Promise<Observed> {
    const key = loadName({ connections, pipeline });
    const run = this.#done.get(key) ?? (await observe(this.#pair, { connections, pipeline, seconds: this.#seconds }, this.#signal));
    this.#done.set(key, run);
    return run;
  }
}

async function* throughput(runs: Runs): AsyncGenerator<BenchLine> {
  for (const load of loads) {
    const run = await runs.of(load);
    const goal = load.goal === null ? null : { atLeast: load.goal };
    yield lineOf({ name: `throughput-${loadName(load)}`, value: run.load.perSecond, unit: 'updates/s', goal, ...contextOf(run) });
  }
}

type PerLoad = Pick<Figure, 'value' | 'unit' | 'goal'>;

const perLoad: Record<'stall' | 'cpu' | 'bytes', (run: Observed) => PerLoad> = {
  stall: ({ stallMsMax }) => ({ value: stallMsMax, unit: 'ms', goal: { atMost: STALL_MS_MAX } }),
  cpu: ({ cpuSeconds, updates }) => ({ value: (cpuSeconds / updates) * 1e6, unit: 's/million updates', goal: null }),
  bytes: ({ writtenBytes, journalBytes }) => ({ value: writtenBytes / journalBytes, unit: 'bytes/journal byte', goal: null }),
};

async function* atBenchLoads(runs: Runs, name: keyof typeof perLoad): AsyncGenerator<BenchLine> {
  for (const load of benchLoads) {
    const run = await runs.of(load);
    yield lineOf({ name: `${name}-${loadName(load)}`, ...perLoad[name](run), ...contextOf(run) });
  }
}

function* memory(run: Observed): Generator<BenchLine> {
  for (const [index, member] of (['primary', 'backup'] as const).entries()) {
    const samples = run.memoryMB.map((each) => each[index] ?? 0);
    const third = Math.ceil(samples.length / 3);
    const growth = mean(samples.slice(-third)) / mean(samples.slice(0, third));
    const context = contextOf(run);
    yield lineOf({ name: `memory-${member}`, value: Math.max(...samples), unit: 'MB', goal: { atMost: MEMORY_MB_MAX }, ...context });
    yield lineOf({ name: `growth-${member}`, value: growth, unit: 'last/first third', goal: { atMost: MEMORY_GROWTH_MAX }, ...context });
  }
}

/** Both in turns, so that what else the machine does meets both. */
async function* redis(pair: BenchPair, seconds: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  const version = redisVersion();
  if (version === null) {
    yield skippedLine('redis', 'ratio', 1, 'There is no redis-server in the PATH.');
    return;
  }
  const other = new RedisPair(pair.root);
  try {
    await other.start(signal);
    for (const connections of redisConnections) {
      const [ours, theirs]: [LoadResult[], LoadResult[]] = [[], []];
      for (let round = 0; round < REDIS_ROUNDS; round++) {
        ours.push(await spawnLoad(pair.load({ connections, seconds }), signal));
        theirs.push(await spawnLoad({ port: other.port, command: 'SET', wait: true, connections, seconds }, signal));
      }
      yield comparison(connections, version, ours, theirs);
    }
  } finally {
    await other.end();
  }
}

function comparison(connections: number, version: string, ours: readonly LoadResult[], theirs: readonly LoadResult[]): BenchLine {
  const rate = (runs: readonly LoadResult[]): number => mean(runs.map(({ perSecond }) => perSecond));
  const [first] = ours;
  return lineOf({
    name: `redis-${connections}`,
    value: rate(ours) / rate(theirs),
    unit: 'ratio',
    goal: { atLeast: 1 },
    errors: [...ours, ...theirs].reduce((sum, { errors }) => sum + errors, 0),
    context: {
      ...(first === undefined ? {} : loadContext(first)),
      perSecond: ours.map((each) => Math.round(each.perSecond)),
      redisVersion: version,
      redisPerSecond: theirs.map((each) => Math.round(each.perSecond)),
      redisLatencyMs: theirs.map(({ latencyMs }) => latencyMs),
      firstError: [...ours, ...theirs].find(({ firstError }) => firstError !== null)?.firstError ?? null,
    },
  });
}

/** `50`, or `50x16` with pipelining. */
function loadName({ connections, pipeline }: Load): string {
  return pipeline === 1 ? String(connections) : `${connections}x${pipeline}`;
}

function contextOf({ load, ...figures }: Observed): Pick<Figure, 'errors' | 'context'> {
  const { stallMsMax, updates, cpuSeconds, writtenBytes, journalBytes } = figures;
  return { errors: load.errors, context: { ...loadContext(load), stallMsMax, updates, cpuSeconds, writtenBytes, journalBytes } };
}

function loadContext({ options, seconds, perSecond, latencyMs, cpuSeconds, firstError }: LoadResult): Record<string, unknown> {
  const { connections, pipeline, keys, valueBytes } = options;
  const { p50, p99, p999, max } = latencyMs;
  const latency = { p50Ms: p50, p99Ms: p99, p999Ms: p999, maxMs: max };
  return { connections, pipeline, keys, valueBytes, seconds, perSecond, ...latency, generatorCpuSeconds: cpuSeconds, firstError };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
