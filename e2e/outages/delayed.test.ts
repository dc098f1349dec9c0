import { afterAll, expect, it } from 'vitest';
import { Delay, DELAYED_PORT } from './delay.ts';
import type { Host } from './host.ts';
import { outages } from './suite.ts';

/** A kill alone leaves what the kernel has to send; here it is lost with the primary. */

const QOS_MS = 1500;
const ROUNDS = 2;

const delays = new Map<string, Delay>();

async function startDelay(member: Host): Promise<void> {
  delays.set(member.name, await Delay.start(member));
}

outages(
  'a primary killed together with what it has sent',
  {
    qosMs: QOS_MS,
    privateAddress: ({ computer }) => `${computer.address}:${DELAYED_PORT}`,
    prepare: async (members) => {
      await Promise.all(members.map(startDelay));
    },
  },
  (mirror) => {
    afterAll(async () => {
      for (const delay of delays.values()) await delay.kill();
    });

    it('loses nothing acknowledged', async () => {
      const m = mirror();
      for (let round = 0; round < ROUNDS; round += 1) {
        const { primary: p, backup: b } = await m.roles();
        await m.begin();
        await Promise.all([delays.get(p.name)?.kill(), p.kill()]);
        await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
        await m.writesGoOn(QOS_MS);
        await startDelay(p);
        expect(await m.settle()).toBe(b);
      }
    });
  },
);
