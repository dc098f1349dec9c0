/** `npm start`: builds what is stale and opens the console. See ./start/options.ts for its options. */
import { fileURLToPath } from 'node:url';
import { parseStartOptions, USAGE } from './start/options.ts';
import { start } from './start/start.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const options = parseStartOptions(process.argv.slice(2));

if (options === 'help') {
  console.log(USAGE);
} else if ('wrong' in options) {
  console.error(`${options.wrong}\n${USAGE}`);
  process.exitCode = 2;
} else {
  process.exitCode = await start(root, options, (line) => console.log(line));
}
