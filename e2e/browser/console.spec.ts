import { expect, test, type Page } from '@playwright/test';
import { Redis } from 'ioredis';
import { confirm, expectAccessible, expectRoles, memberRow, panel, picture, setTheme } from './console-page.ts';
import { startConsole, type ConsoleProcess } from './console-process.ts';

/** One journey through the console on a real mirror: each test goes on where the one before it ended. */
test.describe.configure({ mode: 'serial' });

let shell: ConsoleProcess;
let page: Page;

test.beforeAll(async ({ browser }) => {
  shell = await startConsole();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.goto(shell.address);
});

test.afterAll(async () => {
  await page?.context().close();
  await shell?.close();
});

test('the first start offers what works, and nothing else', async () => {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('No mirror yet');
  await expect(page.getByRole('navigation').getByRole('link')).toHaveText(['Overview', 'Hosts', 'Activity']);
  await picture(page, 'first-start');
});

test('a demo mirror is created, with its steps in sight', async () => {
  await page.getByRole('button', { name: 'Create a demo mirror on this computer' }).click();
  await expect(panel(page).getByRole('heading', { name: 'What will happen' })).toBeVisible();
  await expectAccessible(page);
  await panel(page).getByRole('button', { name: 'Create a demo mirror' }).click();
  await expect(panel(page).getByRole('progressbar')).toBeVisible();
  await expect(page.getByText('Under way: Create a demo mirror')).toBeVisible();
  await page.screenshot({ path: 'test-results/console/creating-demo.png' });
  await expect(panel(page).getByRole('button', { name: 'Open report' })).toBeVisible({ timeout: 120_000 });
  await expect(panel(page).getByRole('alert')).toHaveCount(0);
  await panel(page).getByRole('button', { name: 'Open report' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('demo mirror');
  await expect(page.getByRole('region', { name: 'Report' }).getByRole('listitem').first()).toBeVisible();
});

test('the overview shows the mirror as a picture and as tables', async () => {
  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  const members = page.getByRole('table', { name: 'Members of DEMO' });
  await expect(members.getByRole('row', { name: /DEMO_A/ })).toContainText('Primary');
  await expect(members.getByRole('row', { name: /DEMO_B/ })).toContainText('Backup');
  await expect(page.getByRole('table', { name: 'Links of DEMO' }).getByRole('row', { name: /DEMO_A → DEMO_B/ })).toContainText('Up');
  await expect(page.locator('.svelte-flow__node')).toHaveCount(5);
  await picture(page, 'overview');
});

test('the monitor is live for both failover members while a client writes', async () => {
  await page.getByRole('link', { name: 'Monitor', exact: true }).click();
  await expectRoles(page, 'DEMO_A', 'DEMO_B');
  await expect(page.getByRole('definition').filter({ hasText: 'Safe' })).toBeVisible();
  const port = Number((await memberRow(page, 'DEMO_A').getByRole('cell').nth(3).innerText()).split(':').at(-1));
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: null });
  let writing = true;
  const load = (async () => {
    await client.call('NAMESPACE', 'DEMO');
    for (let i = 0; writing; i++) await client.call('GSET', `^try(${i % 1000})`, `value ${i}`);
  })();
  try {
    await expect(page.getByText(/^[\d,.]+ \/s$/)).not.toHaveText('0 /s');
    await expect(page.getByText(/^p99 [\d.,]+ ms$/)).toBeVisible();
    for (const member of ['DEMO_A', 'DEMO_B']) {
      await expect(
        page
          .getByRole('table', { name: `Mirrored databases on ${member}` })
          .getByRole('row', { name: /DEMO/ })
          .first(),
      ).toBeVisible();
    }
    await expect(page.getByRole('region', { name: 'Lag by stage' }).getByRole('row', { name: /DEMO_B/ })).toContainText(/in step|behind/);
    const whatIf = page.getByRole('region', { name: 'What if' });
    await expect(whatIf.getByRole('row', { name: /primary instance is killed/ })).toContainText('DEMO_B takes over');
    await expect(whatIf.getByRole('row', { name: /^The arbiter’s host fails/ })).toContainText('DEMO_A goes on');
    await picture(page, 'monitor');
  } finally {
    writing = false;
    await load;
    client.disconnect();
  }
});

