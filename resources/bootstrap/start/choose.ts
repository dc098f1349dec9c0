import { findChromium } from '../chromium.ts';
import { getElectron } from '../electron.ts';
import type { StartOptions } from './options.ts';

/** How the console is shown. `note` says what could not be had, and is empty when nothing is missing. */
export type Shell =
  | { kind: 'electron'; executable: string; note: string }
  | { kind: 'chromium'; executable: string; note: string }
  | { kind: 'address'; note: string };

/** What the choice depends on; tests put in their own. */
export interface Surroundings {
  hasDisplay: boolean;
  electron(): Promise<{ executable: string } | { missing: string }>;
  chromium(): string | null;
}

export function thisMachine(root: string, say: (line: string) => void): Surroundings {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return {
    hasDisplay: process.platform !== 'linux' || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY),
    electron: () => getElectron(root, say),
    chromium: findChromium,
  };
}

/** Electron where its runtime can be had, else the installed Chromium, else the address alone. */
export async function chooseShell(options: StartOptions, machine: Surroundings): Promise<Shell> {
  if (!options.open) return { kind: 'address', note: '' };
  if (!machine.hasDisplay) return { kind: 'address', note: 'There is no display here, so no window is opened.' };
  const runtime = options.web ? { missing: '' } : await machine.electron();
  if ('executable' in runtime) return { kind: 'electron', executable: runtime.executable, note: '' };
  const executable = machine.chromium();
  const note = options.web ? '' : `The desktop shell is not available: ${runtime.missing}.`;
  if (executable !== null)
    return { kind: 'chromium', executable, note: note === '' ? '' : `${note} The console opens in the installed Chromium instead.` };
  return { kind: 'address', note: `${note} No Chromium was found either; open the address below in a browser of this computer.`.trim() };
}
