import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, type Page } from '@playwright/test';
import { Redis } from 'ioredis';
import { connectAgent } from '../../engine/agent/start.ts';
import { instanceMethods, instanceTopics, type InstanceMethods, type Params, type Result } from '../../engine/api/contract.ts';
import { connectControl } from '../../engine/api/rpc/index.ts';
import type { DatabaseStatus, MirrorStatus } from '../../engine/api/status.ts';
import { anyFreePort, createInstance, instancePaths, startInstance } from '../../engine/instance/host.ts';
import { until } from '../support/until.ts';
import { confirm, expectAccessible, panel, picture } from './console-page.ts';
import { startConsole, type ConsoleProcess } from './console-process.ts';

/** Databases and journals of a mirror, looked after with the console alone; what came of it the engine is asked. */
test.describe.configure({ mode: 'serial' });

const gemelEntry = fileURLToPath(new URL('../../engine/cli/main.ts', import.meta.url));
const ports: Record<string, number> = {};
let shell: ConsoleProcess;
let page: Page;

test.beforeAll(async ({ browser }) => {
  shell = await startConsole();
  for (const name of ['A', 'B']) {
    const port = await anyFreePort();
    ports[name] = port;
    await createInstance(shell.home, { name, superserverPort: port, webPort: await anyFreePort() });
    await startInstance(shell.home, name);
  }
  const agent = await until('the agent answers', async () => {
    const client = await connectAgent(shell.home).catch(() => undefined);
    const status = await client?.call('agent.status', {});
    client?.close();
    return status?.address ?? undefined;
  });
  await call('A', 'mirror.create', { name: 'DATA', member: 'A', qosMs: 4000, agentAddress: agent });
  await until('A is primary', async () => (await statusIn('A', 'A')) === 'Primary');
  await call('B', 'mirror.join', { mirror: 'DATA', as: 'failover', member: 'B', agent, via: 'A', agentAddress: agent });
  await until('B is backup', async () => (await statusIn('A', 'B')) === 'Backup');
  await call('A', 'db.create', { name: 'OLD' });
  await set('A', 'OLD', '^was(1)', 'there before');
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.goto(shell.address);
});

test.afterAll(async () => {
  await page?.context().close();
  await shell?.close();
});

async function call<K extends keyof InstanceMethods & string>(
  name: string,
  method: K,
  params: Params<InstanceMethods, K>,
): Promise<Result<InstanceMethods, K>> {
  const directory = path.join(shell.home, 'instances', name);
  const client = await connectControl(instancePaths(directory).control, instanceMethods, instanceTopics, { timeoutMs: 60_000 });
  try {
    return await client.call(method, params);
  } finally {
    client.close();
  }
}

async function mirrorOf(name: string): Promise<MirrorStatus> {
  return call(name, 'mirror.status', {});
}

async function statusIn(eyes: string, member: string): Promise<string | undefined> {
  const { members } = await mirrorOf(eyes);
  return members.find(({ name }) => name === member)?.status;
}

async function stands(name: string, database: string, wanted: DatabaseStatus | 'missing'): Promise<void> {
  let seen: unknown;
  await until(
    `${database} is ${wanted} on ${name}`,
    async () => {
      const { databases, missingDatabases } = await mirrorOf(name);
      seen = databases.find((each) => each.name === database)?.status ?? (missingDatabases.includes(database) ? 'missing' : 'unknown');
      return seen === wanted;
    },
    () => seen,
  );
}

async function respond<T>(name: string, namespace: string, act: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({ host: '127.0.0.1', port: ports[name] ?? 0, retryStrategy: null, lazyConnect: true });
  try {
    await client.connect();
    await client.call('NAMESPACE', namespace);
    return await act(client);
  } finally {
    client.disconnect();
  }
}

function set(name: string, namespace: string, node: string, value: string): Promise<unknown> {
  return respond(name, namespace, (client) => client.call('GSET', node, value));
}

async function holds(name: string, namespace: string, node: string, value: string): Promise<void> {
  let seen: unknown;
  await until(
    `${node} of ${namespace} is ${value} on ${name}`,
    async () => {
      seen = await respond(name, namespace, (client) => client.call('GGET', node)).catch((error: unknown) => String(error));
      return seen === value;
    },
    () => seen,
  );
}

function gemel(...args: string[]): Promise<string> {
  const env = { ...process.env, GEMEL_HOME: shell.home };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [gemelEntry, ...args], { env }, (error, out, err) =>
      error === null ? resolve(out) : reject(new Error(err)),
    );
  });
}

function go(hash: string): Promise<unknown> {
  return page.goto(`${page.url().split('#')[0]}${hash}`);
}

const matrix = () => page.getByRole('table', { name: 'Databases' });
const row = (database: string) =>
  matrix()
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: `Details of ${database}` }) });

