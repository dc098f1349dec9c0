import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../runner/command.ts';
import { bundleEntries } from './bundle.ts';
import { rewriteReferences } from './references.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gemel-bundle-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('references of sources in a bundle', () => {
  it('names a source by its bundle', () => {
    expect(rewriteReferences(`new Worker(new URL('./disk-thread.ts', import.meta.url))`, 'engine/journal/writer.ts', root)).toBe(
      `new Worker(new URL('dist/engine/journal/disk-thread.mjs', GEMEL_ROOT))`,
    );
    expect(rewriteReferences('new URL(`../cli/process/${name}.ts`, import.meta.url)', 'engine/instance/spawn.ts', root)).toBe(
      'new URL(`dist/engine/cli/process/${name}.mjs`, GEMEL_ROOT)',
    );
  });

  it('leaves what is meant relative to the bundle', () => {
    const source = `new URL('./preload.cjs', import.meta.url)`;
    expect(rewriteReferences(source, 'main/shell/electron/main.ts', root)).toBe(source);
  });

  it('names built files and files of the tree from the root', () => {
    write('resources/icons/gemel.png', '');
    expect(rewriteReferences(`new URL('../../../dist/renderer/', import.meta.url)`, 'main/shell/web/page.ts', root)).toBe(
      `new URL('dist/renderer/', GEMEL_ROOT)`,
    );
    expect(rewriteReferences(`new URL('../../resources/icons/gemel.png', import.meta.url)`, 'main/shell/x.ts', root)).toBe(
      `new URL('resources/icons/gemel.png', GEMEL_ROOT)`,
    );
  });

  it('makes bundles that find their threads', async () => {
    write('engine/cli/main.ts', `import { ask } from '../journal/ask.ts';\nconsole.log(await ask());`);
    write(
      'engine/journal/ask.ts',
      `import { Worker } from 'node:worker_threads';
       export function ask(): Promise<string> {
         const worker = new Worker(new URL('./answer-thread.ts', import.meta.url));
         return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
       }`,
    );
    write(
      'engine/journal/answer-thread.ts',
      `import { parentPort } from 'node:worker_threads';\nparentPort!.postMessage('from the thread');`,
    );
    expect(await bundleEntries(root)).toEqual(['dist/engine/cli/main.mjs', 'dist/engine/journal/answer-thread.mjs']);
    // The sources are gone, as in a packaged Gemel.
    rmSync(join(root, 'engine'), { recursive: true });
    const result = await runCommand(process.execPath, [join(root, 'dist/engine/cli/main.mjs')], { cwd: tmpdir() });
    expect(result).toMatchObject({ code: 0, output: 'from the thread\n' });
  });
});
