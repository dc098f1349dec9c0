/** `npm run build`: everything into dist/: the page, the engine and the web shell as bundles, the Electron main process. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRenderer } from '../bootstrap/start/renderer.ts';
import { bundleElectron, bundleEntries, hasElectronEntry } from './build/bundle.ts';
import { ROOT } from './runner/command.ts';

await rm(join(ROOT, 'dist'), { recursive: true, force: true });
const [bundles] = await Promise.all([bundleEntries(ROOT), buildRenderer(ROOT), hasElectronEntry(ROOT) ? bundleElectron(ROOT) : undefined]);
console.log(`Built dist/: the page, ${bundles.length} bundles of the engine and the web shell, the desktop shell.`);
