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

/** Bundles all entries to `folder`, at the same place in the tree and ending in `.mjs`. Gives the files written, relative to `root`. */
export async function bundleEntries(root: string, folder = 'dist'): Promise<string[]> {
  const entries = ENTRIES.flatMap((pattern) => globSync(pattern, { cwd: root })).filter(
    (file) => !/\.(test|bench)\.ts$|[\\/]testing[\\/]/.test(file),
  );
  return Promise.all(
    [...new Set(entries)].sort().map(async (entry) => {
      const out = posix.join(folder, entry.split(sep).join('/').replace(/\.ts$/, '.mjs'));
      await bundle(root, entry, out, folder);
      return out;
    }),
  );
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
  const up = '../'.repeat(relative('.', out).split(sep).length - 1);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: out,
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
        `const GEMEL_ROOT = new URL(${JSON.stringify(up)}, import.meta.url).href;`,
      ].join('\n'),
    },
    ...overrides,
  });
}
