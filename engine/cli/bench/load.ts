import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { GemelError } from '../../api/errors.ts';
import { LoadConnection } from './load-connection.ts';
import { Latencies } from './latencies.ts';

export const LoadOptions = z.object({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(1).max(65535),
  /** null: the first one of the instance. */
  namespace: z.string().nullable().default(null),
  /** Updates of a global by GSET, or of a plain key by SET. */
  command: z.enum(['GSET', 'SET']).default('GSET'),
  /** Follows each update by `WAIT 1 0`; an update then counts when a replica has it. */
  wait: z.boolean().default(false),
  connections: z.number().int().min(1).max(10_000).default(50),
  /** Updates sent together on a connection before it waits for the answers. */
  pipeline: z.number().int().min(1).max(10_000).default(1),
  /** Different keys, taken at random. */
  keys: z.number().int().min(1).max(999_999_999).default(500_000),
  valueBytes: z.number().int().min(1).max(1_000_000).default(32),
  seconds: z.number().positive().default(10),
  /** Before the measuring begins. */
  warmupSeconds: z.number().min(0).default(1),
});
export type LoadOptions = z.input<typeof LoadOptions>;
/** With every default filled in. */
export type Load = z.output<typeof LoadOptions>;

const LoadResultShape = z.object({
  options: LoadOptions,
  /** Acknowledged updates within `seconds`. */
  operations: z.number(),
  errors: z.number(),
  firstError: z.string().nullable(),
  seconds: z.number(),
  perSecond: z.number(),
  latencyMs: z.object({ mean: z.number(), p50: z.number(), p99: z.number(), p999: z.number(), max: z.number() }),
  /** Updates in each whole second. */
  timeline: z.array(z.number()),
  /** Processor time the generator itself used: near `seconds` it was the generator that was measured. */
  cpuSeconds: z.number(),
});
export type LoadResult = z.output<typeof LoadResultShape>;

/** Puts load on a server from this process. Throws UNREACHABLE when a connection cannot be made or is lost. */
export async function runLoad(given: LoadOptions): Promise<LoadResult> {
  const options = LoadOptions.parse(given);
  const connections = await Promise.all(Array.from({ length: options.connections }, () => LoadConnection.open(options)));
  const lost = Promise.race(connections.map((connection) => connection.lost));
  try {
    for (const connection of connections) connection.start();
    await Promise.race([pause(options.warmupSeconds * 1000), lost]);
    return await measure(options, connections, lost);
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function measure(options: Load, connections: readonly LoadConnection[], lost: Promise<never>): Promise<LoadResult> {
  const latencies = new Latencies();
  const tally = { latencies, errors: 0, firstError: null as string | null };
  for (const connection of connections) connection.tally = tally;
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const timeline: number[] = [];
  for (let second = 1; second <= options.seconds; second++) {
    const before = latencies.count;
    await Promise.race([pause(startedMs + second * 1000 - performance.now()), lost]);
    timeline.push(latencies.count - before);
  }
  await Promise.race([pause(startedMs + options.seconds * 1000 - performance.now()), lost]);
  const seconds = (performance.now() - startedMs) / 1000;
  const used = process.cpuUsage(cpu);
  return {
    options,
    operations: latencies.count,
    errors: tally.errors,
    firstError: tally.firstError,
    seconds,
    perSecond: latencies.count / seconds,
    latencyMs: {
      mean: latencies.meanMs,
      p50: latencies.quantileMs(0.5),
      p99: latencies.quantileMs(0.99),
      p999: latencies.quantileMs(0.999),
      max: latencies.maxMs,
    },
    timeline,
    cpuSeconds: (used.user + used.system) / 1e6,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/**
 * The same in a process of its own, so that the generator does not share a thread with anything.
 * @param signal ends it; its reason is thrown then
 */
export async function spawnLoad(options: LoadOptions, signal?: AbortSignal): Promise<LoadResult> {
  signal?.throwIfAborted();
  const entry = fileURLToPath(new URL('./load-process.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', end, { once: true });
  const [output, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]).finally(() => signal?.removeEventListener('abort', end));
  signal?.throwIfAborted();
  if (code !== 0) throw new GemelError('UNREACHABLE', `The load generator failed: ${complaint.trim()}`);
  return LoadResultShape.parse(JSON.parse(output));
}
