import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RespClient, RespError } from '../../engine/cli/resp-client.ts';
import type { DatabaseView } from '../../engine/api/status.ts';
import { asyncOf, getIn, inStep, membershipOf, setIn, times } from '../asyncs-support.ts';
import type { TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { databases, db, gemel, holds, refused, stands, tried } from './support.ts';

/** Properties of a database as `gemel db show` has them. */
async function shown(member: TestMember, database: string): Promise<DatabaseView> {
  const { code, out, err } = await gemel(member, 'db', 'show', member.name, database, '--json');
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as DatabaseView;
}

async function has(member: TestMember, database: string, wanted: Partial<DatabaseView>): Promise<void> {
  let seen: DatabaseView | undefined;
  await until(
    `${database} on ${member.name} has ${JSON.stringify(wanted)}`,
    async () => {
      seen = await shown(member, database).catch(() => undefined);
      return seen !== undefined && Object.entries(wanted).every(([name, value]) => seen?.[name as keyof DatabaseView] === value);
    },
    () => seen,
  );
}

/** Writes nodes of 4 KB each. @returns how many were taken, and what the next one was refused with; null: none was */
async function fill(
  member: TestMember,
  database: string,
  name: string,
  count: number,
): Promise<{ taken: number; refusedWith: string | null }> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  const value = 'x'.repeat(4096);
  try {
    for (let n = 0; n < count; n++) {
      try {
        await client.command('GSET', `^|"${database}"|${name}(${n})`, value);
      } catch (error) {
        if (error instanceof RespError) return { taken: n, refusedWith: error.code };
        throw error;
      }
    }
    return { taken: count, refusedWith: null };
  } finally {
    client.close();
  }
}

async function run(member: TestMember, ...args: string[]): Promise<string> {
  const { code, out, err } = await gemel(member, ...args);
  if (code !== 0) throw new Error(`gemel ${args.join(' ')}: ${err}`);
  return out;
}

describe('properties of a mirrored database', () => {
  it('set on the primary are those of the copies, at once and after a time apart; asyncs keep larger sizes and their resource', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const dr = await asyncOf(pair, 'C', 'dr');
    const reporting = await asyncOf(pair, 'D', 'reporting-ro');
    const all = [a, b, dr, reporting];
    for (const member of all) await has(member, 'DB', { maxSizeMB: null, expansionMB: 0, resource: null, collation: 'standard' });

    await db(a, 'set-size', 'DB', '--max-size', '50', '--expansion-size', '5');
    // Reduced on the primary: on the backup too, on no async.
    await has(b, 'DB', { maxSizeMB: 50, expansionMB: 5 });
    for (const member of [dr, reporting]) await has(member, 'DB', { maxSizeMB: null, expansionMB: 5 });
    await db(a, 'set', 'DB', '--resource', '%DB_x', '--collation', 'standard');
    await has(b, 'DB', { resource: '%DB_X', maxSizeMB: 50 });
    expect((await shown(dr, 'DB')).resource).toBe(null);
    await db(dr, 'set', 'DB', '--resource', 'OWN');
    await has(dr, 'DB', { resource: 'OWN', maxSizeMB: null });

    // On an async a size is its own from the primary's on, below it is put back; on the backup everything is the primary's.
    expect(await db(dr, 'set-size', 'DB', '--max-size', '20')).toMatch(/maximum size 50 MB.*follows the primary/);
    await db(reporting, 'set-size', 'DB', '--max-size', '80', '--expansion-size', '1');
    await has(reporting, 'DB', { maxSizeMB: 80, expansionMB: 5 });
    expect(await db(b, 'set', 'DB', '--max-size', '70', '--resource', 'OTHER')).toMatch(/follows the primary/);
    await has(b, 'DB', { maxSizeMB: 50, resource: '%DB_X' });

    // Apart: changed there and here.
    await run(dr, 'mirror', 'stop', dr.name);
    await db(dr, 'set-size', 'DB', '--max-size', '10');
    await has(dr, 'DB', { maxSizeMB: 10 });
    await reporting.stop();
    await b.stop();
    await db(a, 'set', 'DB', '--max-size', '100', '--expansion-size', '2', '--resource', 'NEW');
    await run(dr, 'mirror', 'start', dr.name);
    await reporting.start();
    await b.start();
    await has(b, 'DB', { maxSizeMB: 100, expansionMB: 2, resource: 'NEW' });
    await has(dr, 'DB', { maxSizeMB: 100, expansionMB: 5, resource: 'OWN' });
    await has(reporting, 'DB', { maxSizeMB: 100, expansionMB: 5, resource: null });
    expect(times(dr, 'PROPERTIES_SYNCHRONISED')).toBeGreaterThan(0);

    // Refused: what there is not.
    expect(await refused(a, 'set', 'DB', '--collation', 'klingon')).toMatch(/no collation klingon.*standard/);
    expect(await refused(a, 'set', 'DB')).toMatch(/Nothing was said/);
    expect(await refused(a, 'set', 'DB', '--resource', 'a b')).toMatch(/resource/);
    expect(await refused(a, 'set', 'NONE', '--max-size', '5')).toMatch(/no mounted database NONE/);

    // A new primary has them, and those who come later.
    await pair.ready();
    await db(a, 'set-size', 'DB', '--max-size', '101');
    await a.kill();
    await b.sees({ B: 'Primary' });
    await has(b, 'DB', { maxSizeMB: 101, resource: 'NEW' });
    await db(b, 'set-size', 'DB', '--max-size', 'none');
    await a.start();
    await pair.ready(b);
    for (const member of all) await has(member, 'DB', { maxSizeMB: null });
  });

  it('survive a primary that is killed while they are set', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    for (const [n, moment] of [0, 3, 6, 10, 15, 25, 40].entries()) {
      const size = 100 + n;
      const [primary, other] = (await a.status())?.members.some((m) => m.name === 'A' && m.status === 'Primary') === true ? [a, b] : [b, a];
      const asked = gemel(primary, 'db', 'set-size', primary.name, 'DB', '--max-size', String(size));
      await delay(moment);
      await primary.kill();
      const { code } = await asked;
      await other.sees({ [other.name]: 'Primary' });
      await primary.start();
      await pair.ready(other);
      const { maxSizeMB } = await shown(other, 'DB');
      if (code === 0) expect(maxSizeMB).toBe(size);
      await has(primary, 'DB', { maxSizeMB: maxSizeMB ?? null });
      expect(membershipOf(primary).databases[0]?.properties).toEqual(membershipOf(other).databases[0]?.properties);
      expect(await tried(other, 'DB', 'x', String(n))).toBe('OK');
    }
  });
});

