import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Locator, type Page } from '@playwright/test';

/** Where the pictures of the console go, for people to look at. */
const SHOTS = 'test-results/console';

/** Fails on any breach of WCAG 2.2 AA on the page as it is now. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)).toEqual([]);
}

export async function setTheme(page: Page, theme: 'Light' | 'Dark'): Promise<void> {
  await page.getByLabel('Colour theme').selectOption({ label: theme });
  await expect(page.locator(`html[theme="${theme === 'Dark' ? 'g100' : 'g10'}"]`)).toBeVisible();
}

/** A picture in both themes, each checked for accessibility. Ends in the light one. */
export async function picture(page: Page, name: string): Promise<void> {
  for (const theme of ['Dark', 'Light'] as const) {
    await setTheme(page, theme);
    await expectAccessible(page);
    await page.screenshot({ path: `${SHOTS}/${name}-${theme.toLowerCase()}.png`, fullPage: true });
  }
}

/** The panel that shows the plan, then the job. */
export function panel(page: Page): Locator {
  return page.getByRole('dialog');
}

/** Confirms the open plan, typing the word where one is asked for, and waits until its job is done. */
export async function confirm(page: Page, word?: string): Promise<void> {
  if (word !== undefined) await panel(page).getByLabel(`Type ${word} to confirm`).fill(word);
  await panel(page).getByRole('button').last().click();
  await expect(panel(page).getByRole('button', { name: 'Open report' })).toBeVisible({ timeout: 120_000 });
  await expect(panel(page).getByRole('alert')).toHaveCount(0);
  await panel(page).getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(panel(page)).toHaveCount(0);
}

/** The row of a member in the members table of the monitor. */
export function memberRow(page: Page, member: string): Locator {
  return page
    .getByRole('region', { name: 'Members', exact: true })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: member }) });
}

/** Waits until the monitor shows both members in these roles, the backup active. */
export async function expectRoles(page: Page, primary: string, backup: string): Promise<void> {
  await expect(memberRow(page, primary)).toContainText('Primary');
  await expect(memberRow(page, backup)).toContainText('Backup');
  await expect(memberRow(page, backup)).toContainText('Active');
}
