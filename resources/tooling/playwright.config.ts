import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { findChromium } from '../bootstrap/chromium.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * `browser`: the web shell in the installed Chromium. `desktop`: the console in the Electron runtime, where there is one.
 * Both drive real instances, so they run one after the other.
 */
export default defineConfig({
  testDir: `${root}/e2e`,
  outputDir: `${root}/test-results`,
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: { trace: 'retain-on-failure', screenshot: 'only-on-failure' },
  projects: [
    {
      name: 'browser',
      testMatch: 'browser/**/*.spec.ts',
      use: {
        browserName: 'chromium',
        viewport: { width: 1280, height: 800 },
        launchOptions: {
          ...(findChromium() === null ? {} : { executablePath: findChromium()! }),
          // Chromium's own sandbox does not work for root.
          args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
        },
      },
    },
    { name: 'desktop', testMatch: 'desktop/**/*.spec.ts' },
  ],
});
