import { findChromium } from '../../bootstrap/chromium.ts';
import { getElectron } from '../../bootstrap/electron.ts';
import { vitestArgs } from './check-parts.ts';
import { ROOT } from './command.ts';
import type { DebianPackages } from './debian.ts';
import { check, type Part, suite } from './parts.ts';
import { SKIP_REASON } from './report.ts';

const PLAYWRIGHT = 'node_modules/@playwright/test/cli.js';
const MINUTE_MS = 60_000;
/** Seeds of the simulator in every run of the tests: five to six minutes on two processors that have nothing else to do. */
const SEEDS = 10_000;

/** `npm test` after the checks, beside all that follows: the simulator takes the processor time that tests which wait leave. */
export function simulatorPart(): Part {
  return check(`simulator, ${SEEDS} seeds`, ['engine/sim/main.ts', '--seeds', String(SEEDS)], {
    timeoutMs: 60 * MINUTE_MS,
    background: true,
  });
}

/** `npm test` after the checks: whole processes, then the console in a browser and on the desktop. One after the other. */
export function endToEndParts(debian: DebianPackages, say: (line: string) => void): Part[] {
  return [
    suite('long unit tests', vitestArgs(['long'], 'default'), { timeoutMs: 15 * MINUTE_MS }),
    suite('processes', vitestArgs(['e2e'], 'verbose'), { live: true, timeoutMs: 50 * MINUTE_MS }),
    later('console in a browser', () => browserSuite(debian)),
    later('console on the desktop', () => desktopSuite(debian, say)),
  ];
}

/** A part that can only be made when its turn comes, because it first looks at the machine. */
function later(name: string, make: () => Promise<Part>): Part {
  return { name, run: async () => (await make()).run() };
}

async function browserSuite(debian: DebianPackages): Promise<Part> {
  const missing = findChromium() === null ? await debian.install(['chromium']) : null;
  return playwrightSuite('console in a browser', 'browser', missing, 30 * MINUTE_MS);
}

async function desktopSuite(debian: DebianPackages, say: (line: string) => void): Promise<Part> {
  const name = 'console on the desktop';
  const runtime = await getElectron(ROOT, say);
  if ('missing' in runtime) return playwrightSuite(name, 'desktop', runtime.missing, MINUTE_MS);
  if (hasDisplay()) return playwrightSuite(name, 'desktop', null, 3 * MINUTE_MS);
  const missing = await debian.install(['xvfb', 'xauth']);
  return playwrightSuite(name, 'desktop', missing, 3 * MINUTE_MS, ['xvfb-run', '-a']);
}

/** A suite that cannot run is only listed, so that its tests are counted as skipped, with the reason. */
function playwrightSuite(name: string, project: string, missing: string | null, timeoutMs: number, wrapper: string[] = []): Part {
  const args = [PLAYWRIGHT, 'test', '--config', 'resources/tooling/playwright.config.ts', '--project', project, '--pass-with-no-tests'];
  if (missing !== null) {
    const listing = [...args, '--list', '--reporter', './resources/tooling/reporters/playwright.ts'];
    return suite(name, listing, { env: { [SKIP_REASON]: missing }, timeoutMs });
  }
  const running = [...args, '--reporter', 'list,./resources/tooling/reporters/playwright.ts'];
  const [program = process.execPath, ...before] = [...wrapper, process.execPath];
  return suite(name, [...before, ...running], { program, live: true, timeoutMs });
}

function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY']);
}
