import { expect } from 'vitest';
import { outages } from './suite.ts';

/** The same outages of the primary while the backup has fallen behind: it takes over only with the journal that the primary's agent has. */

const QOS_MS = 1500;

outages('outage of the primary, the backup has fallen behind', { qosMs: QOS_MS }, (scenario) => {
  scenario('1: stopped in order: the backup fetches the journal from its agent', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.backupFallsBehind(b);
    await p.stop();
    await m.begin({ writing: false });
    b.signal('SIGCONT');
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(b);
  });

  scenario('3: killed: the same', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.backupFallsBehind(b);
    await p.kill();
    await m.begin({ writing: false });
    b.signal('SIGCONT');
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    expect(await m.settle()).toBe(b);
  });

  scenario('5: its host fails: no failover, though the arbiter is there', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.backupFallsBehind(b);
    await m.hostFails(p);
    b.signal('SIGCONT');
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Waiting' } });
    await m.hostReturns(p);
    await m.expect(QOS_MS, { [b.name]: { [b.name]: 'Primary' } });
    expect(await m.settle()).toBe(b);
  });

  scenario('6: isolated: it works on without a pause, the backup waits', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.backupFallsBehind(b);
    await m.begin();
    m.network.isolate(p.computer.name);
    b.signal('SIGCONT');
    const apart = {
      [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' },
      [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' },
    };
    await m.expect(QOS_MS, apart);
    await m.staysSo(3 * QOS_MS, apart);
    await m.writesGoOn(0);
    expect(await m.settle()).toBe(p);
  });
});
