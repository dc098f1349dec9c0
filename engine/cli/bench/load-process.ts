import { LoadOptions, runLoad } from './load.ts';

/** The load generator as a process: its options as one JSON argument, its result as one JSON line. */
const options = LoadOptions.parse(JSON.parse(process.argv[2] ?? '{}'));
process.stdout.write(`${JSON.stringify(await runLoad(options))}\n`);
