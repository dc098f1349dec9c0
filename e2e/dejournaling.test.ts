import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { asyncOf, refusalOf, view } from './asyncs-support.ts';
import { get, sameDatabases, set } from './support/acknowledged.ts';
import type { TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

/** A minute of the day, in local time, so many minutes from now. */
function minuteFromNow(minutes: number): number {
  const at = new Date(Date.now() + minutes * 60_000);
  return at.getHours() * 60 + at.getMinutes();
}

/** Waits until a member has received all that the primary has written. */
async function hasJournal(member: TestMember, primary: TestMember): Promise<void> {
  await until('it has the journal', async () => {
    const [written, received] = [await view(primary, primary.name), await view(member, member.name)];
    return isDeepStrictEqual(written.position, received.position);
  });
}

describe('dejournaling on an async member', () => {
  it('that is paused stays so over a restart, while journal goes on coming in, and goes on when it is started', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    expect(await c.call('mirror.dejournal', { action: 'pause' })).toEqual({ halted: 'operator', paused: true, schedule: null });
    await set(a, 'later', '1');
    await hasJournal(c, a);
    for (const member of [a, c])
      await until('it shows that', async () => (await view(member, 'C')).dejournaling === 'Warning! Dejournaling is stopped.');
    expect((await c.status())?.databases.map(({ status }) => status)).toEqual(['Dejournaling Stopped']);
    await c.stop();
    await c.start();
    await c.sees({ C: 'Connected' });
    expect(await get(c, 'later')).toBe('null');
    await c.call('mirror.dejournal', { action: 'start' });
    await until('it is dejournaled', async () => (await get(c, 'later')) === '1');
    await sameDatabases(pair, c);
  });

  it('waits for the time of its schedule, and goes on at all times when that is taken away', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    const [from, to] = [minuteFromNow(120), minuteFromNow(180)];
    expect(await c.call('mirror.dejournal', { action: 'schedule', from, to })).toEqual({
      halted: 'schedule',
      paused: false,
      schedule: { from, to },
    });
    await set(a, 'later', '1');
    await hasJournal(c, a);
    expect(await get(c, 'later')).toBe('null');
    expect(await c.call('mirror.dejournal', { action: 'continuous' })).toMatchObject({ halted: null });
    await until('it is dejournaled', async () => (await get(c, 'later')) === '1');
  });

  it('cannot be paused on a failover member', async () => {
    const { a, b } = await pairOfTest();
    for (const member of [a, b])
      expect((await refusalOf(member.call('mirror.dejournal', { action: 'pause' }))).message).toMatch(
        /cannot be paused on a failover member/,
      );
  });
});
