import { chromium, expect, test, type Browser, type Page } from '@playwright/test';
import { expectAccessible, picture } from './console-page.ts';
import { startConsole, type ConsoleProcess } from './console-process.ts';

/** An administrator who has never read the manual makes a mirror with the console alone. */

let running: ConsoleProcess;
let browser: Browser;
let page: Page;

test.describe.configure({ mode: 'serial' });

test.beforeAll(async ({ launchOptions }) => {
  running = await startConsole();
  browser = await chromium.launch(launchOptions);
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.goto(running.address);
});

test.afterAll(async () => {
  await browser.close();
  await running.close();
});

/** From the settings that are filled in to the report. */
async function carryOut(name: string): Promise<void> {
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await expect(page.getByRole('heading', { name: 'Steps' })).toBeVisible();
  await picture(page, `wizard-${name}-plan`);
  await page.getByRole('contentinfo').or(page.locator('footer')).getByRole('button').last().click();
  await expect(page.getByRole('link', { name: 'Open report' })).toBeVisible();
  await expect(page.locator('.outcome')).not.toContainText('Running', { timeout: 120_000 });
  await expect(page.locator('.outcome').getByRole('alert')).toHaveCount(0);
  await picture(page, `wizard-${name}-report`);
  await page.getByRole('link', { name: 'To the overview' }).click();
}

test('two instances are created, a wrong name is said while typing', async () => {
  await page.getByRole('link', { name: 'Create an instance' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Create an instance');
  await page.getByLabel('Name', { exact: true }).fill('1st');
  await page.getByLabel('Name', { exact: true }).blur();
  await expect(page.getByText('An instance name starts with a letter')).toBeVisible();
  await picture(page, 'wizard-instance-wrong');
  await page.getByLabel('Name', { exact: true }).fill('alpha');
  await expect(page.getByText('An instance name starts with a letter')).toHaveCount(0);
  await carryOut('instance');
  await page.goto(`${page.url().split('#')[0]}#/wizard/createInstance`);
  await page.getByLabel('Name', { exact: true }).fill('beta');
  await carryOut('instance');
});

test('what was typed is found again', async () => {
  await page.getByRole('link', { name: 'Create a mirror', exact: true }).first().click();
  await page.getByLabel('Mirror name').fill('try');
  await page.getByRole('button', { name: 'Leave, keep what was typed' }).click();
  await page.getByRole('link', { name: 'Create a mirror', exact: true }).first().click();
  await expect(page.getByLabel('Mirror name')).toHaveValue('try');
});

test('a mirror is created, and a second failover member joins it', async () => {
  await page.getByLabel('Use an arbiter').uncheck({ force: true });
  await expect(page.getByText('Without an arbiter the backup cannot take over')).toBeVisible();
  await page.getByLabel('First failover member').selectOption('local/ALPHA');
  await picture(page, 'wizard-mirror');
  await carryOut('mirror');
  await page.getByRole('link', { name: 'Join as failover member: TRY' }).first().click();
  await expect(page.getByText('Joins through')).toBeVisible();
  await picture(page, 'wizard-join');
  await carryOut('join');
  const members = page.getByRole('table', { name: 'Members of TRY' });
  await expect(members.getByRole('row', { name: /ALPHA/ })).toContainText('Primary');
  await expect(members.getByRole('row', { name: /BETA/ })).toContainText('Backup');
  await expectAccessible(page);
});
