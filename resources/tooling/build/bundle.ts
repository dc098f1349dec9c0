import { existsSync, globSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { referencesPlugin } from './references.ts';

/** What stays a package of its own: it has a native binary beside it, or the runtime provides it. */
const EXTERNAL = ['better-sqlite3', 'electron', 'lz4-napi', 'msgpackr-extract', 'bufferutil', 'utf-8-validate'];

/** Every file that is started as a process or a thread of its own. */
const ENTRIES = [
  'engine/cli/main.ts',
  'engine/cli/process/*.ts',
  'engine/**/*-thread.ts',
  'engine/**/*-process.ts',
  'main/shell/web/main.ts',
];

/** Started by tests of the units alone: fixtures and stand-ins with processes and threads of their own. */
const TEST_ENTRIES = ['engine/**/testing/*-process.ts', 'engine/**/*-{process,thread}.fixture.ts'];

/** The files that are started as a process or a thread of their own, relative to `root`, with `/`. */
export function startedFiles(root: string): string[] {
  return found(root, ENTRIES).filter((file) => !/\.(test|bench|fixture)\.ts$|\/testing\//.test(file));
}

/** The threads, and the processes and threads that only tests start: what tests of the units start. */
export function startedByUnits(root: string): string[] {
  return [...startedFiles(root).filter((file) => file.endsWith('-thread.ts')), ...found(root, TEST_ENTRIES)];
}

function found(root: string, patterns: readonly string[]): string[] {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).map((file) => file.split(sep).join('/'));
  return [...new Set(files)].sort();
}

/**
 * Bundles files of the tree to `folder`, at the same place in the tree and ending in `.mjs`: all that are started, unless told
 * otherwise. Gives the files written, relative to `root`.
 */
export async function bundleEntries(root: string, folder = 'dist', entries = startedFiles(root)): Promise<string[]> {
  const atDepth = Map.groupBy(entries, (entry) => entry.split('/').length);
  // All at one depth share the way up to the root, and what they have in common is read once.
  await Promise.all(
    [...atDepth].map(([depth, entryPoints]) =>
      build({
        ...options(root, folder, depth - 1 + folder.split('/').length),
        entryPoints,
        outdir: folder,
        outbase: '.',
        outExtension: { '.js': '.mjs' },
      }),
    ),
  );
  return entries.map((entry) => bundleOf(entry, folder));
}

/** Where the bundle of a file is, relative to the root. */
export function bundleOf(entry: string, folder: string): string {
  return posix.join(folder, entry.replace(/\.ts$/, '.mjs'));
}

/** Bundles the Electron main process and its preload. Gives the path of the main bundle, which Electron is started with. */
export async function bundleElectron(root: string): Promise<string> {
  const out = join('dist', 'main', 'electron.mjs');
  await Promise.all([
    bundle(root, 'main/shell/electron/main.ts', out, 'dist'),
    // A sandboxed preload can only be CommonJS.
    bundle(root, 'main/shell/electron/preload.ts', 'dist/main/preload.cjs', 'dist', { format: 'cjs', platform: 'browser', banner: {} }),
  ]);
  return join(root, out);
}

/** True where the checkout has the Electron entry. */
export function hasElectronEntry(root: string): boolean {
  return existsSync(join(root, 'main', 'shell', 'electron', 'main.ts'));
}

async function bundle(root: string, entry: string, out: string, folder: string, overrides: BuildOptions = {}): Promise<void> {
  const depth = relative('.', out).split(sep).length - 1;
  await build({ ...options(root, folder, depth), entryPoints: [entry], outfile: out, ...overrides });
}

/** @param depth folders between the root and the bundle */
function options(root: string, folder: string, depth: number): BuildOptions {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: true,
    external: EXTERNAL,
    logLevel: 'warning',
    plugins: [referencesPlugin(root, folder)],
    banner: {
      // Packages that are CommonJS inside the bundle still call require.
      js: [
        `import { createRequire as gemelCreateRequire } from 'node:module';`,
        'const require = gemelCreateRequire(import.meta.url);',
        `const GEMEL_ROOT = new URL(${JSON.stringify('../'.repeat(depth))}, import.meta.url).href;`,
      ].join('\n'),
    },
  };
}
