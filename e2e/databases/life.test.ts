import { describe, expect, it } from 'vitest';
import { asyncOf, getIn, setIn, times } from '../asyncs-support.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { databases, db, gemel, holds, refused, seed, stands, statusOf, tried } from './support.ts';

describe('a database with data', () => {
  it('is added to the mirror on the primary, copied to every member, and is there after a takeover', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const dr = await asyncOf(pair, 'C', 'dr');
    const reporting = await asyncOf(pair, 'D', 'reporting-ro');
    await db(a, 'create', 'OLD');
    await setIn(a, 'OLD', 'before', 'there');
    expect(await refused(b, 'add-to-mirror', 'USER')).toMatch(/on the primary first/);
    expect(await refused(a, 'add-to-mirror', 'DB')).toMatch(/exists|has a database DB already/i);
    expect(await refused(a, 'add-to-mirror', 'OLD', '--mirror-db', 'db')).toMatch(/has a database DB already/);
    expect(await refused(a, 'add-to-mirror', 'OLD', '--mirror-db', '1x')).toMatch(/starts with a letter/);
    expect(await refused(a, 'add-to-mirror', 'NONE')).toMatch(/no mounted database NONE/);
    expect(await tried(a, 'OLD', 'x', '1')).toBe('OK');
    expect(await db(a, 'add-to-mirror', 'OLD')).toMatch(/in the mirror as OLD/);
    expect((await databases(a))['OLD']).toMatchObject({ status: 'Normal', nextRecord: 'N/A' });
    expect(await getIn(a, 'OLD', 'before')).toBe('there');
    await setIn(a, 'OLD', 'after', 'too');
    await until('the backup misses it', async () => (await b.status())?.missingDatabases.includes('OLD'));
    expect(await refused(b, 'create', 'OLD', '--mirrored')).toMatch(/was added to the mirror later/);
    for (const member of [b, dr, reporting]) {
      await seed(a, member, 'OLD');
      await stands(member, 'OLD', 'Dejournaling');
      await holds(member, 'OLD', 'after', 'too');
      expect(await getIn(member, 'OLD', 'before')).toBe('there');
      expect(await tried(member, 'OLD', 'x', '2')).toBe('PROTECT');
    }
    expect((await b.status())?.missingDatabases).toEqual([]);
    await setIn(a, 'OLD', 'last', '1');
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    expect(await getIn(b, 'OLD', 'last')).toBe('1');
    await setIn(b, 'OLD', 'newer', '1');
    await a.start();
    await pair.ready(b);
    for (const member of [a, dr, reporting]) await holds(member, 'OLD', 'newer', '1');
    expect(times(a, 'DATABASE_ADDED')).toBe(1);
  });

  it('are added in the background by themselves when there are five', async () => {
    const pair = await pairOfTest({ second: false });
    const names = ['E1', 'E2', 'E3', 'E4', 'E5'];
    for (const name of names) await db(pair.a, 'create', name);
    const { code, out } = await gemel(pair.a, 'db', 'add-to-mirror', pair.a.name, ...names, '--json');
    expect(code).toBe(0);
    const { job } = JSON.parse(out) as { job: string };
    expect((await gemel(pair.a, 'job', 'wait', pair.a.name, job)).code).toBe(0);
    for (const name of names) expect(await statusOf(pair.a, name)).toBe('Normal');
  });
});