test('no failover is set, shown, and cleared', async () => {
  await page.getByRole('button', { name: 'Set no failover' }).click();
  await confirm(page);
  await expect(page.getByText('No failover is set', { exact: true }).first()).toBeVisible();
  await picture(page, 'no-failover');
  await page.getByRole('button', { name: 'Switch over' }).click();
  await expect(panel(page).getByRole('alert')).toContainText('This cannot be done now');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Clear no failover' }).click();
  await confirm(page);
  await expect(page.getByText('No failover is set', { exact: true })).toHaveCount(0);
});

test('the read-only lock refuses, and says so', async () => {
  await page.getByRole('button', { name: 'Actions allowed' }).click();
  await expect(page.getByRole('button', { name: 'Read-only' })).toBeVisible();
  await page.getByRole('button', { name: 'Switch over' }).click();
  await expect(panel(page).getByRole('alert')).toContainText('locked');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Read-only' }).click();
  await expect(page.getByRole('button', { name: 'Actions allowed' })).toBeVisible();
});

test('the members change roles', async () => {
  await page.getByRole('button', { name: 'Switch over' }).click();
  await expect(panel(page)).toContainText('gemel mirror switch-over DEMO_A');
  await confirm(page);
  await expectRoles(page, 'DEMO_B', 'DEMO_A');
});

test('the primary is stopped, the other takes over, and it comes back as backup', async () => {
  await page.getByRole('button', { name: 'Stop DEMO_B' }).click();
  await confirm(page);
  await expect(memberRow(page, 'DEMO_A')).toContainText('Primary');
  await expect(page.getByRole('region', { name: 'DEMO_B' })).toContainText('Not running since');
  await picture(page, 'one-member');
  await page.getByRole('button', { name: 'Start DEMO_B' }).click();
  await confirm(page);
  await expectRoles(page, 'DEMO_A', 'DEMO_B');
});

test('everything is reached by keyboard', async () => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type('open hosts');
  await expect(panel(page).getByRole('option').first()).toHaveAttribute('aria-selected', 'true');
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Hosts');
  await picture(page, 'hosts');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('switch over');
  await page.keyboard.press('Enter');
  await expect(panel(page).getByRole('heading', { name: 'What will happen' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(panel(page)).toHaveCount(0);

  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Hosts');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
});

test('every job and every change is kept under activity', async () => {
  await page.getByRole('link', { name: /^Activity/ }).click();
  const jobs = page.getByRole('region', { name: 'Jobs' });
  await expect(jobs.getByRole('row').filter({ hasText: 'Done' })).toHaveCount(6);
  await expect(page.getByRole('region', { name: 'Audit log' }).getByRole('row').nth(1)).toBeVisible();
  await picture(page, 'activity');
});

test('the theme is kept', async () => {
  await setTheme(page, 'Dark');
  await page.reload();
  await expect(page.locator('html[theme="g100"]')).toBeVisible();
  await setTheme(page, 'Light');
});

test('the demo is removed as a whole', async () => {
  await page.getByRole('link', { name: 'Monitor', exact: true }).click();
  await page.getByRole('button', { name: 'Remove demo mirror' }).click();
  await expect(panel(page).getByRole('button').last()).toBeDisabled();
  await confirm(page, 'DEMO');
  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('No mirror yet');
});

test('a lost connection says since when, and what is shown as of when', async () => {
  await shell.kill();
  await expect(page.getByText(/lost its connection to its main process at \d\d:\d\d:\d\d/)).toBeVisible();
  await expect(page.getByText(/as of \d\d:\d\d:\d\d/)).toBeVisible();
  await expectAccessible(page);
});
