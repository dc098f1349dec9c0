import { expect } from 'vitest';
import { backupTakesOver, continuesWhenIsolated, formerPrimaryEnds } from './isolation.ts';
import { outages } from './suite.ts';

/** "Automatic Failover in Response to Primary Outage Scenarios", by their numbers there. Scenario 4 is in storage.test.ts. */

const QOS_MS = 1500;

outages('outage of the primary, the backup is active', { qosMs: QOS_MS }, (scenario) => {
  scenario('1: stopped in order: the backup is told to take over', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await p.stop();
    await m.expect(0, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(0);
    expect(await m.settle()).toBe(b);
  });

  scenario('3: killed: the arbiter has lost it too', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await p.kill();
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(b);
  });

  scenario('3: killed, the arbiter gone before: its agent confirms that it is down', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.arbiterFails();
    await m.begin();
    await p.kill();
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(b);
  });

  scenario('5: its host fails: the arbiter has lost it too', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await m.hostFails(p);
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(b);
  });

  scenario('5: its host fails, the arbiter gone before: no failover, until its agent is back and confirms that it is down', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.arbiterFails();
    await m.begin();
    await m.hostFails(p);
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Waiting' } });
    await m.hostReturns(p);
    await m.expect(QOS_MS, { [b.name]: { [b.name]: 'Primary' } });
    expect(await m.settle()).toBe(b);
  });

  scenario('6: isolated: in trouble without limit; the backup takes over; it ends when the network is back, and stays down', async (m) => {
    const roles = await m.roles();
    const { primary: p } = roles;
    await m.begin();
    m.network.isolate(p.computer.name);
    await backupTakesOver(m, roles);
    await m.staysSo(3 * QOS_MS, { [p.name]: { [p.name]: 'In Trouble' } });
    await formerPrimaryEnds(m, roles);
  });

  scenario('6: the cable of the primary pulled: the same', async (m) => {
    const roles = await m.roles();
    await m.begin();
    m.network.pullCable(roles.primary.computer.name);
    await backupTakesOver(m, roles);
    await formerPrimaryEnds(m, roles);
  });

  scenario('6: what the primary sends is lost, what it is sent arrives: the same', async (m) => {
    const roles = await m.roles();
    await m.begin();
    for (const other of [roles.backup, m.arbiter]) m.network.drop(roles.primary.computer.name, other.computer.name);
    await backupTakesOver(m, roles);
    await formerPrimaryEnds(m, roles);
  });

  scenario(
    '6: all three isolated: the primary in trouble without limit, the backup waits; the primary resumes when the network is back',
    async (m) => {
      const { primary: p, backup: b } = await m.roles();
      await m.begin();
      m.network.isolate(p.computer.name);
      m.network.isolate(b.computer.name);
      const apart = {
        [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Down' },
        [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' },
      };
      await m.expect(QOS_MS, apart);
      await m.staysSo(3 * QOS_MS, apart);
      m.network.heal();
      await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Backup' } });
      expect(await m.settle()).toBe(p);
    },
  );

  scenario('6: isolated, the arbiter gone before: it continues as primary after the trouble timeout, the backup waits', async (m) => {
    const roles = await m.roles();
    await m.arbiterFails();
    await continuesWhenIsolated(m, roles);
  });

  scenario('6: isolated, the backup cut off from the arbiter before: the same', async (m) => {
    const roles = await m.roles();
    m.network.part(roles.backup.computer.name, m.arbiter.computer.name);
    await m.ready(roles.primary, 'Agent Controlled');
    await continuesWhenIsolated(m, roles);
  });

  scenario('6: isolated, itself cut off from the arbiter before: the same', async (m) => {
    const roles = await m.roles();
    m.network.part(roles.primary.computer.name, m.arbiter.computer.name);
    await m.ready(roles.primary, 'Agent Controlled');
    await continuesWhenIsolated(m, roles);
  });

  scenario('only the two members parted: the arbiter has both, and the primary continues', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    m.network.part(p.computer.name, b.computer.name);
    await m.expect(2 * QOS_MS, {
      [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' },
      [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' },
    });
    await m.writesGoOn(2 * QOS_MS);
    expect(await m.settle()).toBe(p);
  });
});
