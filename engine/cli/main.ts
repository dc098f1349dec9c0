import { defaultHome } from '../instance/host.ts';
import { realTerminal } from './output.ts';
import { runCommand } from './program.ts';

process.exitCode = await runCommand(process.argv.slice(2), { home: defaultHome(), terminal: realTerminal });
