import { describe, expect, it } from 'vitest';
import { asyncOf, getIn, joinAs, refusalOf, setIn, times } from '../asyncs-support.ts';
import { stopAgent } from '../stop-agent.ts';
import type { Pair } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { db, gemel, holds, refused, seed, stands, statusOf, tried } from './support.ts';

/** A primary that works on alone, and whose host then fails; the other member is forced to be primary, without what was done alone. */
async function forcedWithout({ a, b }: Pair, alone: () => Promise<void>): Promise<void> {
  await b.kill();
  await a.sees({ B: 'Down' });
  await alone();
  await stopAgent(a.home);
  await a.kill();
  await b.start();
  await b.sees({ B: 'Waiting' });
  expect((await gemel(b, 'mirror', 'force-primary', 'B', '--yes')).code).toBe(0);
  await b.sees({ B: 'Primary' });
}

describe('a former primary that joins a mirror which went on without what it did', () => {
  it('has an obsolete copy of what it had recreated, and gets what the mirror has from the journal', async () => {
    const pair = await pairOfTest({ arbiter: false, databases: ['DB', 'TWO'] });
    const { a, b } = pair;
    await setIn(a, 'DB', 'old', '1');
    await setIn(a, 'TWO', 'x', '1');
    await holds(b, 'TWO', 'x', '1');
    await forcedWithout(pair, async () => {
      await db(a, 'recreate', 'DB');
      await setIn(a, 'DB', 'lost', '1');
      await setIn(a, 'TWO', 'x', 'lost');
    });
    expect(await getIn(b, 'DB', 'old')).toBe('1');
    await setIn(b, 'DB', 'newer', '1');
    await a.startAgent();
    await a.start();
    await stands(a, 'DB', 'Obsolete');
    await stands(a, 'TWO', 'Dejournaling');
    await holds(a, 'TWO', 'x', '1');
    await pair.ready(b);
    expect([await getIn(a, 'DB', 'old'), await getIn(a, 'DB', 'newer')]).toEqual([null, null]);
    await db(a, 'recreate', 'DB');
    await holds(a, 'DB', 'newer', '1');
    expect([await getIn(a, 'DB', 'old'), await getIn(a, 'DB', 'lost')]).toEqual(['1', null]);
    const digests = await Promise.all([a, b].map((member) => member.call('db.verify', { name: 'DB' })));
    expect(digests[0]?.digest).toBe(digests[1]?.digest);
  });

  it('keeps the data of what it had added, as an ordinary database again', async () => {
    const pair = await pairOfTest({ arbiter: false });
    const { a, b } = pair;
    await db(a, 'create', 'OLD');
    await setIn(a, 'OLD', 'x', '1');
    await forcedWithout(pair, async () => {
      await db(a, 'add-to-mirror', 'OLD');
    });
    await a.startAgent();
    await a.start();
    await stands(a, 'OLD', 'Obsolete');
    await pair.ready(b);
    expect(await tried(a, 'OLD', 'x', '2')).toBe('PROTECT');
    await db(a, 'remove-from-mirror', 'OLD');
    expect(await getIn(a, 'OLD', 'x')).toBe('1');
    expect(await tried(a, 'OLD', 'x', '2')).toBe('OK');
    expect(await statusOf(a, 'OLD')).toBeUndefined();
    expect(times(a, 'DATABASE_OBSOLETE')).toBe(1);
  });
});

describe('a member that was rebuilt, or joined again', () => {
  it('activates the databases that it has kept, and catches them up', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    await setIn(a, 'DB', 'x', '1');
    await holds(c, 'DB', 'x', '1');
    await c.call('mirror.remove', { databases: 'keep' });
    await setIn(a, 'DB', 'x', '2');
    await joinAs(pair, c, 'dr');
    await c.sees({ C: 'Connected' });
    await stands(c, 'DB', 'Needs Activation');
    await db(c, 'catchup', 'DB');
    await holds(c, 'DB', 'x', '2');
    await stands(c, 'DB', 'Dejournaling');
    await c.stop();
    await c.start();
    await setIn(a, 'DB', 'x', '3');
    await holds(c, 'DB', 'x', '3');
  });

  it('is not rebuilt while it has a database that was added with data', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await db(a, 'create', 'OLD');
    await db(a, 'add-to-mirror', 'OLD');
    await seed(a, b, 'OLD');
    await stands(b, 'OLD', 'Dejournaling');
    expect((await refusalOf(b.call('mirror.rebuild', {}))).message).toMatch(/OLD was added to the mirror with data/);
    expect(await refused(b, 'add-to-mirror', 'USER')).toMatch(/primary/);
  });
});
