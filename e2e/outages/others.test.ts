import { expect } from 'vitest';
import { outages } from './suite.ts';

/** "Effect of ... Outage": the arbiter, the backup, and combinations. */

const QOS_MS = 1500;

outages('outages of the arbiter, the backup, and of several at once', { qosMs: QOS_MS }, (scenario) => {
  scenario('the arbiter: no effect on availability', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await m.hostFails(m.arbiter);
    await m.ready(p, 'Agent Controlled');
    await m.writesGoOn(0);
    await m.expect(0, {
      [p.name]: { [p.name]: 'Primary', [b.name]: 'Backup' },
      [b.name]: { [p.name]: 'Primary', [b.name]: 'Backup' },
    });
    await m.hostReturns(m.arbiter);
    await m.ready(p, 'Arbiter Controlled');
    expect(await m.settle()).toBe(p);
  });

  scenario("the backup's instance: the primary pauses for the timeout at most", async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await b.kill();
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(p);
  });

  scenario("the backup's host: the primary pauses for the timeout at most", async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await m.hostFails(b);
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(p);
  });

  scenario('the backup, the arbiter gone before: three times the timeout', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.arbiterFails();
    await m.begin();
    await m.hostFails(b);
    await m.expect(3 * QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.writesGoOn(3 * QOS_MS);
    expect(await m.settle()).toBe(p);
  });

  scenario('the arbiter, the backup gone before: the primary works on', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.hostFails(b);
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.begin();
    await m.arbiter.killAgent();
    await m.staysSo(3 * QOS_MS, { [p.name]: { [p.name]: 'Primary' } });
    await m.writesGoOn(0);
    expect(await m.settle()).toBe(p);
  });

  scenario('backup and arbiter at once: the primary in trouble without limit, until the backup is back', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await Promise.all([m.hostFails(m.arbiter), m.hostFails(b)]);
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Down' } });
    await m.staysSo(3 * QOS_MS, { [p.name]: { [p.name]: 'In Trouble' } });
    await m.hostReturns(b);
    await b.start();
    await m.ready(p, 'Agent Controlled');
    expect(await m.settle()).toBe(p);
  });

  scenario("the primary's instance and the arbiter at once: the backup takes over, confirmed by the primary's agent", async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await Promise.all([m.hostFails(m.arbiter), p.kill()]);
    await m.expect(2 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(2 * QOS_MS);
    expect(await m.settle()).toBe(b);
  });

  scenario("the primary's host and the arbiter at once: a total outage, until the primary's agent is back", async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await Promise.all([m.hostFails(m.arbiter), m.hostFails(p)]);
    await m.expect(2 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Waiting' } });
    await m.hostReturns(p);
    await m.expect(QOS_MS, { [b.name]: { [b.name]: 'Primary' } });
    expect(await m.settle()).toBe(b);
  });

  scenario('both members: the one that is back first takes over with the journal that the agent of the other has', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await b.kill();
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.history.more(50);
    await p.kill();
    await b.start();
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.history.more(20);
    expect(await m.settle()).toBe(b);
  });

  scenario('both hosts: the one that is back first waits; with both back the newer journal goes on', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.hostFails(b);
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.history.more(50);
    await m.hostFails(p);
    await b.startAgent();
    await b.start();
    await m.expect(2 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await p.startAgent();
    await p.start();
    m.network.heal();
    await m.expect(2 * QOS_MS, {
      [p.name]: { [p.name]: 'Primary', [b.name]: 'Backup' },
      [b.name]: { [p.name]: 'Primary', [b.name]: 'Backup' },
    });
    expect(await m.settle()).toBe(p);
  });
});
