import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, type Download, type Page } from '@playwright/test';
import { Redis } from 'ioredis';
import { inventory } from '../../engine/instance/host.ts';
import { until } from '../support/until.ts';
import { expectRoles, memberRow, panel, picture } from './console-page.ts';
import { startConsole, type ConsoleProcess } from './console-process.ts';

/** A primary is killed while somebody looks: what the console shows meanwhile, keeps, and explains afterwards. */
test.describe.configure({ mode: 'serial' });

const cli = fileURLToPath(new URL('../../engine/cli/main.ts', import.meta.url));
let shell: ConsoleProcess;
let page: Page;

test.beforeAll(async ({ browser }) => {
  shell = await startConsole();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true })).newPage();
  await page.goto(shell.address);
  await page.getByRole('button', { name: 'Create a demo mirror on this computer' }).click();
  await panel(page).getByRole('button', { name: 'Create a demo mirror' }).click();
  await expect(panel(page).getByRole('button', { name: 'Open report' })).toBeVisible({ timeout: 240_000 });
  await panel(page).getByRole('button', { name: 'Close', exact: true }).last().click();
});

test.afterAll(async () => {
  await page?.context().close();
  await shell?.close();
});

async function gemel(...args: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [cli, ...args], { env: { ...process.env, GEMEL_HOME: shell.home } });
}

async function contentOf(download: Download): Promise<string> {
  return fs.readFileSync(await download.path(), 'utf8');
}

async function exported(button: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).first().click()]);
  return { name: download.suggestedFilename(), text: await contentOf(download) };
}

/** A table of the console by the heading of its section. */
const section = (name: string) => page.getByRole('region', { name, exact: true });

test('an async member joins: it is in the picture, and the monitor tells of it what an async has', async () => {
  test.setTimeout(180_000);
  await page.getByRole('link', { name: 'Monitor', exact: true }).click();
  await expectRoles(page, 'DEMO_A', 'DEMO_B');
  const agent = (await memberRow(page, 'DEMO_A').getByRole('cell').nth(5).innerText()).replace('|', ':');
  await gemel('instance', 'create', 'DR');
  await gemel('instance', 'start', 'DR');
  await gemel('mirror', 'join', 'DR', '--mirror', 'DEMO', '--as', 'dr', '--agent', agent, '--via', 'DEMO_A', '--member', 'DEMO_DR');
  await expect(memberRow(page, 'DEMO_DR')).toContainText('Connected', { timeout: 30_000 });
  const own = page.getByRole('region', { name: 'DEMO_DR' });
  await expect(own).toContainText('Disaster Recovery');
  await expect(own).toContainText('Journal transfer latency');
  await expect(own.getByRole('table', { name: 'Member status as DEMO_DR sees it' }).getByRole('row', { name: /DEMO_A/ })).toContainText(
    'Primary',
  );
  await expect(section('Lag by stage').getByRole('row', { name: /DEMO_DR/ })).toContainText(/in step|behind/);
  await picture(page, 'monitor-async');
  await page.getByRole('link', { name: 'Overview', exact: true }).click();
  await expect(
    page
      .getByRole('table', { name: 'Links of DEMO' })
      .getByRole('row', { name: /→ DEMO_DR/ })
      .first(),
  ).toContainText('Up');
  await picture(page, 'overview-async');
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.screenshot({ path: 'test-results/console/overview-async-wide.png', fullPage: true });
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('the primary is killed: what the monitor shows is true, second by second', async () => {
  await page.getByRole('link', { name: 'Monitor', exact: true }).click();
  await expectRoles(page, 'DEMO_A', 'DEMO_B');
  await load();
  const demo = path.join(shell.home, 'demo');
  const hosts = fs.readdirSync(demo).map((name) => path.join(demo, name));
  const all = (await Promise.all(hosts.map((home) => inventory(home)))).flat();
  const [running, other] = ['DEMO_A', 'DEMO_B'].map((name) => all.find((each) => each.name === name));
  if (typeof running?.pid !== 'number' || other === undefined) throw new Error('the demo does not run');
  const shown: { at: number; a: string; b: string }[] = [];
  process.kill(running.pid, 'SIGKILL');
  await until('DEMO_B is primary and DEMO_A is down', async () => {
    const [a, b] = await Promise.all(['DEMO_A', 'DEMO_B'].map((name) => memberRow(page, name).getByRole('cell').first().innerText()));
    shown.push({ at: Date.now(), a: a ?? '', b: b ?? '' });
    return b === 'Primary' && a === 'Down';
  });
  // Never two primaries, and once there is a new one, never the old one again.
  expect(shown.filter(({ a, b }) => a === 'Primary' && b === 'Primary')).toEqual([]);
  const taken = shown.findIndex(({ b }) => b === 'Primary');
  expect(shown.map(({ b }) => b)).not.toContain('Down');
  expect(shown.slice(taken).map(({ b }) => b)).not.toContain('Backup');
  // What the console shows as live is never older than the five seconds after which it calls a silent instance lost.
  const log = fs.readFileSync(path.join(other.directory, 'mgr', 'messages.log'), 'utf8');
  const line = log.split('\n').findLast((each) => each.includes('[PRIMARY]'));
  const lateMs = (shown[taken]?.at ?? 0) - Date.parse(line?.split(' ')[0] ?? '');
  console.log(`The new primary was on screen after ${lateMs} ms.`);
  expect(lateMs).toBeLessThan(5000);
  await expect(page.getByRole('link', { name: /^Alerts \d open/ })).toBeVisible();
});

/** A few seconds of updates, so that there is something to draw. */
async function load(): Promise<void> {
  const port = Number((await memberRow(page, 'DEMO_A').getByRole('cell').nth(3).innerText()).split(/[|:]/).at(-1));
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: null });
  await client.call('NAMESPACE', 'DEMO');
  const end = Date.now() + 4000;
  for (let i = 0; Date.now() < end; i++) await client.call('GSET', `^try(${i % 1000})`, `value ${i}`);
  client.disconnect();
}

