import { checkParts } from './runner/check-parts.ts';
import { DebianPackages, thisHost } from './runner/debian.ts';
import { type PartResult, runParts } from './runner/parts.ts';
import { endToEndParts, simulatorPart } from './runner/suites.ts';
import { partLine, summary } from './runner/summary.ts';

const say = (line: string): void => console.log(line);
const done = (result: PartResult): void => say(partLine(result));

say('Checks: types, lint, layers, dead exports, unit tests');
const results = await runParts(checkParts(), 2, done);
say('\nEnd to end: processes, browser, desktop; the simulator beside them');
const beside = [endToEndParts(new DebianPackages(thisHost(say)), say), [simulatorPart()]];
results.push(...(await Promise.all(beside.map((parts) => runParts(parts, 1, done)))).flat());
say(summary(results));
if (process.exitCode === undefined && results.some(({ report }) => report.failed.length > 0)) process.exitCode = 1;
