import fs from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { diskSpeed } from '../asyncs/speeds.ts';
import { lineOf, rounded, skippedLine, type BenchLine } from '../line.ts';
import { MadeJournal, type Run } from './made-journal.ts';

/** Updates in a journal, for each second that a measurement is to take: about 43 MB. */
const RECORDS_PER_SECOND = 400_000;
const ROUNDS = 3;
const MB = 1024 * 1024;
const PER_SECOND_MIN = 300_000;
const WORKERS = 2;
const RATIO_MIN = 1.5;
/** Reading all of the journal, and half as much again. */
const READ_TIMES_MAX = 1.5;

/** How fast databases take in a journal that is there already: no mirror is made for it. */
export async function* dejournal(seconds: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  const root = fs.mkdtempSync(path.join(tmpdir(), 'gemel-bench-'));
  try {
    yield* oneDatabase(path.join(root, 'one'), Math.round(RECORDS_PER_SECOND * seconds), signal);
    yield await twoDatabases(path.join(root, 'two'), Math.round(RECORDS_PER_SECOND * seconds), signal);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

async function* oneDatabase(directory: string, records: number, signal: AbortSignal): AsyncGenerator<BenchLine> {
  const journal = await MadeJournal.make(directory, records, 1, signal);
  const read = journal.read();
  const runs: Run[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    runs.push(await journal.apply(1));
  }
  const seconds = mean(runs.map((run) => run.seconds));
  const context = {
    ...machine(directory),
    records,
    journalMB: rounded(read.bytes / MB),
    readMBs: rounded(read.bytes / MB / read.seconds),
    ...figures(runs, records),
  };
  yield lineOf({ name: 'dejournal-1', value: records / seconds, unit: 'updates/s', goal: { atLeast: PER_SECOND_MIN }, errors: 0, context });
  yield lineOf({
    name: 'dejournal-catchup',
    value: seconds / read.seconds,
    unit: 'of reading it',
    goal: { atMost: READ_TIMES_MAX },
    errors: 0,
    context: { ...context, seconds: rounded(seconds), readSeconds: rounded(read.seconds), appliedMBs: rounded(read.bytes / MB / seconds) },
  });
}

/** One worker and two in turns, so that what else the machine does meets both. */
async function twoDatabases(directory: string, records: number, signal: AbortSignal): Promise<BenchLine> {
  const name = 'dejournal-2-workers';
  if (availableParallelism() < WORKERS) return skippedLine(name, 'ratio', RATIO_MIN, 'There is only one processor.');
  const journal = await MadeJournal.make(directory, records, WORKERS, signal);
  const [one, two]: [Run[], Run[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    one.push(await journal.apply(1));
    two.push(await journal.apply(WORKERS));
  }
  const ratio = mean(one.map(({ seconds }) => seconds)) / mean(two.map(({ seconds }) => seconds));
  const context = { ...machine(directory), records, oneWorker: figures(one, records), twoWorkers: figures(two, records) };
  return lineOf({ name, value: ratio, unit: 'ratio', goal: { atLeast: RATIO_MIN }, errors: 0, context });
}

/** What the machine allows: for others to compare. */
function machine(directory: string): Record<string, number> {
  return { processors: availableParallelism(), diskMBs: rounded(diskSpeed(directory)) };
}

function figures(runs: readonly Run[], records: number): Record<string, readonly number[]> {
  return {
    perSecond: runs.map(({ seconds }) => Math.round(records / seconds)),
    perCpuSecond: runs.map(({ cpuSeconds }) => Math.round(records / cpuSeconds)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
