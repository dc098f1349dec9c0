import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { realClock } from '../../io/index.ts';
import { bounds, replay } from './detectors.ts';
import type { Bounds, Caught, Evidence, PlantedFault, Search } from './kinds.ts';
import { keptTwice } from './kept-twice.ts';
import { planted } from './list.ts';
import type { Order, Report } from './search-process.ts';

/* `npm run planted`: plants one fault of the list at a time and looks for it, until something shows it. */

const usage = `npm run planted -- [--only NAME]... [--by DETECTOR]... [--seeds N] [--stories N] [--parallel N] [--json]

Plants each fault of the list by itself and looks for what catches it. Ends with 1 when one is not caught,
does not fit the sources any more, or does not run.

--only NAME     this fault; more than once for several; also one of the guards that are kept twice (kept-twice.ts)
--by DETECTOR   look with this alone: stories, seeds, scenarios or outages
--seeds N       so many seeds of the simulator at most (${bounds.seeds})
--stories N     so many stories at most (${bounds.stories})
--parallel N    so many at a time (one for each processor)
--json          one JSON object a fault instead of lines and a table`;

const MINUTES_MAX = 20;
const all: readonly PlantedFault[] = [...planted, ...keptTwice];

/** What is known of a fault in the end. */
interface Outcome {
  readonly fault: PlantedFault;
  readonly caught: Caught | null;
  /** Why nothing was caught. */
  readonly missed: string;
  readonly seconds: number;
}

function readArguments() {
  try {
    const list = { type: 'string', multiple: true, default: [] as string[] } as const;
    const flag = { type: 'boolean', default: false } as const;
    const number = { type: 'string' } as const;
    const { values } = parseArgs({
      options: { only: list, by: list, seeds: number, stories: number, parallel: number, json: flag, help: flag },
    });
    const unknown = [
      ...values.only.filter((name) => !all.some((fault) => fault.name === name)),
      ...values.by.filter((by) => !Object.keys(bounds).includes(by)),
    ];
    if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}.`);
    const { seeds = bounds.seeds, stories = bounds.stories, parallel = availableParallelism() } = values;
    const most: Bounds = { ...bounds, seeds: Number(seeds), stories: Number(stories) };
    return { ...values, most, parallel: Math.max(1, Number(parallel)) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

/** In a process of its own, so that nothing of the fault is left. */
function searchApart(order: Order): Promise<Report> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('./search-process.ts', import.meta.url)), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const timer = realClock.timer(MINUTES_MAX * 60_000, () => child.kill('SIGKILL'));
    let report: Report = { is: 'broken', why: `the search did not end, or not within ${MINUTES_MAX} minutes` };
    child.on('message', (message) => {
      report = message as Report;
    });
    child.on('exit', () => {
      timer.cancel();
      resolve(report);
    });
    child.send(order);
  });
}

/** Seeds that fail without a planted fault, as far as they were met. */
const unsound = new Set<number>();

// What is left of a world that has ended for its fault may still fail.
process.on('unhandledRejection', () => undefined);
let replays: Promise<unknown> = Promise.resolve();

/** What catches a fault must not fail without it. One at a time: a run of the simulator has the process for itself. */
function withoutFault(evidence: Evidence): Promise<string | null> {
  const next = replays.then(() => replay(evidence));
  replays = next;
  return next;
}

async function look(fault: PlantedFault, order: Omit<Order, 'fault' | 'skip'>): Promise<Outcome> {
  const began = realClock.monotonicMs();
  const report = await searchApart({ ...order, fault, skip: [...unsound] });
  const seconds = Math.round((realClock.monotonicMs() - began) / 1000);
  if (report.is === 'broken') return { fault, caught: null, missed: `broken by itself: ${report.why}`, seconds };
  const { caught } = report.search;
  if (caught === null) return { fault, caught, missed: `missed: ${triedText(report.search)}`, seconds };
  const why = await withoutFault(caught.evidence);
  if (why === null) return { fault, caught, missed: '', seconds };
  const { evidence } = caught;
  if (evidence.by === 'seeds' && !unsound.has(evidence.seed)) {
    unsound.add(evidence.seed);
    console.error(`seed ${evidence.seed} fails without a planted fault: ${why.split('\n')[0] ?? ''}`);
    return look(fault, order);
  }
  return { fault, caught: null, missed: `${evidenceText(caught)} fails without a planted fault too: ${why}`, seconds };
}

function triedText({ tried }: Search): string {
  return Object.entries(tried)
    .map(([by, count]) => `${count} ${by}`)
    .join(', ');
}

function evidenceText({ evidence, tries }: Caught): string {
  switch (evidence.by) {
    case 'stories':
      return `stories: number ${tries}`;
    case 'seeds':
      return `simulator: seed ${evidence.seed}`;
    case 'scenarios':
      return evidence.name.startsWith('core: ') ? evidence.name : `simulator: ${evidence.name.split(':')[0] ?? ''}`;
    case 'outages':
      return `table of outages: row ${tries}`;
  }
}

function tableText(outcomes: readonly Outcome[]): string {
  const head = ['fault', 'caught by', 'tries', 'seconds'];
  const rows = outcomes.map(({ fault, caught, seconds }) => [
    fault.name,
    caught === null ? 'NOT CAUGHT' : evidenceText(caught),
    String(caught?.tries ?? ''),
    String(seconds),
  ]);
  const widths = head.map((_, n) => Math.max(...[head, ...rows].map((row) => row[n]?.length ?? 0)));
  return [head, widths.map((width) => '-'.repeat(width)), ...rows]
    .map((row) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`)
    .join('\n');
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help) return console.log(usage);
  const chosen = args.only.length === 0 ? planted : all.filter(({ name }) => args.only.includes(name));
  const outcomes: Outcome[] = [];
  const left = [...chosen];
  const work = async (): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      const outcome = await look(fault, { only: args.by, most: args.most });
      outcomes.push(outcome);
      if (args.json) console.log(JSON.stringify({ name: fault.name, caught: outcome.caught, missed: outcome.missed }));
      else if (outcome.caught !== null)
        console.log(`caught  ${fault.name} (${fault.rule})\n        ${evidenceText(outcome.caught)}: ${outcome.caught.why}`);
      else console.log(`MISSED  ${fault.name} (${fault.rule})\n        ${outcome.missed}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(args.parallel, chosen.length) }, work));
  const inOrder = chosen.flatMap((fault) => outcomes.filter((outcome) => outcome.fault === fault));
  const missed = inOrder.filter(({ caught }) => caught === null);
  if (!args.json) console.log(`\n${tableText(inOrder)}\n`);
  const { stories, seeds, scenarios, outages } = args.most;
  const within = `${stories} stories, ${seeds} seeds, ${scenarios} scenarios, ${outages} rows`;
  console.log(`${inOrder.length} planted, ${inOrder.length - missed.length} caught within ${within}`);
  if (missed.length > 0) process.exitCode = 1;
}

await main();
