import { vitestArgs } from './runner/check-parts.ts';
import { runParts, suite } from './runner/parts.ts';
import { summary } from './runner/summary.ts';

/* `npm run model`: the model of failover within wider bounds than `npm test` has time for. */

const HOURS_2 = 7_200_000;
const args = [...vitestArgs(['e2e'], 'verbose'), 'e2e/failover-model.test.ts'];
const results = await runParts(
  [suite('model of failover, wide', args, { live: true, timeoutMs: HOURS_2, env: { GEMEL_MODEL: 'wide' } })],
  1,
  () => undefined,
);
console.log(summary(results));
if (process.exitCode === undefined && results.some(({ report }) => report.failed.length > 0)) process.exitCode = 1;
