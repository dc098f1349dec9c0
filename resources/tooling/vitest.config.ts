import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { startedAsBundles } from './build/programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const exclude = ['**/node_modules/**', 'dist/**', 'test-results/**'];

const programs = fileURLToPath(new URL('programs.ts', import.meta.url));

/** Hundreds of processes and threads are started: each in half the time when the code compiled for the first is kept. */
const COMPILED = { NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)) };

/** Tests of minutes: `x.long.test.ts` beside the code. */
const long = '**/*.long.test.ts';

/** Waiting for other processes and threads: it only decides when a test that fails gives up. */
const expectation = { poll: { timeout: 30_000 } };

/** `unit` and `renderer` are part of `npm run check`; `long`, and `e2e`, which starts whole processes, are part of `npm test` only. */
export default defineConfig({
  root,
  test: {
    passWithNoTests: true,
    // Tests wait for disks and processes more than they compute: two at a time even where there are only two processors.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        root,
        plugins: [startedAsBundles(root)],
        test: {
          name: 'unit',
          environment: 'node',
          globalSetup: programs,
          env: COMPILED,
          expect: expectation,
          include: ['{engine,main,resources}/**/*.test.ts'],
          exclude: [...exclude, long],
          // One process for many files: a third less processor time than one each. What a file changes of its process it puts back.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        root,
        plugins: [startedAsBundles(root)],
        test: {
          name: 'long',
          environment: 'node',
          globalSetup: programs,
          env: COMPILED,
          expect: expectation,
          include: [`{engine,main,resources}/${long}`],
          exclude,
          testTimeout: 600_000,
        },
      },
      {
        // Runes in .svelte.ts files are compiled, with the client's reactivity.
        root,
        plugins: [svelte({ configFile: false })],
        resolve: { conditions: ['browser'] },
        test: {
          name: 'renderer',
          environment: 'node',
          expect: expectation,
          include: ['renderer/**/*.test.ts'],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: 'e2e',
          environment: 'node',
          expect: expectation,
          env: COMPILED,
          globalSetup: programs,
          include: ['e2e/**/*.test.ts'],
          exclude: [...exclude, 'e2e/browser/**', 'e2e/desktop/**'],
          // The tests wait more than they compute: two files at a time, and in those that say so two tests.
          maxWorkers: 2,
          maxConcurrency: 2,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
