import { setTimeout as pause } from 'node:timers/promises';
import { RespClient, RespError } from '../resp-client.ts';
import { QOS_MS, type BenchPair } from './bench-pair.ts';
import { lineOf, type BenchLine } from './line.ts';
import { spawnLoad } from './load.ts';

/** What befalls the primary: of a kill with the usual load, and with more than the backup can dejournal at once; of its host's end. */
const takeovers = [
  { name: 'takeover', pipeline: 1, atMostMs: 150, rounds: 9, outage: kill },
  { name: 'takeover-behind', pipeline: 16, atMostMs: 1000, rounds: 5, outage: kill },
  { name: 'takeover-host', pipeline: 1, atMostMs: QOS_MS + 300, rounds: 3, outage: loseHost },
] as const;
const SWITCHOVER_MS_MAX = 300;
const SWITCHOVERS = 5;
/** Of load before each: the backup then is as far behind with dejournaling as it gets. */
const LOAD_MS = 3000;
const PROBE_MS = 2;

/** How long clients wait when the primary changes, median and worst of a few times. The bench load is on meanwhile. */
export async function* pauses(pair: BenchPair, name: 'takeover' | 'switchover', signal: AbortSignal): AsyncGenerator<BenchLine> {
  if (name === 'switchover') {
    yield await median(name, SWITCHOVER_MS_MAX, SWITCHOVERS, () => underLoad(pair, 1, signal, () => switchOver(pair)));
    return;
  }
  for (const { name: figure, pipeline, atMostMs, rounds, outage } of takeovers)
    yield await median(figure, atMostMs, rounds, () => underLoad(pair, pipeline, signal, () => outage(pair)));
}

async function median(name: string, atMost: number, rounds: number, once: () => Promise<number>): Promise<BenchLine> {
  const ms: number[] = [];
  for (let round = 0; round < rounds; round++) ms.push(await once());
  const sorted = ms.toSorted((a, b) => a - b);
  const value = sorted[sorted.length >> 1] ?? 0;
  return lineOf({ name, value, unit: 'ms', goal: { atMost }, errors: 0, context: { rounds: ms.map(Math.round), maxMs: sorted.at(-1) } });
}

async function underLoad(pair: BenchPair, pipeline: number, signal: AbortSignal, act: () => Promise<number>): Promise<number> {
  const load = new AbortController();
  const ended = spawnLoad(pair.load({ connections: 50, pipeline, seconds: 600 }), AbortSignal.any([load.signal, signal])).catch(
    () => undefined,
  );
  let ms: number;
  try {
    await pause(LOAD_MS, undefined, { signal });
    ms = await act();
  } finally {
    load.abort(new Error('measured'));
    await ended;
  }
  await pair.tookOver(signal);
  return ms;
}

/** From the SIGKILL of the primary's process to the first acknowledged update on the other member. */
async function kill(pair: BenchPair): Promise<number> {
  const client = await RespClient.connect('127.0.0.1', pair.ports[1]);
  const begun = performance.now();
  process.kill(pair.pids[0], 'SIGKILL');
  await untilTaken(client);
  return performance.now() - begun;
}

/**
 * The same of the end of its host, as everybody else sees it: nothing comes any more, of the primary or of its agent, and no
 * connection is closed. Both are held and not killed: their system goes on and would close the connections.
 */
async function loseHost(pair: BenchPair): Promise<number> {
  const client = await RespClient.connect('127.0.0.1', pair.ports[1]);
  const agent = await pair.agentOfPrimary();
  const [primary] = pair.pids;
  const begun = performance.now();
  for (const pid of [primary, agent]) process.kill(pid, 'SIGSTOP');
  try {
    await untilTaken(client);
    return performance.now() - begun;
  } finally {
    process.kill(primary, 'SIGKILL');
    process.kill(agent, 'SIGCONT');
  }
}

/** From the last update that the old primary acknowledges to the first that the new one does. */
async function switchOver(pair: BenchPair): Promise<number> {
  const [old, next] = await Promise.all(pair.ports.map((port) => RespClient.connect('127.0.0.1', port)));
  if (old === undefined || next === undefined) throw new Error('there are two members');
  let last = performance.now();
  const acknowledged = (async () => {
    try {
      for (;;) {
        await old.command('GSET', '^|"BENCH"|probe', 'old');
        last = performance.now();
      }
    } catch {
      old.close();
    }
  })();
  const control = await pair.connect();
  const answered = control.call('mirror.switchOver', {}).finally(() => control.close());
  const taken = untilTaken(next).then(() => performance.now());
  const [end] = await Promise.all([taken, answered, acknowledged]);
  return end - last;
}

/** Tries again and again until an update is acknowledged. */
async function untilTaken(client: RespClient): Promise<void> {
  for (;;) {
    try {
      await client.command('GSET', '^|"BENCH"|probe', 'new');
      return client.close();
    } catch (error) {
      if (!(error instanceof RespError)) throw error;
      await pause(PROBE_MS);
    }
  }
}
