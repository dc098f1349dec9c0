import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ROOT, runCommand } from '../../resources/tooling/runner/command.ts';
import { DebianPackages, thisHost } from '../../resources/tooling/runner/debian.ts';

const MODEL = path.join(ROOT, 'engine/mirror/failover/model/mirror.pml');
/** No search within the bounds that are used takes longer. */
export const SEARCH_MS_MAX = 30 * 60_000;

/** The bounds of a search, by their names in the model. */
export interface Bounds {
  readonly EPOCHS: number;
  readonly WRITES: number;
  readonly GENS: number;
  readonly BOOTS: number;
  readonly ARBITER_RESTARTS: number;
}

/** What a search came to. */
export interface Search {
  /** What was violated; null: nothing in any state. */
  readonly violated: string | null;
  /** Different states that were looked at. */
  readonly states: number;
  /** What the search has come by, by the numbers of the model. */
  readonly reached: readonly number[];
}

/** @returns null when spin and a compiler are there, if need be by installing them; else why not */
export async function missingTools(): Promise<string | null> {
  const packages = ['spin', 'gcc'].filter((program) => !onPath(program));
  return packages.length === 0 ? null : new DebianPackages(thisHost((line) => console.log(line))).install(packages);
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((directory) => existsSync(path.join(directory, program)));
}

/** Searches all states within the bounds. @throws Error when the search did not come to its end */
export async function searchAll(bounds: Bounds): Promise<Search> {
  const found = await search(bounds, ['TELL'], ['-O2'], ['-w25']);
  if (found.violated === null && !found.ended) throw new Error(found.output);
  return found;
}

/** Looks for a counterexample in the model with these definitions. @throws Error when there is neither one nor an end */
export async function searchCounterexample(bounds: Bounds, definitions: readonly string[]): Promise<Search> {
  // A counterexample is near: compiling well takes longer than searching.
  const found = await search(bounds, definitions, ['-O0'], ['-w22']);
  if (found.violated === null && !found.ended) throw new Error(found.output);
  return found;
}

/** @param ended whether all states were looked at, none left out for want of depth or memory */
async function search(
  bounds: Bounds,
  definitions: readonly string[],
  compiling: readonly string[],
  searching: readonly string[],
): Promise<Search & { readonly ended: boolean; readonly output: string }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'gemel-model-'));
  const run = async (program: string, args: readonly string[]): Promise<string> => {
    const result = await runCommand(program, [...args], { cwd: directory, timeoutMs: SEARCH_MS_MAX });
    if (result.code !== 0) throw new Error(`${program} ended with ${result.code}: ${result.output}`);
    return result.output;
  };
  try {
    const defined = [...Object.entries(bounds).map(([name, value]) => `${name}=${value}`), ...definitions];
    await run('spin', ['-a', ...defined.map((d) => `-D${d}`), MODEL]);
    // States are kept whole, so that nothing is passed over by a collision.
    await run('gcc', [...compiling, '-w', '-DSAFETY', '-DNOREDUCE', '-DMEMLIM=12000', '-o', 'pan', 'pan.c']);
    const output = await run(path.join(directory, 'pan'), ['-E', '-m1000000', ...searching]);
    return {
      violated: /assertion violated (.*) \(at depth/.exec(output)?.[1] ?? null,
      states: Number(/(\d+) states, stored/.exec(output)?.[1] ?? 0),
      reached: [...output.matchAll(/^reached (\d+)$/gm)].map((match) => Number(match[1])),
      ended: /errors: 0/.test(output) && !/not completed|too small|out of memory/.test(output),
      output,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
