import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './command.ts';
import { check, type Part, suite } from './parts.ts';

const VITEST = 'node_modules/vitest/vitest.mjs';

/** The arguments of vitest for some of the projects of its configuration. */
export function vitestArgs(projects: string[], reporter: string): string[] {
  const chosen = projects.flatMap((project) => ['--project', project]);
  return [
    VITEST,
    'run',
    '--config',
    'resources/tooling/vitest.config.ts',
    ...chosen,
    '--reporter',
    reporter,
    '--reporter',
    './resources/tooling/reporters/vitest.ts',
  ];
}

/** `npm run check`: types, lint, layers, dead exports, unit tests; the longest first, so that two at a time end together. */
export function checkParts(): Part[] {
  return [
    suite('unit tests', vitestArgs(['unit', 'renderer'], 'default'), { timeoutMs: 300_000 }),
    check('lint', ['node_modules/eslint/bin/eslint.js', '--config', 'resources/tooling/eslint.config.js', '--max-warnings=0', '.']),
    check('types: engine, main, tests', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']),
    check('types: renderer', svelteCheck('renderer/tsconfig.json', 'renderer')),
    check('types: a wrong .svelte is found', svelteCheck('resources/tooling/fixtures/tsconfig.json', 'resources/tooling/fixtures'), {
      judge: (result) =>
        result.code === 1 &&
        result.output.includes('Bad.svelte') &&
        result.output.includes("Type 'string' is not assignable to type 'number'")
          ? null
          : 'svelte-check did not report the planted type error',
    }),
    check('format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--cache', '--cache-strategy=content', '--log-level=warn', '.']),
    check('layers', [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--config',
      'resources/tooling/dependency-cruiser.js',
      ...['engine', 'main', 'renderer', 'e2e', 'resources'].filter((folder) => existsSync(join(ROOT, folder))),
    ]),
    check('dead exports', [
      'node_modules/knip/bin/knip.js',
      '--directory',
      '.',
      '--config',
      'resources/tooling/knip.json',
      '--no-progress',
      '--no-config-hints',
    ]),
  ];
}

function svelteCheck(tsconfig: string, workspace: string): string[] {
  return [
    'node_modules/svelte-check/bin/svelte-check',
    '--tsconfig',
    join(ROOT, tsconfig),
    '--workspace',
    join(ROOT, workspace),
    '--output',
    'human',
    '--fail-on-warnings',
  ];
}
