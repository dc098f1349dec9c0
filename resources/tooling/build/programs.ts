import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import { bundleOf, startedByUnits } from './bundle.ts';
import { startedReferences } from './references.ts';

/** Where the programs lie that the end-to-end tests start, from the root on; `dist` may be built anew while they run. */
export const PROGRAMS = 'node_modules/.cache/programs';
/** The same for what tests of the units start: threads above all. */
export const UNIT_PROGRAMS = 'node_modules/.cache/unit-programs';

/**
 * Tests of the units start threads and processes as the bundles of this checkout (in `UNIT_PROGRAMS`), hundreds of times: that takes
 * half of the processor time that reading some sixty sources takes each time.
 */
export function startedAsBundles(root: string): Plugin {
  const started = new Set(startedByUnits(root));
  return {
    name: 'gemel-started-as-bundles',
    enforce: 'pre',
    transform(code, id) {
      const file = relative(root, id).split(sep).join('/');
      if (!/^(engine|main)\/.*\.ts$/.test(file)) return undefined;
      const rewritten = startedReferences(code, file, (target) =>
        started.has(target) ? pathToFileURL(join(root, bundleOf(target, UNIT_PROGRAMS))).href : null,
      );
      return rewritten === code ? undefined : { code: rewritten, map: null };
    },
  };
}
