import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'chrome.exe', 'msedge.exe'];

function places(): string[] {
  const path = (process.env['PATH'] ?? '').split(delimiter).flatMap((directory) => NAMES.map((name) => join(directory, name)));
  if (process.platform === 'darwin') {
    path.push('/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome');
  }
  if (process.platform === 'win32') {
    const roots = [process.env['ProgramFiles'], process.env['ProgramFiles(x86)']].filter((p) => p !== undefined);
    path.push(...roots.flatMap((p) => [join(p, 'Google/Chrome/Application/chrome.exe'), join(p, 'Microsoft/Edge/Application/msedge.exe')]));
  }
  return path;
}

/** The installed Chromium (or a browser of its family) that can be started, or null. `GEMEL_CHROMIUM` names another one. */
export function findChromium(): string | null {
  const named = process.env['GEMEL_CHROMIUM'];
  return (named === undefined ? places() : [named]).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (_notThere) {
    return false;
  }
}
