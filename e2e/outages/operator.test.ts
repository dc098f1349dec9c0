import { expect } from 'vitest';
import { outages } from './suite.ts';

/** What an operator changes while the mirror works, and what only an operator can decide. */

const QOS_MS = 1500;

outages('operators', { qosMs: QOS_MS }, (scenario) => {
  scenario('remove, add and change the arbiter while clients write', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await p.gemel('mirror', 'edit', p.name, '--arbiter', 'none');
    await m.ready(p, 'Agent Controlled');
    expect((await b.status())?.arbiter.address).toBeNull();
    await m.spare.startAgent();
    await p.gemel('mirror', 'edit', p.name, '--arbiter', m.spare.agentAddress);
    await m.ready(p, 'Arbiter Controlled');
    await m.arbiter.killAgent();
    // The one that was removed decides nothing any more, the new one does.
    await p.kill();
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.arbiter.startAgent();
    await b.gemel('mirror', 'edit', b.name, '--arbiter', m.arbiter.agentAddress);
    await m.spare.stopAgent();
    expect(await m.settle()).toBe(b);
    expect((await p.status())?.arbiter.address).toBe(m.arbiter.agentAddress.replace(':', '|'));
  });

  scenario("are refused an arbiter on a member's host", async (m) => {
    const { primary: p, backup: b } = await m.roles();
    for (const { agentAddress } of [p, b]) {
      await expect(p.gemel('mirror', 'edit', p.name, '--arbiter', agentAddress)).rejects.toThrow('on the host of the member');
    }
    await expect(b.gemel('mirror', 'edit', b.name, '--arbiter', 'none')).rejects.toThrow('primary');
    await m.ready(p, 'Arbiter Controlled');
  });

  scenario('change the timeout while clients write', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await p.gemel('mirror', 'edit', p.name, '--qos', String(2 * QOS_MS));
    await m.ready(p, 'Arbiter Controlled');
    await p.kill();
    await m.expect(2 * QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await p.start();
    await m.ready(b);
    await b.gemel('mirror', 'edit', b.name, '--qos', String(QOS_MS));
    expect(await m.settle()).toBe(b);
  });

  scenario('resume a primary in trouble without limit, once they have confirmed that its backup is down', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await Promise.all([m.hostFails(m.arbiter), m.hostFails(b)]);
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'In Trouble', [b.name]: 'Down' } });
    await expect(p.gemel('mirror', 'resume-primary', p.name)).rejects.toThrow('onfirm');
    await m.staysSo(QOS_MS, { [p.name]: { [p.name]: 'In Trouble' } });
    await p.gemel('mirror', 'resume-primary', p.name, '--yes');
    await m.expect(0, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    await m.history.more(50);
    expect(await m.settle()).toBe(p);
  });

  scenario('stop mirroring on the backup: it stays stopped when its instance restarts, until it is started', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await expect(p.gemel('mirror', 'stop', p.name)).rejects.toThrow('primary');
    await b.gemel('mirror', 'stop', b.name);
    await m.expect(3 * QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' }, [b.name]: { [b.name]: 'Stopped' } });
    await m.writesGoOn(QOS_MS);
    await b.stop();
    await b.start();
    await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Stopped' } });
    await b.gemel('mirror', 'start', b.name);
    expect(await m.settle()).toBe(p);
  });

  scenario('try a member that its hook has kept from becoming primary', async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await expect(b.gemel('mirror', 'try-primary', b.name)).rejects.toThrow('[PRIMARY_EXISTS]');
    await m.begin();
    b.hooks('export const CanNodeStartToBecomePrimary = () => false;');
    await p.kill();
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Transition' } });
    await m.staysSo(QOS_MS, { [b.name]: { [b.name]: 'Transition' } });
    b.hooks('');
    await b.gemel('mirror', 'try-primary', b.name);
    await m.expect(QOS_MS, { [b.name]: { [b.name]: 'Primary' } });
    expect(await m.settle()).toBe(b);
  });
});
