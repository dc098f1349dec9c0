import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDirectoryLock } from './directory-lock.js';

const NODE_MAJOR = 24;

/** Installing failed; the message says what happened, what is safe and what to do. */
export class InstallError extends Error {}

/**
 * Installs the locked dependencies unless node_modules already holds exactly these.
 *
 * @param {string} root the checkout
 * @param {(line: string) => void} say one line for the user
 * @param {{ npmCi?: (root: string) => number | null | Promise<number | null> }} [parts] for tests: what installs (gives the exit code)
 * @returns {Promise<'current' | 'installed'>}
 * @throws {InstallError}
 */
export async function ensureInstalled(root, say, { npmCi = runNpmCi } = {}) {
  if (isCurrent(root)) {
    requireNode24(root, { run: false });
    return 'current';
  }
  return withDirectoryLock(join(root, '.gemel-install-lock'), {
    waiting: () => say('Another command is installing the dependencies of this checkout; waiting for it.'),
    work: async () => {
      if (isCurrent(root)) return 'current';
      say('Installing the dependencies named in package-lock.json (npm ci; about half a minute) ...');
      const started = Date.now();
      const code = await npmCi(root);
      if (code !== 0) throw new InstallError(failedText(code));
      requireNode24(root, { run: true });
      writeFileSync(stampFile(root), stamp(root));
      say(`Dependencies installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
      return 'installed';
    },
  });
}

/**
 * What node_modules was installed from: the lock file's content, on this kind of machine.
 * @param {string} root
 */
export function stamp(root) {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/** @param {string} root */
export function stampFile(root) {
  return join(root, 'node_modules', '.gemel-stamp');
}

function isCurrent(root) {
  return existsSync(stampFile(root)) && readFileSync(stampFile(root), 'utf8') === stamp(root);
}

/**
 * No install script of a dependency runs: none is needed, and one of them would start a telemetry daemon.
 * The npm that runs us is used, on its own Node: the Node in node_modules is replaced by the install.
 */
function runNpmCi(root) {
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) {
    return spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], options).status;
  }
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' }).status;
}

/**
 * Every npm script finds `node` in node_modules/.bin first. Only where the registry has no Node for this platform the
 * system's is used, and then it has to be new enough.
 */
function requireNode24(root, { run }) {
  const pinned = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (!existsSync(pinned)) {
    if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return;
    throw new InstallError(
      `Node ${NODE_MAJOR} is needed, this is ${process.version}, and there was no Node ${NODE_MAJOR} package for ${process.platform}-${process.arch} to install. ` +
        `Nothing was started. Install Node ${NODE_MAJOR} or newer and run the command again.`,
    );
  }
  if (!run) return;
  const version = spawnSync(pinned, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  if (version.status === 0 && Number.parseInt(version.stdout.trim().slice(1), 10) >= NODE_MAJOR) return;
  throw new InstallError(
    `The Node in ${pinned} does not run on this machine (${(version.error?.message ?? version.stderr.trim()) || version.stdout.trim()}). ` +
      `Nothing was started. Install Node ${NODE_MAJOR} or newer, remove that file, and run the command again.`,
  );
}

function failedText(code) {
  return (
    `The dependencies could not be installed (npm ci ended with ${code ?? 'a signal'}; its own words stand above). ` +
    'The checkout is unchanged except for node_modules. Check that the npm registry can be reached and run the command again.'
  );
}
