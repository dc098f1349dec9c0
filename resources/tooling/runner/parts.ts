import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, isInterrupted, ROOT, runCommand } from './command.ts';
import { emptyReport, readReport, type Report, REPORT_FILE } from './report.ts';

export interface PartResult {
  name: string;
  report: Report;
  seconds: number;
  /** What a reader needs to see of a failed part; empty when it was shown already or all is well. */
  output: string;
}

/** One line of the summary: a check, or a suite of tests. */
export interface Part {
  name: string;
  run(): Promise<PartResult>;
}

/** Hundreds of processes and threads load the same code: what was compiled for the first is kept for the others. */
const COMPILED = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled') };

export interface CheckOptions {
  /** What is wrong with a result; null: nothing. Without it: that it did not end with 0. */
  judge?: (result: CommandResult) => string | null;
  timeoutMs?: number;
  background?: boolean;
}

/** A check that is one test: it passes when the command ends well. */
export function check(name: string, args: string[], options: CheckOptions = {}): Part {
  const { judge = judgeExit, timeoutMs = 300_000, background = false } = options;
  return {
    name,
    async run() {
      const result = await runCommand(process.execPath, args, { timeoutMs, background, env: COMPILED });
      const wrong = result.timedOut ? judgeExit(result) : judge(result);
      const report: Report = wrong === null ? { ...emptyReport(), passed: 1 } : { ...emptyReport(), failed: [`${name}: ${wrong}`] };
      return { name, report, seconds: result.seconds, output: wrong === null ? '' : result.output };
    },
  };
}

/** A suite of tests whose reporter (../reporters) writes the counts. */
export function suite(name: string, args: string[], options: CommandOptions & { program?: string } = {}): Part {
  return {
    name,
    async run() {
      const directory = await mkdtemp(join(tmpdir(), 'gemel-report-'));
      try {
        const file = join(directory, 'report.json');
        const result = await runCommand(options.program ?? process.execPath, args, {
          ...options,
          env: { ...COMPILED, ...options.env, [REPORT_FILE]: file },
        });
        const report = completed(name, result, readReport(file));
        return { name, report, seconds: result.seconds, output: report.failed.length > 0 && options.live !== true ? result.output : '' };
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/** A suite may never look green because it ended before it could count. */
function completed(name: string, result: CommandResult, report: Report | null): Report {
  const kept = report ?? emptyReport();
  if (result.timedOut) kept.failed.push(`${name}: took longer than it may and was ended`);
  else if (report === null) kept.failed.push(`${name}: ended without a report (${judgeExit(result) ?? 'exit code 0'})`);
  else if (result.code !== 0 && kept.failed.length === 0) kept.failed.push(`${name}: ${judgeExit(result)}`);
  return kept;
}

function judgeExit(result: CommandResult): string | null {
  if (result.timedOut) return 'took longer than it may and was ended';
  if (result.code === 0) return null;
  return result.code === null ? 'was ended by a signal' : `exit code ${result.code}`;
}

/** Runs the parts in their order, at most `atOnce` side by side, and says when each is done. */
export async function runParts(parts: readonly Part[], atOnce: number, done: (result: PartResult) => void): Promise<PartResult[]> {
  const results: PartResult[] = [];
  const waiting = parts.entries();
  const worker = async (): Promise<void> => {
    for (const [index, part] of waiting) {
      if (isInterrupted()) break;
      const result = await part.run();
      results[index] = result;
      done(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (isInterrupted()) process.exitCode = 130;
  return results.filter((result) => result !== undefined);
}
