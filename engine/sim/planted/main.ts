import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { planted, type Detector, type PlantedFault } from './list.ts';

/*
 * `npm run planted -- [--only NAME]...`: plants one fault of the list at a time in a copy of the sources and runs what has to
 * catch it. Prints a line each; ends with 1 when one is not caught, or does not fit the sources any more.
 */

const root = fileURLToPath(new URL('../../..', import.meta.url));
const copied = ['engine', 'resources', 'package.json', 'tsconfig.json'];
const VITEST = 'node_modules/vitest/vitest.mjs';
const MINUTES_MAX = 10;

/** What runs for each detector, and how much of it: that is what "caught" means. */
const detectors: Record<Detector, { readonly bound: string; readonly args: readonly string[]; readonly env?: Record<string, string> }> = {
  world: {
    bound: '4,000 stories of the core alone',
    args: [VITEST, 'run', '--config', 'resources/tooling/vitest.config.ts', '--project', 'unit', 'engine/mirror/failover/world.test.ts'],
    env: { GEMEL_WORLD_RUNS: '4000', GEMEL_WORLD_QUICK: '1' },
  },
  outages: {
    bound: 'every row of the table of outages',
    args: [VITEST, 'run', '--config', 'resources/tooling/vitest.config.ts', '--project', 'unit', 'engine/mirror/failover/outcomes'],
  },
  sim: { bound: '1,000 seeds of the simulator', args: ['engine/sim/main.ts', '--seeds', '1000', '--json'] },
};

function plant(copy: string, { file, find, replace }: PlantedFault): string | null {
  const path = join(copy, file);
  const text = readFileSync(join(root, file), 'utf8');
  const times = text.split(find).length - 1;
  if (times !== 1) return `what it replaces stands ${times} times in ${file}`;
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return null;
}

function restore(copy: string, { file }: PlantedFault): void {
  writeFileSync(join(copy, file), readFileSync(join(root, file)));
}

function fails(copy: string, detector: Detector): boolean {
  const { args, env } = detectors[detector];
  const options = { cwd: copy, env: { ...process.env, ...env }, stdio: 'ignore', timeout: MINUTES_MAX * 60_000 } as const;
  return spawnSync(process.execPath, args, options).status !== 0;
}

function main(): void {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } });
  const chosen = planted.filter((fault) => values.only.length === 0 || values.only.includes(fault.name));
  const copy = mkdtempSync(join(tmpdir(), 'gemel-planted-'));
  let missed = 0;
  try {
    for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    // What fails by itself catches nothing.
    for (const detector of new Set(chosen.flatMap(({ by }) => by))) {
      console.log(`${detector.padEnd(8)} ${detectors[detector].bound}`);
      if (fails(copy, detector)) throw new Error(`${detector} fails already without a planted fault`);
    }
    for (const fault of chosen) {
      const wrong = plant(copy, fault);
      const by = wrong === null ? (fault.by.find((detector) => fails(copy, detector)) ?? null) : null;
      restore(copy, fault);
      if (by === null) missed += 1;
      console.log(`${(by === null ? 'MISSED' : by).padEnd(8)} ${fault.name}: ${fault.rule}${wrong === null ? '' : ` (${wrong})`}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  console.log(`${chosen.length} planted, ${chosen.length - missed} caught`);
  if (missed > 0) process.exitCode = 1;
}

main();
