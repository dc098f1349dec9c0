/**
 * Runs before every npm script: makes sure that what package-lock.json names is installed and that Node 24 is there.
 * Plain JavaScript without dependencies, because it has to run on whatever Node the system has and before anything is installed.
 * Writes to stderr only, so that the output of `npm run -s gemel -- ... --json` stays clean.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, InstallError } from './install.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

try {
  await ensureInstalled(root, (line) => process.stderr.write(`${line}\n`));
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
