import { expect } from 'vitest';
import { now } from './history.ts';
import { outages } from './suite.ts';

/** Processes that stand still and go on: what they then believe is old. */

const QOS_MS = 1500;

outages('a pause longer than the timeout, its clients still connected', { qosMs: QOS_MS }, (scenario) => {
  scenario("of the primary's host: nothing old is read from it, nothing acknowledged by it when it goes on; it steps down", async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    p.signalAll('SIGSTOP');
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    const replaced = now();
    p.signalAll('SIGCONT');
    await m.stepsDown(p);
    await m.history.more(50);
    // What both members had before may be acknowledged now; it is where the new primary began.
    expect(m.history.acknowledgedBy(p.name, replaced)).toBe(0);
    expect(await m.settle()).toBe(b);
  });

  scenario('3: of the primary: it is forced down by its agent once it is replaced', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    p.signal('SIGSTOP');
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(QOS_MS);
    await m.ends(p);
    expect(await m.settle()).toBe(b);
  });

  scenario('3: of the primary, the arbiter gone before: its agent finds it hung, and forces it down', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.arbiterFails();
    await m.begin();
    p.signal('SIGSTOP');
    await m.expect(3 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(3 * QOS_MS);
    await m.ends(p);
    expect(await m.settle()).toBe(b);
  });

  scenario('2: of the primary, the backup fallen behind: the same, with the journal that its agent has', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.backupFallsBehind(b);
    p.signal('SIGSTOP');
    await m.begin({ writing: false });
    b.signal('SIGCONT');
    await m.expect(3 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.writesGoOn(3 * QOS_MS);
    await m.ends(p);
    expect(await m.settle()).toBe(b);
  });

  scenario('of the backup: the primary works alone, and the backup follows again when it goes on', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    b.signal('SIGSTOP');
    await m.expect(3 * QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.writesGoOn(3 * QOS_MS);
    b.signal('SIGCONT');
    expect(await m.settle()).toBe(p);
  });

  scenario('of both hosts, the primary goes on first: the arbiter has lost the backup too, and it continues alone', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    for (const member of [p, b]) member.signalAll('SIGSTOP');
    await m.arbiterLosesBoth();
    p.signalAll('SIGCONT');
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.history.more(50);
    b.signalAll('SIGCONT');
    expect(await m.settle()).toBe(p);
  });

  scenario('of both hosts, the backup goes on first, without the arbiter: it waits, until the primary goes on and resumes', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    for (const member of [p, b]) member.signalAll('SIGSTOP');
    await m.arbiterLosesBoth();
    m.network.part(b.computer.name, m.arbiter.computer.name);
    b.signalAll('SIGCONT');
    await m.expect(2 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Waiting' } });
    p.signalAll('SIGCONT');
    await m.expect(2 * QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Backup' } });
    expect(await m.settle()).toBe(p);
  });
});
