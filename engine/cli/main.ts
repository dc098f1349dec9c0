import { defaultHome } from '../instance/host.ts';
import { errorCode } from '../io/error-code.ts';
import { realTerminal } from './output.ts';
import { runCommand } from './program.ts';

let readerGone = false;
process.stdout.on('error', (error) => {
  if (errorCode(error) !== 'EPIPE') throw error;
  if (readerGone) return;
  readerGone = true;
  // Whoever reads the output has seen enough (`| head`): what runs long ends as with Ctrl-C, and cleans up.
  if (!process.emit('SIGINT')) process.exit();
});

process.exitCode = await runCommand(process.argv.slice(2), { home: defaultHome(), terminal: realTerminal });
