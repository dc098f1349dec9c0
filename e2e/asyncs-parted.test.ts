import { expect } from 'vitest';
import { inStep, times } from './asyncs-support.ts';
import type { Host } from './outages/host.ts';
import { backupTakesOver, formerPrimaryEnds } from './outages/isolation.ts';
import type { OutageMirror } from './outages/mirror.ts';
import { outages } from './outages/suite.ts';
import { sameDatabases } from './support/acknowledged.ts';

const QOS_MS = 1500;

/** The mirror's disaster recovery member, on the host that is left; made by the scenario that is the first to need it. */
async function asyncOn(m: OutageMirror): Promise<Host> {
  const c = m.spare;
  if (c.running) return c;
  const { primary } = await m.roles();
  await c.startAgent();
  await c.create();
  await c.start();
  const through = ['--agent', primary.agentAddress, '--via', primary.name];
  await c.gemel('mirror', 'join', c.name, '--mirror', 'OUTAGE', '--as', 'dr', '--member', c.name, ...through);
  await c.gemel('db', 'create', c.name, 'DB', '--mirrored');
  await inStep(c, primary);
  return c;
}

/** While nobody writes all members hold the same, and the async never had anything that the mirror has not. */
async function holdsTheSame(m: OutageMirror, c: Host): Promise<void> {
  await Promise.all(m.clients.map((client) => client.pause()));
  await inStep(c, m.a, m.b);
  await sameDatabases(m, c);
  expect(times(c, 'TAIL_DROPPED')).toBe(0);
  expect(times(c, 'CANNOT_FOLLOW')).toBe(0);
  for (const client of m.clients) client.write();
}

outages('an async in a network that fails', { qosMs: QOS_MS }, (scenario) => {
  scenario('the primary cut off from all but the async, which leaves it for the new one', async (m) => {
    const c = await asyncOn(m);
    const roles = await m.roles();
    const { primary: p, backup: b } = roles;
    await m.begin();
    for (const other of [b, m.arbiter]) m.network.part(p.computer.name, other.computer.name);
    await backupTakesOver(m, roles);
    await c.sees({ [b.name]: 'Primary', [c.name]: 'Connected' });
    await m.history.more(50);
    await inStep(c, b);
    await formerPrimaryEnds(m, roles);
    await holdsTheSame(m, c);
  });

  scenario('the primary cut off from everybody: the async finds the new one', async (m) => {
    const c = await asyncOn(m);
    const roles = await m.roles();
    const { primary: p, backup: b } = roles;
    await m.begin();
    m.network.isolate(p.computer.name);
    await backupTakesOver(m, roles);
    await c.sees({ [b.name]: 'Primary', [c.name]: 'Connected' });
    await formerPrimaryEnds(m, roles);
    await holdsTheSame(m, c);
  });

  scenario('the async cut off: nobody waits for it; it comes back and catches up', async (m) => {
    const c = await asyncOn(m);
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    m.network.isolate(c.computer.name);
    await m.history.more(50);
    await p.sees({ [p.name]: 'Primary', [b.name]: 'Backup', [c.name]: 'Down' });
    await c.sees({ [c.name]: 'Transition' });
    await m.history.more(50);
    await m.expect(0, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Backup' } });
    m.network.heal();
    await inStep(c, p);
    expect(await m.settle()).toBe(p);
    await holdsTheSame(m, c);
  });

  scenario('the async can reach the backup only: it waits, and does not follow it until it is primary', async (m) => {
    const c = await asyncOn(m);
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    m.network.part(c.computer.name, p.computer.name);
    await p.sees({ [p.name]: 'Primary', [c.name]: 'Down' });
    await c.sees({ [c.name]: 'Transition' });
    await m.history.more(50);
    await p.stop();
    await c.sees({ [b.name]: 'Primary', [c.name]: 'Connected' });
    expect(await m.settle()).toBe(b);
    await holdsTheSame(m, c);
  });
});
