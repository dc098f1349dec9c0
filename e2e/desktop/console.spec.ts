import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron as electron, expect, test } from '@playwright/test';
import type { ElectronApplication } from '@playwright/test';
import { installedElectron } from '../../resources/bootstrap/electron.ts';
import { bundleElectron, bundleEntries } from '../../resources/tooling/build/bundle.ts';
import { buildRendererIfStale } from '../../resources/bootstrap/start/renderer.ts';
import { stopAgent } from '../stop-agent.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executablePath = installedElectron(root);

test.skip(executablePath === null, 'the Electron runtime is not installed: the desktop window was not tried, only its stand-in tests');

let home: string;
let app: ElectronApplication;

test.beforeAll(async () => {
  await buildRendererIfStale(root, () => undefined);
  const [entry] = await Promise.all([bundleElectron(root), bundleEntries(root)]);
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-desktop-'));
  fs.writeFileSync(path.join(home, 'iscagent.conf'), 'application_server.port=0\n');
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  app = await electron.launch({ ...(executablePath === null ? {} : { executablePath }), args: [...sandbox, entry, '--home', home] });
});
test.afterAll(async () => {
  await app.close();
  await stopAgent(home);
  fs.rmSync(home, { recursive: true, force: true });
});

test('the window shows the console, isolated and sandboxed', async () => {
  const page = await app.firstWindow();
  expect(page.url()).toMatch(/^gemel:\/\/console\//);
  await expect(page.getByText('Create a demo mirror on this computer').first()).toBeVisible();
  expect(
    await page.evaluate(() => [typeof (globalThis as { require?: unknown }).require, typeof (globalThis as { process?: unknown }).process]),
  ).toEqual(['undefined', 'undefined']);
  expect(await page.evaluate(() => Object.keys((globalThis as { gemel?: object }).gemel ?? {}).toSorted())).toEqual(['onFrame', 'send']);
});

test('the page cannot go elsewhere or open a window', async () => {
  const page = await app.firstWindow();
  await page.evaluate(() => {
    window.open('https://example.org/');
    window.location.href = 'https://example.org/';
  });
  expect(page.url()).toMatch(/^gemel:\/\/console\//);
  expect(app.windows()).toHaveLength(1);
});
