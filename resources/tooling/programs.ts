import type { TestProject } from 'vitest/node';
import { bundleEntries, startedByUnits } from './build/bundle.ts';
import { PROGRAMS, UNIT_PROGRAMS } from './build/programs.ts';
import { ROOT } from './runner/command.ts';

/** Before the tests: what they start, as bundles, which start in half the processor time of the sources. */
export async function setup(project: TestProject): Promise<void> {
  const make =
    project.name === 'e2e' ? () => bundleEntries(ROOT, PROGRAMS) : () => bundleEntries(ROOT, UNIT_PROGRAMS, startedByUnits(ROOT));
  await make();
  project.onTestsRerun(async () => void (await make()));
}
