import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { posix, relative, sep } from 'node:path';
import type { Plugin } from 'esbuild';

/** `new URL('./x-thread.ts', import.meta.url)`, also as a template: how the code names files beside it. */
const REFERENCE = /new URL\(\s*(['"`])(\.{1,2}\/[^'"`]+)\1,\s*import\.meta\.url\s*,?\s*\)/g;

/**
 * A bundle stands elsewhere than its sources, so what they name relative to themselves is named relative to the root
 * instead (`GEMEL_ROOT`, see the banner of the bundle): a source as its bundle in `folder`, anything else where it is.
 */
export function referencesPlugin(root: string, folder: string): Plugin {
  return {
    name: 'gemel-references',
    setup(build) {
      build.onLoad({ filter: /[\\/](engine|main)[\\/].*\.ts$/ }, async ({ path }) => {
        const file = relative(root, path).split(sep).join('/');
        if (file.includes('node_modules/')) return undefined;
        return { contents: rewriteReferences(await readFile(path, 'utf8'), file, root, folder), loader: 'ts' };
      });
    },
  };
}

/** @param file the source, relative to `root`, with `/` */
export function rewriteReferences(source: string, file: string, root: string, folder = 'dist'): string {
  return source.replaceAll(REFERENCE, (whole, quote: string, path: string) => {
    const target = posix.join(posix.dirname(file), path);
    if (target.endsWith('.ts')) return `new URL(${quote}${folder}/${target.replace(/\.ts$/, '.mjs')}${quote}, GEMEL_ROOT)`;
    // Not in the tree: it is meant relative to the bundle itself.
    if (!target.startsWith('dist/') && !existsSync(posix.join(root.split(sep).join('/'), target))) return whole;
    return `new URL(${quote}${target}${quote}, GEMEL_ROOT)`;
  });
}

/**
 * The same for sources that are not bundled but start what is: each source named by them is named by the address that `place` gives
 * for it, if it gives one.
 * @param file the source, relative to the root, with `/`
 */
export function startedReferences(source: string, file: string, place: (target: string) => string | null): string {
  return source.replaceAll(REFERENCE, (whole, quote: string, path: string) => {
    const address = place(posix.join(posix.dirname(file), path));
    return address === null ? whole : `new URL(${quote}${address}${quote})`;
  });
}
