import { Comparison } from '../../api/compare.ts';
import { GemelError } from '../../api/errors.ts';
import type { BenchPair } from './bench-pair.ts';
import { lineOf, rounded, type BenchLine } from './line.ts';
import { spawnLoad } from './load.ts';

/** Ten million nodes within a minute. */
const NODES_PER_SECOND_MIN = 10_000_000 / 60;
const TEN_MILLION = 10_000_000;
const WAIT_MS = 60_000;

/** How fast the backup's copy is compared with the primary's: while nobody updates, and beside the usual load. */
export async function* compare(pair: BenchPair, seconds: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  await spawnLoad(pair.load({ connections: 50, pipeline: 16, seconds }), signal);
  yield lineOf({ name: 'compare', ...(await compared(pair)), goal: { atLeast: NODES_PER_SECOND_MIN } });
  const load = new AbortController();
  const ended = spawnLoad(pair.load({ connections: 50, seconds: 600 }), AbortSignal.any([load.signal, signal])).catch(() => undefined);
  try {
    yield lineOf({ name: 'compare-under-load', ...(await compared(pair)), goal: null });
  } finally {
    load.abort(new Error('measured'));
    await ended;
  }
}

async function compared(pair: BenchPair): Promise<{ value: number; unit: string; errors: number; context: Record<string, unknown> }> {
  const client = await pair.connect('backup');
  try {
    const begun = performance.now();
    const { job } = await client.call('mirror.compare', {});
    let now = await client.call('job.get', { job, waitMs: WAIT_MS }, 2 * WAIT_MS);
    while (now.state === 'running') now = await client.call('job.get', { job, waitMs: WAIT_MS }, 2 * WAIT_MS);
    const took = (performance.now() - begun) / 1000;
    if (now.error !== null) throw new GemelError('INTERNAL', `The comparison failed: ${now.error.what}`);
    const [found] = Comparison.parse(now.result).databases;
    const [nodes, different] = [found?.nodes ?? 0, found?.skipped === null ? found.different : 1];
    const rate = nodes / took;
    return {
      value: rate,
      unit: 'nodes/s',
      errors: different,
      context: { nodes, seconds: rounded(took), secondsForTenMillion: rounded(TEN_MILLION / rate) },
    };
  } finally {
    client.close();
  }
}