test('alerts tell what is the case and what to do, and are acknowledged', async () => {
  await page.getByRole('link', { name: /^Alerts/ }).click();
  const now = section('Now');
  await expect(now.getByRole('row', { name: /DEMO_A \(Failover\) is down/ })).toBeVisible();
  await expect(now.getByRole('row', { name: /DEMO_B has become primary of DEMO, in place of DEMO_A/ })).toBeVisible();
  await picture(page, 'alerts');
  await now
    .getByRole('row', { name: /DEMO_A \(Failover\) is down/ })
    .getByRole('button', { name: 'Acknowledge' })
    .click();
  await expect(now.getByRole('row', { name: /DEMO_A \(Failover\) is down/ })).toContainText('Seen by');
  await now
    .getByRole('row', { name: /has become primary/ })
    .getByRole('button', { name: 'Acknowledge' })
    .click();
  await expect(section('Over').getByRole('row', { name: /has become primary/ })).toBeVisible();
});

test('history draws it, marks the events, zooms, and is exported', async () => {
  await page.getByRole('link', { name: 'History', exact: true }).click();
  const event = section('Events').getByRole('row', { name: /DEMO_B is Primary, was (Backup|Waiting)/ });
  await expect(event).toBeVisible();
  await expect(page.getByRole('figure')).toHaveCount(6);
  await expect(page.getByRole('figure', { name: /^Updates/ }).locator('canvas')).toBeVisible();
  await picture(page, 'history');
  const json = JSON.parse((await exported('Export JSON')).text) as { figures: Record<string, unknown>[]; events: { kind: string }[] };
  expect(json.figures.some((f) => f['member'] === 'DEMO_A' && Number(f['updatesPerS']) > 0)).toBe(true);
  expect(json.figures.some((f) => f['member'] === 'DEMO_DR' && f['receivedMs'] !== null)).toBe(true);
  expect(json.events.map((e) => e.kind)).toEqual(expect.arrayContaining(['role', 'alert', 'job']));
  const csv = await exported('Export CSV');
  expect(csv.name).toMatch(/^DEMO-history-.*\.csv$/);
  expect(csv.text.split('\r\n')[0]).toMatch(/^time,member,stepMs,updatesPerS/);
  const box = await page
    .getByRole('figure', { name: /^Updates/ })
    .locator('.u-over')
    .boundingBox();
  if (box === null) throw new Error('the chart has no area');
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect(page.locator('.stretch')).toContainText(/, (3 min 5\d s|4 min|4 min \d s)\. Drag/);
  await expect(page.getByRole('radio', { name: '10 min' })).not.toBeChecked();
  await page.getByRole('radio', { name: '30 days' }).check({ force: true });
  await expect(page.locator('.stretch')).toContainText('30 d');
  await expect(event).toBeVisible();
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.screenshot({ path: 'test-results/console/history-wide.png', fullPage: true });
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('the takeover is explained from the logs of everyone who knows of it', async () => {
  await section('Events')
    .getByRole('row', { name: /DEMO_B is Primary, was (Backup|Waiting)/ })
    .getByRole('link', { name: 'Explain' })
    .click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Why DEMO_B became primary');
  await expect(section('What happened')).toContainText('DEMO_B became primary in place of DEMO_A.');
  await expect(section('What happened')).toContainText('No acknowledged update was lost.');
  await expect(section('What happened')).toContainText(/Without a primary for\s*[\d.,]+ m?s/);
  // The log of the one that is dead too: its agent has it.
  for (const name of [/^DEMO_A/, /^DEMO_B/, /^DEMO_DR/, /^Agent, /, /^Arbiter, /]) {
    await expect(section('Logs asked for').getByRole('term').filter({ hasText: name }).first()).toBeVisible();
  }
  for (const found of await section('Logs asked for').getByRole('definition').all()) await expect(found).toHaveText(/^\s*\d+ lines?\s*$/);
  const timeline = page.getByRole('list', { name: 'Timeline' });
  const decision = timeline
    .getByRole('listitem')
    .filter({ hasText: /Decision/ })
    .filter({ hasText: /PRIMARY epoch=/ })
    .last();
  await expect(decision).toContainText('DEMO_B');
  await expect(timeline).toContainText(/VERDICT|GRANTED/);
  await picture(page, 'explain');
  await page.getByRole('radio', { name: 'Decisions' }).check({ force: true });
  await expect(timeline.getByRole('listitem').filter({ hasNotText: 'Decision' })).toHaveCount(0);
  expect((await exported('Export CSV')).text).toContain(',PRIMARY,1,');
});

test('the audit log is filtered and exported', async () => {
  await page.getByRole('link', { name: /^Activity/ }).click();
  const audit = section('Audit log');
  await audit.getByLabel('Filter').fill('acknowledge demo');
  await expect(audit.getByRole('row')).toHaveCount(3);
  const [download] = await Promise.all([page.waitForEvent('download'), audit.getByRole('button', { name: 'Export CSV' }).click()]);
  expect((await contentOf(download)).trim().split('\r\n')).toHaveLength(3);
  await audit.getByLabel('Filter').fill('nothing of the kind');
  await expect(audit).toContainText('No entry holds these words.');
  await picture(page, 'activity-filter');
});

test('what was killed comes back, and its alert is over', async () => {
  await page.getByRole('link', { name: 'Monitor', exact: true }).click();
  await page.getByRole('button', { name: 'Start DEMO_A' }).click();
  await panel(page).getByRole('button').last().click();
  await expectRoles(page, 'DEMO_B', 'DEMO_A');
  await page.goto(`${page.url().split('#')[0]}#/alerts`);
  await expect(section('Over').getByRole('row', { name: /DEMO_A \(Failover\) is down/ })).toBeVisible();
});
