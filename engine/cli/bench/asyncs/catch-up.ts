import { setTimeout as pause } from 'node:timers/promises';
import { until, type DemoNode } from '../../demo/world.ts';
import type { BenchPair } from '../bench-pair.ts';
import { lineOf, rounded, type BenchLine } from '../line.ts';
import { spawnLoad } from '../load.ts';
import { giveWay } from '../process-figures.ts';
import { diskSpeed, lineSpeed } from './speeds.ts';

const MB = 1024 * 1024;
const THROUGHPUT_LEFT_MIN = 0.9;
const POLL_MS = 20;
const HOUR_S = 3600;

/**
 * A reporting member was away for some time of the heaviest load and comes back while the usual load goes on: how fast it gets what it lacks, and what that
 * costs the primary. An hour takes as much longer as there is more journal: it is read from the files piece by piece. Twice: beside the
 * primary as any process, and with what processor time the others leave, which stands for a host of its own.
 */
export async function* catchUp(pair: BenchPair, seconds: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  const member = await pair.joinReporting(signal);
  yield* wasAway(pair, member, { seconds, aside: true }, signal);
  yield* wasAway(pair, member, { seconds, aside: false }, signal);
}

async function* wasAway(
  pair: BenchPair,
  member: DemoNode,
  { seconds, aside }: { readonly seconds: number; readonly aside: boolean },
  signal: AbortSignal,
): AsyncGenerator<BenchLine> {
  await member.host.agent('instance.stop', { name: member.name });
  const before = await pair.counts();
  await spawnLoad(pair.load({ connections: 50, pipeline: 16, seconds: 2 * seconds }), signal);
  const [lineMBs, diskMBs] = [await lineSpeed(), diskSpeed(pair.root)];

  const load = new AbortController();
  const ended = spawnLoad(pair.load({ connections: 50, seconds: 600 }), AbortSignal.any([load.signal, signal])).catch(() => undefined);
  try {
    await pause(2000, undefined, { signal });
    const alone = [await updatesDuring(pair, () => pause((seconds * 1000) / 2, undefined, { signal }))];
    const { pid } = await member.host.agent('instance.start', { name: member.name });
    if (aside && pid !== null) giveWay(pid);
    const is = (status: string): Promise<unknown> =>
      until(
        `${member.name} is ${status}`,
        signal,
        async () => {
          const seen = (await member.mirror())?.members.find((each) => each.name === member.name)?.status;
          return { ok: seen === status || seen === 'Connected', seen };
        },
        POLL_MS,
      );
    await is('Synchronizing');
    const during = await updatesDuring(pair, () => is('Connected'));
    const journalMB = ((await pair.counts()).journalBytes - before.journalBytes) / MB;
    await pair.inStep(member, signal);
    const dejournaledS = (performance.now() - during.begun) / 1000;
    alone.push(await updatesDuring(pair, () => pause((seconds * 1000) / 2, undefined, { signal })));
    const [usual, now] = [mean(alone.map(({ perSecond }) => perSecond)), during.perSecond];
    const rate = journalMB / during.seconds;
    const loadMBs = mean(alone.map(({ journalMBs }) => journalMBs));
    const context = {
      async: aside ? 'at the lowest priority' : 'beside the primary',
      journalMB: rounded(journalMB),
      seconds: rounded(during.seconds),
      secondsToDejournal: rounded(dejournaledS),
      lineMBs: rounded(lineMBs),
      diskMBs: rounded(diskMBs),
      loadMBs: rounded(loadMBs),
      secondsForAnHour: rate > loadMBs ? rounded((loadMBs * HOUR_S) / (rate - loadMBs)) : null,
    };
    const name = aside ? 'catchup' : 'catchup-beside';
    yield lineOf({ name, value: rate, unit: 'MB/s', goal: null, errors: 0, context });
    yield lineOf({
      name: `${name}-throughput`,
      value: now / usual,
      unit: 'of that without',
      goal: aside ? { atLeast: THROUGHPUT_LEFT_MIN } : null,
      errors: 0,
      context: { ...context, perSecondWithout: alone.map(({ perSecond }) => Math.round(perSecond)), perSecond: Math.round(now) },
    });
  } finally {
    load.abort(new Error('measured'));
    await ended;
  }
}

interface Stretch {
  /** Monotonic ms. */
  readonly begun: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly journalMBs: number;
}

async function updatesDuring(pair: BenchPair, wait: () => Promise<unknown>): Promise<Stretch> {
  const [before, begun] = [await pair.counts(), performance.now()];
  await wait();
  const [after, seconds] = [await pair.counts(), (performance.now() - begun) / 1000];
  return {
    begun,
    seconds,
    perSecond: (after.updates - before.updates) / seconds,
    journalMBs: (after.journalBytes - before.journalBytes) / MB / seconds,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
