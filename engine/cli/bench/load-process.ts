import { GemelError } from '../../api/errors.ts';
import { LoadOptions, runLoad } from './load.ts';

/** The load generator as a process: its options as one JSON argument, its result as one JSON line. */
try {
  const options = LoadOptions.parse(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(`${JSON.stringify(await runLoad(options))}\n`);
} catch (error) {
  if (!(error instanceof GemelError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
