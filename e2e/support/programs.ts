import { fileURLToPath } from 'node:url';
import { PROGRAMS } from '../../resources/tooling/build/programs.ts';

function program(name: string): string {
  return fileURLToPath(new URL(`../../${PROGRAMS}/engine/cli/${name}.mjs`, import.meta.url));
}

/** What is started by the tests: bundles of this checkout, made before the first of them runs. */
export const programs = { gemel: program('main'), instance: program('process/instance'), agent: program('process/agent') };
