import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inStep, view } from '../asyncs-support.ts';
import { get } from '../support/acknowledged.ts';
import { until } from '../support/until.ts';
import { Stage, type Finished } from './stage.ts';

/** Disaster recovery: section 3.4.3 of the reference documents, through the command line. */

/** Both failover members' hosts fail, the backup's first; the primary has written meanwhile what C does not have. */
async function disaster(onTestFinished: Finished): Promise<Stage> {
  const stage = await Stage.withAsync(onTestFinished);
  const { a, b, c } = stage;
  await stage.write(a);
  await inStep(c, a);
  await stage.gemel(c, 'mirror stop C');
  await stage.fails(b);
  await stage.write(a);
  await stage.fails(a);
  await stage.gemel(c, 'mirror start C');
  return stage;
}

/** C is primary; A and B, whose instances may be down, come back, and in the end all is as it was. */
async function giveBack(stage: Stage): Promise<void> {
  const { a, b, c } = stage;
  for (const member of [a, b]) {
    if (!member.running) await stage.gemel(member, `instance start ${member.name}`);
    await inStepOrBackup(stage, member.name);
  }
  if ((await view(c, 'A')).status !== 'Backup') {
    await stage.gemel(a, 'mirror promote A');
    await c.sees({ C: 'Primary', A: 'Backup' });
  }
  await active(stage, 'A');
  await stage.gemel(c, 'instance stop C');
  await a.sees({ A: 'Primary' });
  await stage.write(a);
  await b.sees({ A: 'Primary', B: 'Connected' });
  await inStep(b, a);
  await stage.gemel(b, 'mirror promote B');
  await stage.gemel(c, 'instance start C');
  await c.sees({ C: 'Connected' });
  await stage.asBefore();
}

/** The backup of that name is active: a hand-over reaches it. */
async function active({ c }: Stage, name: string): Promise<void> {
  await until(`${name} is active`, async () => (await view(c, name)).journalTransfer === 'Active');
}

async function inStepOrBackup({ c }: Stage, name: string): Promise<void> {
  await until(`${name} has everything`, async () => ['Active', 'Caught up'].includes((await view(c, name)).journalTransfer));
}

describe('3.4.3.1 manual failover to a promoted async', () => {
  it.concurrent(
    'with no additional journal data: what only the failed hosts had is lost, and they join again',
    async ({ onTestFinished }) => {
      const stage = await Stage.withAsync(onTestFinished);
      const { a, b, c } = stage;
      await stage.write(a);
      await inStep(c, a);
      await stage.gemel(c, 'mirror stop C');
      await stage.fails(b);
      await stage.lose(() => stage.write(a));
      await stage.fails(a);
      await stage.gemel(c, 'mirror start C');
      expect(await stage.refused(c, 'mirror promote C --partner none')).toContain('[PROMOTION_NOT_CONFIRMED]');
      const told = await stage.gemel(c, 'mirror promote C --partner none --yes');
      expect(told).toMatch(/ValidatedMember=0/);
      await c.sees({ C: 'Primary' });
      await stage.write(c);
      for (const member of [a, b]) await stage.hostReturns(member);
      await giveBack(stage);
      expect(a.messages()).toContain('[LOST_UPDATES]');
    },
  );

  it.concurrent('with journal data from the agent of the former primary: nothing is lost', async ({ onTestFinished }) => {
    const stage = await disaster(onTestFinished);
    const { a, b, c } = stage;
    await stage.hostReturns(a);
    await stage.gemel(c, 'mirror promote C --partner A');
    await c.sees({ C: 'Primary' });
    await stage.write(c);
    await stage.hostReturns(b);
    await giveBack(stage);
  });

  it.concurrent('with journal data from journal files, copied by hand: nothing is lost', async ({ onTestFinished }) => {
    const stage = await disaster(onTestFinished);
    const { a, b, c } = stage;
    const [copied = ''] = (await stage.copyJournal(a, c)).slice(-1);
    fs.chmodSync(copied, 0o666);
    expect(await stage.refused(c, 'mirror promote C --partner none --yes')).toContain(`${copied} (owner`);
    fs.chmodSync(copied, 0o600);
    await stage.gemel(c, 'mirror promote C --partner none --yes');
    await c.sees({ C: 'Primary' });
    expect(await get(c, 'p(39)')).toBe('v39');
    await stage.write(c);
    for (const member of [a, b]) await stage.hostReturns(member);
    await giveBack(stage);
  });
});

