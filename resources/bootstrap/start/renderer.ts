import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const SOURCES = ['renderer', 'main/contract', 'engine/api', 'engine/io/assert.ts', 'package-lock.json'];

/** Builds the page into dist/renderer when something it is made of changed since the last time. */
export async function buildRendererIfStale(root: string, say: (line: string) => void): Promise<void> {
  const stampFile = join(root, 'dist', 'renderer.stamp');
  const stamp = sourcesStamp(root);
  const page = join(root, 'dist', 'renderer', 'index.html');
  if (existsSync(page) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  say('Building the console page ...');
  await buildRenderer(root);
  writeFileSync(stampFile, stamp);
}

/** Builds the page into dist/renderer. Throws when it does not compile. */
export async function buildRenderer(root: string): Promise<void> {
  const { build } = await import('vite');
  await build({
    root: join(root, 'renderer'),
    configFile: join(root, 'renderer', 'vite.config.ts'),
    logLevel: 'warn',
    build: { rolldownOptions: { checks: { pluginTimings: false } } },
  });
}

function sourcesStamp(root: string): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesUnder(join(root, source))).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
