import { expect, it } from 'vitest';
import { outages } from './suite.ts';

/** The documented pauses at the timeout that mirrors have by default. */

const QOS_MS = 8000;

outages('outage of the backup at the default timeout', { qosMs: QOS_MS }, (mirror) => {
  it('with an arbiter: a pause of the timeout at most', async () => {
    const m = mirror();
    const { primary: p, backup: b } = await m.roles();
    await m.begin();
    await m.hostFails(b);
    await m.expect(QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    console.log(`writes paused for ${Math.round(await m.writesGoOn(QOS_MS))} ms, with an arbiter`);
    expect(await m.settle()).toBe(p);
  });

  it('without: three times the timeout at most', async () => {
    const m = mirror();
    const { primary: p, backup: b } = await m.roles();
    await m.arbiterFails();
    await m.begin();
    await m.hostFails(b);
    await m.expect(3 * QOS_MS, { [p.name]: { [p.name]: 'Primary', [b.name]: 'Down' } });
    console.log(`writes paused for ${Math.round(await m.writesGoOn(3 * QOS_MS))} ms, without`);
    expect(await m.settle()).toBe(p);
  });
});
