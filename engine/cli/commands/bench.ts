import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import { benchNames, HEADING, LoadOptions, lineText, runBench, spawnLoad, type BenchName, type LoadResult } from '../bench/index.ts';
import { command, show, type Context, type JsonOption } from '../context.ts';
import { fields } from '../output.ts';
import { portNumber } from './instance.ts';

interface LoadFlags extends JsonOption {
  readonly host?: string;
  readonly port: number;
  readonly namespace?: string;
  readonly command?: 'GSET' | 'SET';
  readonly wait?: boolean;
  readonly connections?: number;
  readonly pipeline?: number;
  readonly keys?: number;
  readonly valueBytes?: number;
  readonly seconds?: number;
}

interface BenchFlags extends JsonOption {
  readonly seconds?: number;
}

export function addBenchCommands(program: Command, context: Context): void {
  const bench = command(program, 'bench', 'figures of a mirror made for it on this computer, which is removed afterwards')
    .addArgument(new Argument('[names...]', 'which figures (default: all)').choices(benchNames))
    .option('--seconds <n>', 'length of each measurement (default 10, and 60 for memory)', seconds)
    .addHelpText('after', ABOUT)
    .action((names: BenchName[], flags: BenchFlags) => measure(context, names, flags));
  command(bench, 'load', 'put updates on a superserver and measure throughput and latency')
    .requiredOption('--port <port>', 'port of the superserver', portNumber)
    .option('--host <host>', 'its host (default 127.0.0.1)')
    .option('--namespace <name>', 'namespace to update')
    .addOption(new Option('--command <command>', 'update globals, or plain keys (default GSET)').choices(['GSET', 'SET']))
    .option('--wait', 'follow each update by WAIT 1 0')
    .option('--connections <n>', 'clients (default 50)', count)
    .option('--pipeline <n>', 'updates sent together (default 1)', count)
    .option('--keys <n>', 'different keys (default 500000)', count)
    .option('--value-bytes <n>', 'size of a value (default 32)', count)
    .option('--seconds <n>', 'how long (default 10)', seconds)
    .action(async (_flags: LoadFlags, load: Command) => {
      // An option that bench has too (--seconds, --json) may stand on either side of `load`.
      const { json, ...flags } = load.optsWithGlobals<LoadFlags>();
      const options = LoadOptions.safeParse(flags);
      if (!options.success)
        throw new GemelError('USAGE', options.error.issues.map((each) => `--${each.path.join('.')}: ${each.message}`).join(' '));
      show(context, { json: json === true }, await spawnLoad(options.data), loadText);
    });
}

async function measure({ terminal }: Context, chosen: readonly BenchName[], { json, seconds: given }: BenchFlags): Promise<void> {
  const names = chosen.length === 0 ? benchNames : [...new Set(chosen)];
  const interrupt = new AbortController();
  const onInterrupt = (): void =>
    interrupt.abort(new GemelError('REFUSED', 'The benchmark was interrupted.', 'What it had made is removed.'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onInterrupt);
  try {
    if (json !== true) terminal.out(HEADING);
    for await (const line of runBench({ names, seconds: given, signal: interrupt.signal }))
      terminal.out(json === true ? `${JSON.stringify(line)}\n` : lineText(line));
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onInterrupt);
  }
}

function loadText({ perSecond, operations, errors, firstError, latencyMs, cpuSeconds, seconds }: LoadResult): string {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  return fields([
    ['Updates', `${operations} in ${seconds.toFixed(1)} s`],
    ['Throughput', `${Math.round(perSecond)}/s`],
    ['Latency', `p50 ${ms(latencyMs.p50)}, p99 ${ms(latencyMs.p99)}, p99.9 ${ms(latencyMs.p999)}, max ${ms(latencyMs.max)}`],
    ['Errors', errors === 0 ? 'none' : `${errors}, the first: ${firstError ?? ''}`],
    ['Generator', `${Math.round((cpuSeconds / seconds) * 100)} % of a processor`],
  ]);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a number of seconds.');
  return value;
}

const ABOUT = `
Upserts of 32-byte values under 20-byte keys, 500,000 keys, from a process of its own. Every update is on the primary's
disk and with the backup before it is acknowledged. 50x16: 50 connections that send 16 updates at a time.
  throughput  updates a second at 1, 16 and 50 connections, and at 50x16
  redis       the same against Redis (appendfsync always, one replica, WAIT 1), in turns: ours divided by theirs
  memory      largest resident memory of both members at 50x16, and how much it grew
  stall       longest stall of the executor
  cpu         processor seconds of both members for a million updates
  bytes       bytes that both members write for a byte of journal
  takeover    from the end of the primary to the first update that the other member acknowledges: of kill -9 at 50
              connections, at 50x16 (-behind), and of its host's end, from which nothing comes any more (-host)
  switchover  longest pause of updates when the primary hands over
  asyncs      throughput at 50 connections with 1, 4 and 14 asyncs connected, divided by that without; what compression
              saves of their journal (-saved); what one that takes nothing adds to the primary's memory (-stuck)
  catchup     how fast a reporting async that was away gets its journal under load, and the primary's throughput then
              divided by that without (-throughput)
  backup      how fast the primary's database is backed up, and the p99 latency of commits at 50 connections while backups are
              taken one after the other, divided by that without (-p99)
With --json each figure is one line: { name, value, unit, goal, ok, context }. A goal that is missed is not an error.`;
