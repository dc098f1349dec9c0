import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GemelError } from '../../../engine/api/errors.ts';
import { defaultHome } from '../../../engine/instance/host.ts';
import { realClock } from '../../../engine/io/index.ts';
import { openConsoleMain } from '../../console/index.ts';
import { readAssets } from '../assets.ts';
import { startWebShell } from './server.ts';

const USAGE = 'Usage: node main/shell/web/main.ts [--home DIR] [--port N]';

/** The console in a browser of this computer. Prints its address and runs until it is told to end. */
async function main(): Promise<void> {
  const { home, port } = readOptions();
  const assets = readAssets(fileURLToPath(new URL('../../../dist/renderer/', import.meta.url)));
  const core = openConsoleMain({ home, defaultHome: defaultHome(), shell: 'web', electron: null, clock: realClock });
  try {
    const shell = await startWebShell({ console: core, assets, port });
    console.log(`Console: ${shell.newAddress()}`);
    await untilToldToEnd(() => console.log(`Console: ${shell.newAddress()}`));
    await shell.close();
  } finally {
    core.close();
  }
}

function readOptions(): { home: string; port: number } {
  try {
    const { values } = parseArgs({ options: { home: { type: 'string' }, port: { type: 'string', default: '0' } } });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new GemelError('USAGE', 'A port is a number from 0 to 65535.', '', USAGE);
    return { home: path.resolve(values.home ?? defaultHome()), port };
  } catch (error) {
    throw error instanceof GemelError ? error : new GemelError('USAGE', error instanceof Error ? error.message : String(error), '', USAGE);
  }
}

/** An address lets only one browser in: on a terminal, Enter prints a new one. */
function untilToldToEnd(another: () => void): Promise<void> {
  return new Promise((resolve) => {
    const lines = process.stdin.isTTY ? readline.createInterface({ input: process.stdin }) : undefined;
    lines?.on('line', another);
    const end = (): void => {
      lines?.close();
      resolve();
    };
    lines?.once('SIGINT', end);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  });
}

try {
  await main();
} catch (error) {
  console.error(error instanceof GemelError ? error.message : error);
  process.exitCode = error instanceof GemelError && error.code === 'USAGE' ? 2 : 1;
}
