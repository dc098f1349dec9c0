import { bundleEntries } from './build/bundle.ts';
import { PROGRAMS } from './build/programs.ts';
import { ROOT } from './runner/command.ts';

/** Before the end-to-end tests: the programs that they start, as bundles, which start in half the processor time of the sources. */
export async function setup(): Promise<void> {
  await bundleEntries(ROOT, PROGRAMS);
}
