import { chromium, expect, test, type Browser, type Locator, type Page } from '@playwright/test';
import { connectAgent } from '../../engine/agent/start.ts';
import { startInstance } from '../../engine/instance/host.ts';
import { TestMember } from '../support/pair.ts';
import { until } from '../support/until.ts';
import { expectAccessible, panel, picture } from './console-page.ts';
import { startConsole, type ConsoleProcess } from './console-process.ts';

/** Roles, settings and members of a mirror, changed with the console and checked through the instances' own sockets. */

let running: ConsoleProcess;
let browser: Browser;
let page: Page;
let a: TestMember;
let b: TestMember;
let c: TestMember;

test.describe.configure({ mode: 'serial' });

test.beforeAll(async ({ launchOptions }) => {
  test.setTimeout(180_000);
  running = await startConsole();
  [a, b, c] = ['ALPHA', 'BETA', 'GAMMA'].map((name) => new TestMember(running.home, name)) as [TestMember, TestMember, TestMember];
  for (const member of [a, b, c]) {
    await member.create();
    await startInstance(member.home, member.name);
  }
  const agentAddress = await agentOf(a);
  await a.call('mirror.create', { name: 'TRY', member: 'ALPHA', qosMs: 2000, agentAddress });
  await a.sees({ ALPHA: 'Primary' });
  for (const [member, as] of [
    [b, 'failover'],
    [c, 'dr'],
  ] as const)
    await member.call('mirror.join', { mirror: 'TRY', as, member: member.name, agent: agentAddress, via: 'ALPHA', agentAddress });
  for (const member of [a, b, c]) await member.call('db.create', { name: 'DATA', mirrored: true });
  await caughtUp(c);
  browser = await chromium.launch(launchOptions);
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.goto(running.address);
});

test.afterAll(async () => {
  await browser?.close();
  await running?.close();
});

async function agentOf({ home }: TestMember): Promise<string> {
  const client = await connectAgent(home);
  try {
    const { address } = await client.call('agent.status', {});
    if (address === null) throw new Error('the agent has no address');
    return address;
  } finally {
    client.close();
  }
}

/** As its primary sees it. */
async function caughtUp(member: TestMember): Promise<void> {
  await until(`${member.name} has caught up`, async () => {
    const seen = (await a.status())?.members.find(({ name }) => name === member.name);
    return seen?.journalTransfer === 'Caught up' && seen.dejournaling === 'Caught up';
  });
}

async function typeOf(member: TestMember): Promise<string | undefined> {
  return (await a.status())?.members.find(({ name }) => name === member.name)?.type;
}

function card(name: string): Locator {
  return page.getByRole('region', { name, exact: true });
}

async function openMembers(): Promise<void> {
  await page.getByRole('link', { name: 'Members & settings', exact: true }).click();
  await expect(card('Settings of the mirror')).toContainText('Quality of service timeout');
}

/** From a wizard's settings to its report, and back to the members. */
async function carryOut(options: { word?: string; shot?: string } = {}): Promise<void> {
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await expect(page.getByRole('heading', { name: 'Steps' })).toBeVisible();
  if (options.shot !== undefined) await picture(page, `roles-${options.shot}-plan`);
  if (options.word !== undefined) await page.getByLabel(`Type ${options.word} to confirm`).fill(options.word);
  await page.locator('main footer').getByRole('button').last().click();
  await expect(page.locator('.outcome .bx--progress-bar, .outcome [role=progressbar]')).toHaveCount(0, { timeout: 120_000 });
  await expect(page.getByRole('link', { name: 'Open report' })).toBeVisible();
  await expect(page.locator('.outcome')).not.toContainText('Running', { timeout: 120_000 });
  await expect(page.locator('.outcome').getByRole('alert')).toHaveCount(0);
  await openMembers();
}

/** A one-click action of a member, to its end. */
async function act(name: string, word?: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  await expect(panel(page).getByRole('heading', { name: 'What will happen' })).toBeVisible();
  if (word !== undefined) await panel(page).getByLabel(`Type ${word} to confirm`).fill(word);
  await panel(page).getByRole('button').last().click();
  await expect(panel(page).getByRole('button', { name: 'Open report' })).toBeVisible({ timeout: 120_000 });
  await expect(panel(page).getByRole('alert')).toHaveCount(0);
  await panel(page).getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(panel(page)).toHaveCount(0);
}

