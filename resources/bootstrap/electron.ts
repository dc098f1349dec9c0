import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Long enough for a slow line to answer, short enough that nobody thinks the start hangs. */
const FETCH_MS_MAX = 90_000;

/** Where the Electron runtime is, or why it could not be had. */
export type ElectronRuntime = { executable: string } | { missing: string };

/** The Electron runtime that is there, or null. The package carries none: it is fetched apart from it. */
export function installedElectron(root: string): string | null {
  const directory = join(root, 'node_modules', 'electron');
  const named = join(directory, 'path.txt');
  const overridden = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const file = existsSync(named) ? readFileSync(named, 'utf8').trim() : 'electron';
  const executable = join(overridden ?? join(directory, 'dist'), file);
  return existsSync(executable) ? executable : null;
}

/** Finds the Electron runtime, or tries once to fetch it. */
export async function getElectron(root: string, say: (line: string) => void): Promise<ElectronRuntime> {
  const there = installedElectron(root);
  if (there !== null) return { executable: there };
  const installer = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(installer)) return { missing: 'the electron package is not installed' };
  say('Fetching the Electron runtime (about 100 MB, once) ...');
  const problem = await runInstaller(installer);
  const fetched = installedElectron(root);
  return fetched === null ? { missing: `the Electron runtime could not be fetched (${problem})` } : { executable: fetched };
}

function runInstaller(installer: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [installer], { stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    let late = false;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (words += chunk));
    const timer = setTimeout(() => {
      late = true;
      child.kill();
    }, FETCH_MS_MAX);
    child.once('close', () => {
      clearTimeout(timer);
      const first = words.split('\n').find((line) => line.trim() !== '');
      resolve(late ? `no success within ${FETCH_MS_MAX / 1000} s` : (first ?? 'it gave no reason').trim());
    });
  });
}