describe('a mirrored database', () => {
  it('is dismounted and mounted: on the backup it catches up, on the primary its users are refused meanwhile', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
    const { a, b } = pair;
    await db(b, 'dismount', 'DB');
    expect(await statusOf(b, 'DB')).toBe('Database Dismounted');
    for (let n = 0; n < 50; n++) await setIn(a, 'DB', `n(${n})`, String(n));
    await setIn(a, 'TWO', 'x', '1');
    await holds(b, 'TWO', 'x', '1');
    await until('the backup says that it cannot take over', async () => {
      const seen = await b.status();
      return seen?.members.some((m) => m.name === 'B' && m.dejournaling === 'Warning! Some databases need attention.');
    });
    await db(b, 'mount', 'DB', '--no-catchup');
    expect(await statusOf(b, 'DB')).toBe('Needs Catchup');
    expect(await getIn(b, 'DB', 'n(49)')).toBe(null);
    await db(b, 'catchup', 'DB');
    await holds(b, 'DB', 'n(49)', '49');
    await stands(b, 'DB', 'Dejournaling');
    await db(a, 'dismount', 'DB');
    expect(await tried(a, 'DB', 'x', '1')).toBe('DATABASE');
    await setIn(a, 'TWO', 'x', '2');
    await db(a, 'mount', 'DB');
    expect(await getIn(a, 'DB', 'n(49)')).toBe('49');
    await setIn(a, 'DB', 'x', '3');
    await holds(b, 'DB', 'x', '3');
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    expect([await getIn(b, 'DB', 'x'), await getIn(b, 'TWO', 'x')]).toEqual(['3', '2']);
  });

  it('is paused alone on a member, over a restart, until it is caught up', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
    const { a, b } = pair;
    expect(await refused(a, 'pause-dejournal', 'DB')).toMatch(/primary/);
    await db(b, 'pause-dejournal', 'DB');
    await setIn(a, 'DB', 'x', '1');
    await setIn(a, 'TWO', 'x', '1');
    await holds(b, 'TWO', 'x', '1');
    expect(await statusOf(b, 'DB')).toBe('Dejournaling Stopped');
    await b.stop();
    await b.start();
    await stands(b, 'DB', 'Dejournaling Stopped');
    await setIn(a, 'TWO', 'x', '2');
    await holds(b, 'TWO', 'x', '2');
    expect(await getIn(b, 'DB', 'x')).toBe(null);
    await db(b, 'catchup', 'DB');
    await holds(b, 'DB', 'x', '1');
    await stands(b, 'DB', 'Dejournaling');
  });

  it('is recreated on the primary first; copies that missed it are obsolete, take nothing, and are recreated then', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const dr = await asyncOf(pair, 'C', 'dr');
    await setIn(a, 'DB', 'old', '1');
    await holds(dr, 'DB', 'old', '1');
    expect(await refused(b, 'recreate', 'DB')).toMatch(/on the primary first/);
    await db(a, 'recreate', 'DB');
    expect(await getIn(a, 'DB', 'old')).toBe(null);
    await setIn(a, 'DB', 'new', '1');
    for (const member of [b, dr]) {
      await stands(member, 'DB', 'Obsolete');
      expect([await getIn(member, 'DB', 'old'), await getIn(member, 'DB', 'new')]).toEqual(['1', null]);
      expect(await refused(member, 'catchup', 'DB')).toMatch(/obsolete/);
      expect((await member.status())?.missingDatabases).toEqual(['DB']);
    }
    await dr.stop();
    await dr.start();
    await stands(dr, 'DB', 'Obsolete');
    expect(await getIn(dr, 'DB', 'new')).toBe(null);
    for (const member of [b, dr]) {
      await db(member, 'recreate', 'DB');
      await holds(member, 'DB', 'new', '1');
      expect(await getIn(member, 'DB', 'old')).toBe(null);
      await stands(member, 'DB', 'Dejournaling');
      expect(times(member, 'DATABASE_OBSOLETE')).toBeGreaterThan(0);
    }
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    expect([await getIn(b, 'DB', 'old'), await getIn(b, 'DB', 'new')]).toEqual([null, '1']);
  });

  it('is removed on the primary for all, and elsewhere the copies are obsolete until they are removed too', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
    const { a, b } = pair;
    const dr = await asyncOf(pair, 'C', 'dr', { databases: ['DB', 'TWO'] });
    await setIn(a, 'DB', 'x', '1');
    await holds(b, 'DB', 'x', '1');
    await holds(dr, 'DB', 'x', '1');
    await db(dr, 'remove-from-mirror', 'TWO');
    expect((await dr.status())?.missingDatabases).toEqual(['TWO']);
    expect(await tried(dr, 'TWO', 'x', 'own')).toBe('OK');
    expect(await statusOf(a, 'TWO')).toBe('Normal');
    await db(a, 'remove-from-mirror', 'DB');
    expect(await statusOf(a, 'DB')).toBeUndefined();
    expect(await tried(a, 'DB', 'x', 'a')).toBe('OK');
    for (const member of [b, dr]) {
      await stands(member, 'DB', 'Obsolete');
      expect(await tried(member, 'DB', 'x', '2')).toBe('PROTECT');
      expect(await refused(member, 'recreate', 'DB')).toMatch(/removed on the primary/);
      await db(member, 'remove-from-mirror', 'DB');
      expect(await getIn(member, 'DB', 'x')).toBe('1');
      expect(await tried(member, 'DB', 'x', member.name)).toBe('OK');
    }
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    expect(await getIn(b, 'DB', 'x')).toBe('B');
    await setIn(b, 'TWO', 'y', '1');
    await a.start();
    await pair.ready(b);
    await holds(a, 'TWO', 'y', '1');
    expect(await getIn(a, 'DB', 'x')).toBe('a');
  });
});
