import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { GemelError } from '../../../engine/api/errors.ts';
import { defaultHome } from '../../../engine/instance/host.ts';
import { realClock } from '../../../engine/io/index.ts';
import { openConsoleMain } from '../../console/index.ts';
import { readAssets } from '../assets.ts';
import { setMenu } from './menu.ts';
import { notifyAlerts } from './notify.ts';
import { registerScheme, servePages } from './pages.ts';
import { connectWindow, openWindow } from './window.ts';

/** The console as a desktop application. Ends when its window is closed; agents and instances go on. */
async function main(): Promise<void> {
  const home = path.resolve(homeOption() ?? defaultHome());
  // One console for each home: the lock lies in the application's data folder, so that folder goes with the home.
  app.setPath('userData', path.join(home, 'console', 'desktop'));
  if (!app.requestSingleInstanceLock()) {
    app.quit(); // the one that runs is told, and shows its window
    return;
  }
  await app.whenReady();
  servePages(readAssets(fileURLToPath(new URL('../../../dist/renderer/', import.meta.url))));
  setMenu(process.platform);
  const core = openConsoleMain({
    home,
    defaultHome: defaultHome(),
    shell: 'electron',
    electron: process.versions['electron'] ?? null,
    clock: realClock,
  });
  // This file runs as a bundle only, with the preload script's bundle beside it.
  const window = openWindow(fileURLToPath(new URL('./preload.cjs', import.meta.url)));
  connectWindow(window, core);
  notifyAlerts(core, window);
  app.on('second-instance', () => showAgain(window));
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', () => core.close());
}

function homeOption(): string | undefined {
  // Chromium's own switches may stand beside ours.
  return parseArgs({ args: process.argv.slice(1), strict: false, options: { home: { type: 'string' } } }).values['home'] as
    string | undefined;
}

function showAgain(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.focus();
}

function fail(error: unknown): void {
  const text = error instanceof GemelError ? [error.what, error.safe, error.todo].filter((s) => s !== '').join('\n\n') : String(error);
  dialog.showErrorBox('Gemel cannot start', text);
  app.exit(1);
}

registerScheme();
main().catch(fail);