test('the page shows the settings, and each member with what can be done with it', async () => {
  await openMembers();
  await expect(card('Settings of the mirror')).toContainText('2,000 ms');
  await expect(card('ALPHA')).toContainText('Primary');
  await expect(card('BETA')).toContainText('Backup');
  await expect(card('GAMMA')).toContainText('at all times; goes on now');
  await expect(card('ALPHA').getByRole('button', { name: 'Stop mirroring ALPHA' })).toHaveCount(0);
  await expect(page.getByText('No member that answers has lost transactions.')).toBeVisible();
  await picture(page, 'members');
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.screenshot({ path: 'test-results/console/members-wide.png', fullPage: true });
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('settings of the mirror are changed on its primary', async () => {
  await page.getByRole('link', { name: 'Change settings: TRY' }).click();
  await expect(page.getByLabel('Quality of service timeout (ms)')).toHaveValue('2000');
  await page.getByLabel('Quality of service timeout (ms)').fill('3000');
  await page.getByLabel('Compression for async members').selectOption('zlib');
  await picture(page, 'roles-edit');
  await carryOut({ shot: 'edit' });
  const set = await b.call('mirror.configuration', {});
  expect([set.qosMs, set.compression.async, set.arbiter]).toEqual([3000, 'zlib', null]);
  await expect(card('Settings of the mirror')).toContainText('3,000 ms');
});

test('addresses are changed, and a port of another member is refused with the reason', async () => {
  await page.getByRole('link', { name: 'Addresses: GAMMA' }).click();
  await expect(page.getByLabel('Superserver address')).toHaveValue(`127.0.0.1:${c.port}`);
  await page.getByLabel('Superserver address').fill('localhost:1');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await expect(page.getByRole('alert')).toContainText('part of its own settings');
  await page.getByRole('button', { name: 'Back to the settings' }).click();
  await page.getByLabel('Superserver address').fill('localhost');
  await carryOut({ shot: 'addresses' });
  const set = await b.call('mirror.configuration', {});
  expect(set.members.find(({ name }) => name === 'GAMMA')?.superserverAddress).toBe(`localhost:${c.port}`);
  await expect(card('GAMMA')).toContainText(`localhost:${c.port}`);
});

test('dejournaling is set to certain times and back', async () => {
  await page.getByRole('link', { name: 'Dejournaling: GAMMA' }).click();
  await page.getByLabel('Pause', { exact: true }).check({ force: true });
  await carryOut();
  expect((await c.call('mirror.dejournal', { action: 'status' })).halted).toBe('operator');
  await expect(card('GAMMA')).toContainText('paused');
  await page.getByRole('link', { name: 'Dejournaling: GAMMA' }).click();
  await page.getByLabel('At certain times').check({ force: true });
  await page.getByLabel('From', { exact: true }).fill('25:00');
  await page.getByLabel('From', { exact: true }).blur();
  await expect(page.getByText('Give a time of the day')).toBeVisible();
  await picture(page, 'roles-dejournaling');
  await page.getByLabel('Start', { exact: true }).check({ force: true });
  await carryOut();
  expect((await c.call('mirror.dejournal', { action: 'status' })).halted).toBeNull();
});

test('mirroring is stopped on the backup and started again', async () => {
  await act('Stop mirroring BETA');
  expect((await b.status())?.members.find(({ name }) => name === 'BETA')?.status).toBe('Stopped');
  await act('Start mirroring BETA');
  await a.sees({ BETA: 'Backup' });
});

test('a disaster recovery async is promoted, and demoted again', async () => {
  await expect(card('GAMMA')).toContainText('Connected');
  await caughtUp(c);
  await page.getByRole('link', { name: 'Promote to failover member: GAMMA' }).click();
  await expect(page.getByText('This member would become backup of ALPHA.')).toBeVisible();
  await picture(page, 'roles-promote');
  await carryOut({ shot: 'promote' });
  await a.sees({ GAMMA: 'Backup' });
  expect([await typeOf(b), await typeOf(c)]).toEqual(['Disaster Recovery', 'Failover']);
  await act('Demote to async GAMMA');
  expect(await typeOf(c)).toBe('Disaster Recovery');
  await caughtUp(b);
  await page.getByRole('link', { name: 'Promote to failover member: BETA' }).click();
  await carryOut();
  await a.sees({ BETA: 'Backup' });
});

test('a member is removed, and says then what its databases are to be', async () => {
  await act('Remove from mirror GAMMA', 'GAMMA');
  expect((await a.call('mirror.configuration', {})).members.map(({ name }) => name)).toEqual(['ALPHA', 'BETA']);
  const left = page.getByRole('region', { name: 'Instances that are members no more' });
  await expect(left).toContainText('GAMMA');
  await expectAccessible(page);
  await left.getByRole('link', { name: 'Remove mirror configuration: GAMMA' }).click();
  await page.getByLabel('Become ordinary databases').check({ force: true });
  await carryOut({ word: 'GAMMA', shot: 'leave' });
  expect((await c.call('db.list', {})).find(({ name }) => name === 'DATA')?.mirrored).toBe(false);
});

test('forcing says first what may be lost, and is not done without the typed word', async () => {
  // Else it takes over: the agent, which answers for the primary, lets it.
  await a.call('mirror.setNoFailover', {});
  await a.kill();
  await expect(card('BETA')).toContainText(/Waiting|Transition/, { timeout: 30_000 });
  await page.getByRole('button', { name: 'Force to become primary BETA' }).click();
  await expect(panel(page)).toContainText('BETA was an active backup when it last had a connection to the primary');
  await expect(panel(page)).toContainText(/journal file \d+, position \d+/);
  await expect(panel(page).getByRole('button').last()).toBeDisabled();
  await picture(page, 'roles-force');
  await page.keyboard.press('Escape');
  expect((await b.status())?.members.find(({ name }) => name === 'BETA')?.status).not.toBe('Primary');
});