/** From the settings that are filled in to the report of a job that has done what it was to do. */
async function carryOut(name: string, word?: string): Promise<void> {
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await expect(page.getByRole('heading', { name: 'Steps' })).toBeVisible();
  await page.screenshot({ path: `test-results/console/wizard-${name}-plan.png`, fullPage: true });
  if (word !== undefined) await page.getByLabel(`Type ${word} to confirm`).fill(word);
  await page.locator('footer').getByRole('button').last().click();
  await expect(page.getByRole('link', { name: 'Open report' })).toBeVisible();
  await expect(page.locator('.outcome')).not.toContainText('Running', { timeout: 120_000 });
  await expect(page.locator('.outcome').getByRole('alert')).toHaveCount(0);
  await page.screenshot({ path: `test-results/console/wizard-${name}-report.png`, fullPage: true });
}

test('a database is created by the wizard on both members, and replicates', async () => {
  await go('#/mirror/DATA/databases');
  await expect(page.getByText('The mirror has no databases yet').first()).toBeVisible();
  await page.getByRole('link', { name: 'Create a database: DATA' }).click();
  await page.getByLabel('Name', { exact: true }).fill('old');
  await page.getByLabel('Name', { exact: true }).blur();
  await expect(page.getByText('There is a database OLD already.')).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await picture(page, 'wizard-create-database');
  await carryOut('create-database');
  await stands('A', 'ORDERS', 'Normal');
  await stands('B', 'ORDERS', 'Dejournaling');
  await set('A', 'ORDERS', '^order(1)', 'ten apples');
  await holds('B', 'ORDERS', '^order(1)', 'ten apples');
  await go('#/mirror/DATA/databases');
  await expect(row('ORDERS')).toContainText('Normal');
  await expect(page.getByText('The database is in order on all 2 members.')).toBeVisible();
});

test('an existing database is added with what it has, its copy made by backup and restore', async () => {
  await page.getByRole('link', { name: 'Add databases to the mirror: DATA' }).click();
  await page.getByLabel('OLD', { exact: true }).check({ force: true });
  await expect(page.getByLabel('Name in the mirror')).toBeVisible();
  await picture(page, 'wizard-add-databases');
  await carryOut('add-databases');
  await stands('B', 'OLD', 'Dejournaling');
  await holds('B', 'OLD', '^was(1)', 'there before');
  await set('A', 'OLD', '^was(2)', 'came later');
  await holds('B', 'OLD', '^was(2)', 'came later');
});

test('a copy is dismounted on the backup, which is told, mounted by its fix, paused and caught up', async () => {
  await go('#/mirror/DATA/databases');
  await page.getByLabel('Select ORDERS').check();
  await page.getByLabel('Select OLD').check();
  await expect(page.getByText('2 selected')).toBeVisible();
  await page.getByRole('combobox', { name: 'On', exact: true }).selectOption('B');
  await picture(page, 'databases-selected');
  await page.getByRole('button', { name: 'Dismount' }).click();
  await expect(panel(page)).toContainText('A backup with a dismounted database does not take over');
  await expectAccessible(page);
  await confirm(page);
  await stands('B', 'ORDERS', 'Database Dismounted');
  await stands('B', 'OLD', 'Database Dismounted');
  await expect(page.getByText('2 databases are dismounted on B.')).toBeVisible();
  await picture(page, 'databases-dismounted');
  await page.getByRole('button', { name: 'Mount 2 on B' }).click();
  await confirm(page);
  await stands('B', 'ORDERS', 'Dejournaling');

  await page.getByRole('button', { name: 'Pause dejournaling' }).click();
  await confirm(page);
  await stands('B', 'ORDERS', 'Dejournaling Stopped');
  await set('A', 'ORDERS', '^order(2)', 'two pears');
  await page.getByRole('button', { name: 'Details of ORDERS' }).click();
  await expect(panel(page)).toContainText('Dejournaling Stopped');
  await picture(page, 'database-details');
  await panel(page).getByRole('button', { name: 'Catch up ORDERS on B' }).click();
  await confirm(page);
  await holds('B', 'ORDERS', '^order(2)', 'two pears');
  await page.getByRole('button', { name: 'Catch up OLD on B' }).click();
  await confirm(page);
  await expect(page.getByText('All 2 databases are in order on all 2 members.')).toBeVisible();
});

test('a mounted database needs no mounting, and the lock refuses', async () => {
  await page.getByRole('button', { name: 'Mount', exact: true }).click();
  await expect(panel(page).getByRole('alert')).toContainText('There is nothing to do');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Actions allowed' }).click();
  await page.getByRole('button', { name: 'Dismount' }).click();
  await expect(panel(page).getByRole('alert')).toContainText('locked');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Read-only' }).click();
});