describe('3.4.3.2 planned failover to a promoted async', () => {
  it.concurrent(
    'that reaches the failover members: promoted, the primary stopped in order, and all the way back',
    async ({ onTestFinished }) => {
      const stage = await Stage.withAsync(onTestFinished);
      const { a, b, c } = stage;
      await stage.write(a);
      await stage.gemel(c, 'mirror promote C');
      await a.sees({ A: 'Primary', C: 'Backup', B: 'Connected' });
      await active(stage, 'C');
      await stage.gemel(a, 'instance stop A');
      await c.sees({ C: 'Primary' });
      await stage.write(c);
      await stage.gemel(a, 'instance start A');
      await active(stage, 'A');
      await stage.gemel(c, 'instance stop C');
      await a.sees({ A: 'Primary' });
      await b.sees({ A: 'Primary', B: 'Connected' });
      await inStep(b, a);
      await stage.gemel(b, 'mirror promote B');
      await stage.gemel(c, 'instance start C');
      await c.sees({ C: 'Connected' });
      await stage.asBefore();
    },
  );

  it.concurrent(
    'that does not: both stopped in order, promoted to primary with the journal of the former one’s agent, and back',
    async ({ onTestFinished }) => {
      const stage = await Stage.withAsync(onTestFinished);
      const { a, b, c } = stage;
      await stage.write(a);
      await stage.gemel(b, 'instance stop B');
      await a.sees({ A: 'Primary', B: 'Down' });
      await inStep(c, a);
      await stage.gemel(a, 'instance stop A');
      await stage.gemel(c, 'mirror promote C');
      await c.sees({ C: 'Primary' });
      await stage.write(c);
      await stage.gemel(c, 'instance stop C');
      await stage.gemel(a, 'instance start A');
      await a.sees({ A: 'Primary' });
      await stage.gemel(b, 'instance start B');
      await b.sees({ A: 'Primary', B: 'Connected' });
      await inStep(b, a);
      await stage.gemel(b, 'mirror promote B');
      await stage.gemel(c, 'instance start C');
      await c.sees({ C: 'Connected' });
      await stage.asBefore();
    },
  );
});

describe('3.4.3.3 temporary replacement of a failover member', () => {
  it.concurrent('maintenance of the backup: the async is backup meanwhile', async ({ onTestFinished }) => {
    const stage = await Stage.withAsync(onTestFinished);
    const { a, b, c } = stage;
    await stage.gemel(c, 'mirror promote C');
    await a.sees({ A: 'Primary', C: 'Backup', B: 'Connected' });
    await stage.gemel(b, 'instance stop B');
    await stage.write(a);
    await stage.gemel(b, 'instance start B');
    await b.sees({ A: 'Primary', B: 'Connected' });
    await inStep(b, a);
    await stage.gemel(b, 'mirror promote B');
    await stage.asBefore();
  });

  it.concurrent('maintenance of the primary: the backup is primary meanwhile, and the async its backup', async ({ onTestFinished }) => {
    const stage = await Stage.withAsync(onTestFinished);
    const { a, b, c } = stage;
    await stage.write(a);
    await stage.gemel(a, 'instance stop A');
    await b.sees({ B: 'Primary' });
    await c.sees({ B: 'Primary', C: 'Connected' });
    await inStep(c, b);
    await stage.gemel(c, 'mirror promote C');
    await b.sees({ B: 'Primary', C: 'Backup' });
    await stage.write(b);
    await stage.gemel(a, 'instance start A');
    await a.sees({ B: 'Primary', A: 'Connected' });
    await inStep(a, b);
    await stage.gemel(a, 'mirror promote A');
    await stage.pair.ready(b);
    await stage.gemel(b, 'instance stop B');
    await a.sees({ A: 'Primary' });
    await stage.gemel(b, 'instance start B');
    await stage.asBefore();
  });

  it.concurrent(
    'an outage of the primary: its backup took over and the async is backup; the failed member comes back as an async, and they exchange',
    async ({ onTestFinished }) => {
      const stage = await Stage.withAsync(onTestFinished);
      const { a, b, c } = stage;
      await stage.write(a);
      await stage.fails(a);
      await b.sees({ B: 'Primary' });
      await c.sees({ B: 'Primary', C: 'Connected' });
      await inStep(c, b);
      await stage.gemel(c, 'mirror promote C');
      await b.sees({ B: 'Primary', C: 'Backup' });
      await stage.write(b);
      await stage.hostReturns(a);
      await stage.gemel(a, 'instance start A');
      await a.sees({ B: 'Primary', A: 'Connected' });
      await inStep(a, b);
      await stage.gemel(a, 'mirror promote A');
      await stage.pair.ready(b);
      await stage.gemel(b, 'instance stop B');
      await a.sees({ A: 'Primary' });
      await stage.gemel(b, 'instance start B');
      await stage.asBefore();
    },
  );
});
