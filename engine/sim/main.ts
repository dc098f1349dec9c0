import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { realClock } from '../io/index.ts';
import { describeFault } from './faults/kinds.ts';
import { runSeeds } from './pool.ts';
import { Tally, type SeedResult } from './result.ts';
import { runSeed, type RunOptions } from './run.ts';
import { shrink } from './shrink.ts';

/* `npm run sim -- --seeds N [--first SEED] [--seed N [--trace]] [--profile fast|real] [--json]` */

const usage = `npm run sim -- [--seeds N] [--first SEED] [--profile fast|real] [--threads N] [--json]
npm run sim -- --seed N [--trace] [--shrink] [--profile fast|real] [--json]

--seeds N       runs N seeds (1000)
--first SEED    the first of them (1)
--seed N        runs this one alone; says what failed and with which faults
--trace         prints everything that happened in it
--shrink        leaves out what it does not need to fail
--profile real  databases as real files instead of in memory: slower
--json          one JSON object a line`;

const TRANSCRIPT_LINES = 20_000;
const SHRINK_RUNS = 200;
const FAILED_SHOWN = 10;

function wholeNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} takes a whole number, not ${JSON.stringify(text)}.\n\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean', default: false } as const;
    const options = {
      seeds: text,
      first: text,
      seed: text,
      threads: text,
      profile: text,
      trace: flag,
      shrink: flag,
      json: flag,
      help: flag,
    };
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help) return console.log(usage);
  const { profile = 'fast' } = args;
  if (profile !== 'fast' && profile !== 'real') {
    console.error(`--profile is fast or real.\n\n${usage}`);
    process.exit(2);
  }
  if (args.seed !== undefined) return one(wholeNumber('seed', args.seed, 1), { profile }, args);
  const seeds = { first: wholeNumber('first', args.first, 1), count: wholeNumber('seeds', args.seeds, 1000) };
  await many(seeds, { profile }, wholeNumber('threads', args.threads, availableParallelism()), args.json);
}

async function many(seeds: { first: number; count: number }, options: RunOptions, threads: number, json: boolean): Promise<void> {
  const began = realClock.monotonicMs();
  const tally = new Tally();
  const failed: SeedResult[] = [];
  await runSeeds(seeds, options, threads, (result) => {
    tally.add(result);
    if (result.outcome !== 'failed') return;
    failed.push(result);
    if (failed.length <= FAILED_SHOWN) console.error(`seed ${result.seed}: ${result.why.split('\n')[0] ?? ''}`);
  });
  const summary = tally.summary((realClock.monotonicMs() - began) / 1000);
  if (!json) {
    const kinds = Object.entries(summary.faults).map(([kind, n]) => `${kind} ${n}`);
    console.log(`${summary.seeds} seeds in ${summary.wallSeconds} s, ${summary.simulatedYears} simulated years, hash ${summary.traceHash}`);
    console.log(
      `${summary.operations} operations acknowledged, ${summary.takeovers} takeovers, ${summary.rejected} seeds rejected: too little happened`,
    );
    console.log(`faults: ${kinds.join(', ')}`);
    const again = failed[0] === undefined ? '' : `; look at one: npm run sim -- --seed ${failed[0].seed} --shrink --trace`;
    console.log(`${failed.length} failed${again}`);
  }
  console.log(JSON.stringify(summary));
  if (failed.length > 0) process.exitCode = 1;
}

async function one(seed: number, options: RunOptions, args: { trace: boolean; shrink: boolean; json: boolean }): Promise<void> {
  const began = realClock.monotonicMs();
  let result = await runSeed(seed, { ...options, keepLines: args.trace ? TRANSCRIPT_LINES : 0 });
  if (args.shrink && result.outcome === 'failed') {
    const fails = async (faults: SeedResult['faults']): Promise<boolean> =>
      (await runSeed(seed, { ...options, faults })).outcome === 'failed';
    const faults = await shrink(result.faults, fails, SHRINK_RUNS);
    result = await runSeed(seed, { ...options, faults, keepLines: args.trace ? TRANSCRIPT_LINES : 0 });
  }
  if (args.json) console.log(JSON.stringify(result));
  else {
    for (const line of result.transcript) console.log(line);
    console.log(`\nseed ${seed}: ${result.outcome}${result.why === '' ? '' : `\n${result.why}`}`);
    console.log(
      `${result.operations} operations, ${result.takeovers} takeovers, ${(result.virtualMs / 1000).toFixed(1)} simulated seconds, hash ${result.hash}`,
    );
    for (const fault of result.faults) console.log(`${String(fault.at).padStart(9)} ${describeFault(fault)}`);
  }
  const tally = new Tally();
  tally.add(result);
  console.log(JSON.stringify(tally.summary((realClock.monotonicMs() - began) / 1000)));
  if (result.outcome === 'failed') process.exitCode = 1;
}

await main();