test('a missing copy is made where it is told to be missing', async () => {
  await call('A', 'db.create', { name: 'LATE', mirrored: true });
  await set('A', 'LATE', '^late', 'but whole');
  await expect(page.getByText('One database is missing on B.')).toBeVisible();
  await page.getByRole('button', { name: 'Make copies LATE on B' }).click();
  await confirm(page);
  await stands('B', 'LATE', 'Dejournaling');
  await holds('B', 'LATE', '^late', 'but whole');
});

const backup = (): string => path.join(shell.home, 'orders.gbk');

test('a database is backed up; on the primary its restore is refused', async () => {
  await go('#/wizard/backupDatabases/instance/local%2FA/database/ORDERS');
  await expect(page.getByLabel('ORDERS', { exact: true })).toBeChecked();
  await page.getByLabel('File', { exact: true }).fill(backup());
  await picture(page, 'wizard-backup');
  await carryOut('backup');
  expect(await gemel('db', 'verify-backup', backup())).toContain('ORDERS');

  await set('A', 'ORDERS', '^order(1)', 'after the backup');
  await go('#/wizard/restoreDatabases/instance/local%2FA');
  await page.getByLabel('Backup file').fill(path.join(shell.home, 'nothing.gbk'));
  await page.getByLabel('Backup file').blur();
  await expect(page.getByText('nothing.gbk').last()).toBeVisible();
  await page.getByLabel('Backup file').fill(backup());
  await expect(page.getByText('Backup of')).toBeVisible();
  await picture(page, 'wizard-restore');
  await page.getByLabel('Replace ORDERS on A').check({ force: true });
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await expect(page.getByRole('alert')).toContainText('cannot be restored on the primary');
});

test('a copy on the backup is replaced by a restored one, and catches up', async () => {
  await go('#/wizard/restoreDatabases/instance/local%2FB');
  await page.getByLabel('Backup file').fill(backup());
  await page.getByLabel('Replace ORDERS on B').check({ force: true });
  await carryOut('restore', 'ORDERS');
  await holds('B', 'ORDERS', '^order(1)', 'after the backup');
  await stands('B', 'ORDERS', 'Dejournaling');
});

test('the members’ copies are compared', async () => {
  await go('#/mirror/DATA/databases');
  await page.getByRole('link', { name: 'Compare databases: DATA' }).click();
  await picture(page, 'wizard-compare');
  await carryOut('compare');
  await page.getByRole('link', { name: 'Open report' }).click();
  await expect(page.getByText(/ORDERS: the same as on A/)).toBeVisible();
});

test('the journal shows its files and their records, and finds an update', async () => {
  await set('A', 'ORDERS', '^needle(7,"x")', 'found it');
  await go('#/mirror/DATA/journal');
  const files = page.getByRole('table', { name: 'Journal files' });
  await expect(files.getByRole('row').nth(1)).toContainText('MIRROR-DATA-');
  await files
    .getByRole('button', { name: /^Show records of/ })
    .first()
    .click();
  const records = page.getByRole('table', { name: 'Records' });
  await expect(records.getByRole('row').nth(1)).toBeVisible();
  await picture(page, 'journal-file');

  await page.getByText('Search', { exact: true }).first().click();
  await page.getByLabel('Global').fill('^needle');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(records.getByRole('row').filter({ hasText: '^needle(7,"x")' })).toContainText('found it');
  await expect(page.getByText('1 found; that is all')).toBeVisible();
  await picture(page, 'journal-search');
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.screenshot({ path: 'test-results/console/journal-search-wide.png' });
  await page.setViewportSize({ width: 1280, height: 800 });
  await records.getByRole('button').first().click();
  await expect(panel(page)).toContainText('found it');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByLabel('Global').fill('^no such thing');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
});

test('the journal is switched and verified, and a purge says what stays and why', async () => {
  const files = page.getByRole('table', { name: 'Journal files' });
  const before = await files.getByRole('row').count();
  await page.getByRole('button', { name: 'Switch: A' }).click();
  await confirm(page);
  await expect(files.getByRole('row')).toHaveCount(before + 1);
  await page.getByRole('button', { name: 'Verify: A' }).click();
  await confirm(page);
  await page.getByRole('link', { name: 'Purge journal files: A' }).click();
  await page.getByLabel(/Older than/).fill('0');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await expect(page.getByText(/stays:/).first()).toBeVisible();
  await picture(page, 'wizard-purge-plan');
});

test('the databases of an instance, mirrored or not, are looked after on a page of their own', async () => {
  await go('#/hosts');
  await page
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: 'A', exact: false }) })
    .getByRole('link', { name: 'Databases' })
    .first()
    .click();
  const table = page.getByRole('table', { name: 'Databases of A' });
  await expect(table.getByRole('row').filter({ hasText: 'ORDERS' })).toContainText('DATA: ORDERS');
  await picture(page, 'instance-databases');
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.screenshot({ path: 'test-results/console/instance-databases-wide.png' });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'Verify ORDERS' }).click();
  await confirm(page);
});
