import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { Delay, DELAYED_PORT } from './delay.ts';
import { continuesWhenIsolated } from './isolation.ts';
import { alone } from './suite.ts';

/** The timeout that mirrors have by default, and what waits more than it works. */

vi.setConfig({ maxConcurrency: 5 });

const DEFAULT_QOS_MS = 8000;
const QOS_MS = 1500;
/** Part of the timeout: well below the half of it from which a member counts as hung. */
const SHORT_PAUSE = 0.3;
/** Of killing a primary with what it has sent. */
const ROUNDS = 2;

alone(
  'an operator forces the backup to become primary, after it was tried the ordinary way',
  { qosMs: QOS_MS, arbiter: false },
  async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await m.hostFails(p);
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await expect(b.gemel('mirror', 'try-primary', b.name)).rejects.toThrow('[NOBODY_ANSWERS]');
    await expect(b.gemel('mirror', 'force-primary', b.name)).rejects.toThrow('active');
    await b.gemel('mirror', 'force-primary', b.name, '--yes');
    await m.expect(0, { [b.name]: { [p.name]: 'Down', [b.name]: 'Primary' } });
    await m.history.more(50);
    // It was active: nothing acknowledged is lost.
    await m.hostReturns(p);
    expect(await m.settle()).toBe(b);
  },
);

alone(
  'an operator may not force the backup while the agent of the former primary answers',
  { qosMs: QOS_MS, arbiter: false },
  async (m) => {
    const { primary: p, backup: b } = await m.roles();
    await p.stop({ nofailover: true });
    await m.expect(QOS_MS, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    await expect(b.gemel('mirror', 'try-primary', b.name)).rejects.toThrow('[NO_FAILOVER]');
    await expect(b.gemel('mirror', 'force-primary', b.name, '--yes')).rejects.toThrow('[FORCE_REFUSED]');
    await m.expect(0, { [b.name]: { [p.name]: 'Down', [b.name]: 'Waiting' } });
    expect(await m.settle()).toBe(p);
  },
);

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
  '6: isolated, no arbiter configured: it continues as primary after the trouble timeout, the backup waits',
  { qosMs: QOS_MS, arbiter: false },
  async (m) => continuesWhenIsolated(m, await m.roles()),
);

alone('pauses shorter than half of the timeout change nothing', { qosMs: DEFAULT_QOS_MS }, async (m) => {
  const { primary: p, backup: b } = await m.roles();
  const decided = (): string[] => [p, b].flatMap((member) => member.messages().split('\n')).filter((line) => / \d \[[A-Z_]+\] /.test(line));
  const before = decided();
  for (const paused of [b, p]) {
    await m.begin();
    paused.signal('SIGSTOP');
    await delay(SHORT_PAUSE * DEFAULT_QOS_MS);
    paused.signal('SIGCONT');
    await m.writesGoOn(SHORT_PAUSE * DEFAULT_QOS_MS);
  }
  await m.ready(p);
  expect(decided()).toEqual(before);
  expect(await m.settle()).toBe(p);
});

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
