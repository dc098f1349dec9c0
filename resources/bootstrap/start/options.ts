import { parseArgs } from 'node:util';

export interface StartOptions {
  /** The web shell even where Electron is there. */
  web: boolean;
  /** Open a window; else only print the address of the web shell. */
  open: boolean;
  /** GEMEL_HOME for this console, or null for the user's own. */
  home: string | null;
}

export const USAGE = `npm start [-- options]   opens the Gemel console
  --web        in the installed Chromium, even where the Electron runtime is there
  --no-open    open no window, print the address of the web console
  --home DIR   use DIR instead of ~/.gemel`;

export function parseStartOptions(args: string[]): StartOptions | 'help' | { wrong: string } {
  try {
    const { values } = parseArgs({
      args,
      options: {
        web: { type: 'boolean', default: false },
        open: { type: 'boolean', default: true },
        home: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
      allowNegative: true,
    });
    if (values.help) return 'help';
    return { web: values.web, open: values.open, home: values.home ?? null };
  } catch (error) {
    if (error instanceof TypeError) return { wrong: error.message };
    throw error;
  }
}
