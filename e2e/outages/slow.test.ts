import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { Delay, DELAYED_PORT } from './delay.ts';
import { alone } from './suite.ts';

/** The timeout that mirrors have by default, and what waits more than it works. */

const DEFAULT_QOS_MS = 8000;
const QOS_MS = 1500;
/** Of killing a primary with what it has sent. */
const ROUNDS = 2;

alone(
  '2: the primary hangs for more than half of the timeout: it hands over by itself when it is back',
  { qosMs: DEFAULT_QOS_MS },
  async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    p.signal('SIGSTOP');
    // Long enough to be a hang, too short to be a loss.
    await delay(0.62 * DEFAULT_QOS_MS);
    p.signal('SIGCONT');
    await m.expect(0, { [b.name]: { [b.name]: 'Primary' } });
    expect(b.messages()).toContain('TAKE_OVER_REQUESTED');
    await m.writesGoOn(DEFAULT_QOS_MS);
    expect(await m.settle()).toBe(b);
  },
);

alone('outage of the backup at the default timeout: a pause of the timeout at most', { qosMs: DEFAULT_QOS_MS }, async (m) => {
  const { primary: p, backup: b } = await m.roles();
  await m.begin();
  await m.hostFails(b);
  await m.expect(DEFAULT_QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
  console.log(`the backup failed, with an arbiter: writes paused for ${Math.round(await m.writesGoOn(DEFAULT_QOS_MS))} ms`);
  expect(await m.settle()).toBe(p);
});

alone('the same without an arbiter: three times the timeout', { qosMs: DEFAULT_QOS_MS, arbiter: false }, async (m) => {
  const { primary: p, backup: b } = await m.roles();
  await m.begin();
  await m.hostFails(b);
  await m.expect(3 * DEFAULT_QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
  console.log(`the backup failed, without an arbiter: writes paused for ${Math.round(await m.writesGoOn(3 * DEFAULT_QOS_MS))} ms`);
  expect(await m.settle()).toBe(p);
});

alone(
  'an operator forces the backup to become primary, after it was tried the ordinary way',
  { qosMs: QOS_MS, arbiter: false },
  async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await m.hostFails(p);
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await expect(b.gemel('mirror', 'force-primary', b.name)).rejects.toThrow('active');
    await b.gemel('mirror', 'force-primary', b.name, '--yes');
    await m.expect(0, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.history.more(50);
    // It was active: nothing acknowledged is lost.
    await m.hostReturns(p);
    expect(await m.settle()).toBe(b);
  },
);

const delays = new Map<string, Delay>();

alone(
  'a primary killed together with what it has sent and the backup has not received loses nothing acknowledged',
  {
    qosMs: QOS_MS,
    privateAddress: ({ computer }) => `${computer.address}:${DELAYED_PORT}`,
    prepare: async (members) => {
      for (const member of members) delays.set(member.name, await Delay.start(member));
    },
  },
  async (m) => {
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { primary: p, backup: b } = await m.roles();
        await m.begin();
        await Promise.all([delays.get(p.name)?.kill(), p.kill()]);
        await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
        await m.writesGoOn(QOS_MS);
        delays.set(p.name, await Delay.start(p));
        expect(await m.settle()).toBe(b);
      }
    } finally {
      for (const delay of delays.values()) await delay.kill();
    }
  },
);
