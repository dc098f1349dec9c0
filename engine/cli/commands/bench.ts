import { Option, type Command } from 'commander';
import { LoadOptions, spawnLoad, type LoadResult } from '../bench/load.ts';
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

export function addBenchCommands(program: Command, context: Context): void {
  const bench = program.command('bench').description('load and figures');
  command(bench, 'load', 'put updates on a superserver and measure throughput and latency')
    .requiredOption('--port <port>', 'port of the superserver', portNumber)
    .option('--host <host>', 'its host (default 127.0.0.1)')
    .option('--namespace <name>', 'namespace to update')
    .addOption(new Option('--command <command>', 'update globals, or plain keys (default GSET)').choices(['GSET', 'SET']))
    .option('--wait', 'follow each update by WAIT 1 0')
    .option('--connections <n>', 'clients (default 50)', Number)
    .option('--pipeline <n>', 'updates sent together (default 1)', Number)
    .option('--keys <n>', 'different keys (default 500000)', Number)
    .option('--value-bytes <n>', 'size of a value (default 32)', Number)
    .option('--seconds <n>', 'how long (default 10)', Number)
    .action(async ({ json, ...flags }: LoadFlags) => {
      show(context, { json: json === true }, await spawnLoad(LoadOptions.parse(flags)), loadText);
    });
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
