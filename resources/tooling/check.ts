import { checkParts } from './runner/check-parts.ts';
import { runParts } from './runner/parts.ts';
import { partLine, summary } from './runner/summary.ts';

const results = await runParts(checkParts(), 2, (result) => console.log(partLine(result)));
console.log(summary(results));
if (process.exitCode === undefined && results.some(({ report }) => report.failed.length > 0)) process.exitCode = 1;