describe('a maximum size', () => {
  it('is refused to the writer on the primary until there is room again; copies take what the primary has let through', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const dr = await asyncOf(pair, 'C', 'dr');
    await db(a, 'set-size', 'DB', '--max-size', '1');
    const { taken, refusedWith } = await fill(a, 'DB', 'n', 1000);
    expect(refusedWith).toBe('FILEFULL');
    expect(taken).toBeGreaterThan(50);
    expect(await tried(a, 'DB', 'x', '1')).toBe('FILEFULL');
    await until('it says so', async () => (await shown(a, 'DB')).full);
    await inStep(dr, a);
    for (const member of [b, dr]) {
      await holds(member, 'DB', `n(${taken - 1})`, 'x'.repeat(4096));
      await stands(member, 'DB', 'Dejournaling');
    }
    // Room by a larger size, or by what is killed.
    await db(a, 'set-size', 'DB', '--max-size', '2');
    expect(await tried(a, 'DB', 'x', '1')).toBe('OK');
    expect(await db(a, 'set-size', 'DB', '--max-size', '1')).toMatch(/reached its maximum size/);
    expect(await tried(a, 'DB', 'x', '2')).toBe('FILEFULL');
    const client = await RespClient.connect('127.0.0.1', a.port);
    await client.command('GKILL', '^|"DB"|n');
    client.close();
    await until('what was killed leaves room', async () => (await tried(a, 'DB', 'x', '3')) === 'OK');
    await holds(b, 'DB', 'x', '3');
    // Where the primary is full its backup takes over, and holds to the same size; how full a file is differs a little.
    expect((await fill(a, 'DB', 'm', 1000)).refusedWith).toBe('FILEFULL');
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    const more = await fill(b, 'DB', 'z', 1000);
    expect(more.refusedWith).toBe('FILEFULL');
    expect(more.taken).toBeLessThan(100);
    expect(await getIn(b, 'DB', 'x')).toBe('3');
  });

  it('of a backup’s copy alone stops that copy, and the backup does not take over before it is raised and caught up', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
    const { a, b } = pair;
    await db(b, 'pause-dejournal', 'DB');
    const { taken } = await fill(a, 'DB', 'n', 500);
    await setIn(a, 'TWO', 'x', '1');
    await holds(b, 'TWO', 'x', '1');
    await run(b, 'mirror', 'stop', b.name);
    await db(b, 'set-size', 'DB', '--max-size', '1');
    await db(b, 'catchup', 'DB');
    await stands(b, 'DB', 'Dejournaling Stopped');
    expect(times(b, 'DATABASE_FULL')).toBe(1);
    // It is said why a force would not do either: what it lacks would be lost.
    await a.kill();
    await run(b, 'mirror', 'start', b.name);
    const forced = await gemel(b, 'mirror', 'force-primary', b.name, '--yes');
    expect([forced.code, forced.err]).toEqual([1, expect.stringMatching(/DB is not dejournaled.*maximum size/)]);
    await a.start();
    await a.sees({ A: 'Primary', B: 'Backup' });
    await has(b, 'DB', { maxSizeMB: null });
    await setIn(a, 'TWO', 'x', '2');
    await holds(b, 'TWO', 'x', '2');
    expect((await databases(b))['DB']?.status).toBe('Dejournaling Stopped');
    // The documented way.
    await db(b, 'dismount', 'DB');
    await db(b, 'mount', 'DB');
    await stands(b, 'DB', 'Dejournaling');
    await holds(b, 'DB', `n(${taken - 1})`, 'x'.repeat(4096));
    await pair.ready();
    await a.kill();
    await b.sees({ B: 'Primary' });
    expect(await getIn(b, 'DB', `n(${taken - 1})`)).toBe('x'.repeat(4096));
    expect(await tried(b, 'DB', 'x', '1')).toBe('OK');
  });

  it('of a copy that is updated on a reporting async too is refused to its writers, and stops all of the mirror there', async () => {
    const { a, ...pair } = await pairOfTest({ second: false, databases: ['DB', 'TWO'] });
    const reporting = await asyncOf({ a, ...pair }, 'D', 'reporting-rw', { databases: ['DB', 'TWO'] });
    await db(a, 'set-size', 'DB', '--max-size', '2');
    await db(reporting, 'set-size', 'DB', '--max-size', '2');
    await has(reporting, 'DB', { maxSizeMB: 2 });
    expect((await fill(reporting, 'DB', 'own', 1000)).refusedWith).toBe('FILEFULL');
    expect(await tried(a, 'DB', 'x', '1')).toBe('OK');
    await stands(reporting, 'TWO', 'Dejournaling Stopped');
    expect(times(reporting, 'DATABASE_FULL')).toBe(1);
    expect(times(reporting, 'DEJOURNALING_PAUSED')).toBe(1);
    await db(reporting, 'set-size', 'DB', '--max-size', '20');
    await run(reporting, 'mirror', 'dejournal', 'start', reporting.name);
    await holds(reporting, 'DB', 'x', '1');
    await stands(reporting, 'TWO', 'Dejournaling');
  });

  it('of a copy alone stops that copy on a disaster recovery async, and all of the mirror on a reporting one, until it is raised', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
    const { a } = pair;
    const names = ['DB', 'TWO'];
    const dr = await asyncOf(pair, 'C', 'dr', { databases: names });
    const reporting = await asyncOf(pair, 'D', 'reporting-ro', { databases: names });
    const asyncs = [dr, reporting];
    // Journal that they have and have not dejournaled, and no primary who would raise the size.
    for (const member of asyncs) await run(member, 'mirror', 'dejournal', 'pause', member.name);
    const { taken } = await fill(a, 'DB', 'n', 500);
    await setIn(a, 'TWO', 'x', '1');
    for (const member of asyncs) {
      await until(`${member.name} has all journal`, async () => {
        const [own, primary] = await Promise.all([member.status(), a.status()]);
        const at = own?.members.find(({ name }) => name === member.name)?.position;
        const wanted = primary?.members.find(({ name }) => name === 'A')?.position;
        return wanted !== undefined && wanted !== null && at?.file === wanted.file && at.offset >= wanted.offset;
      });
      await run(member, 'mirror', 'stop', member.name);
      expect(await db(member, 'set-size', 'DB', '--max-size', '1')).toMatch(/When it is connected, the mirror’s count again/);
      await run(member, 'mirror', 'dejournal', 'start', member.name);
      await stands(member, 'DB', 'Dejournaling Stopped');
      expect(times(member, 'DATABASE_FULL')).toBe(1);
      expect((await databases(member))['DB']?.reason).toMatch(/maximum size/);
      expect(await getIn(member, 'DB', `n(${taken - 1})`)).toBe(null);
    }
    await holds(dr, 'TWO', 'x', '1');
    await stands(dr, 'TWO', 'Dejournaling');
    await stands(reporting, 'TWO', 'Dejournaling Stopped');
    expect(times(reporting, 'DEJOURNALING_PAUSED')).toBe(1);
    // A restart does not forget the smaller size.
    await dr.stop();
    await dr.start();
    await stands(dr, 'DB', 'Dejournaling Stopped');
    // Raised here, and caught up; or connected, where the size is the primary's again.
    await db(dr, 'set-size', 'DB', '--max-size', '200');
    await db(dr, 'catchup', 'DB');
    await holds(dr, 'DB', `n(${taken - 1})`, 'x'.repeat(4096));
    await stands(dr, 'DB', 'Dejournaling');
    for (const member of asyncs) await run(member, 'mirror', 'start', member.name);
    for (const member of asyncs) {
      await has(member, 'DB', { maxSizeMB: null });
      await stands(member, 'DB', 'Dejournaling');
      await inStep(member, a);
      await holds(member, 'DB', `n(${taken - 1})`, 'x'.repeat(4096));
      await holds(member, 'TWO', 'x', '1');
    }
  });
});
