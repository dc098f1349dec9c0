import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatabaseView } from '../engine/api/status.ts';
import { RespClient } from '../engine/cli/resp-client.ts';
import { asyncOf, getIn, inStep, joinAs, newInstance, refusalOf, setIn, times, view } from './asyncs-support.ts';
import { Acknowledged, get, sameDatabases, set } from './support/acknowledged.ts';
import type { TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { until } from './support/until.ts';

async function databaseOf(member: TestMember, name = 'DB'): Promise<DatabaseView> {
  const found = (await member.call('db.list', {})).find((each) => each.name === name);
  if (found === undefined) throw new Error(`${member.name} has no ${name}`);
  return found;
}

async function flagsOf(member: TestMember): Promise<Record<string, boolean>> {
  return Object.fromEntries(((await member.status())?.databases ?? []).map(({ name, failoverDB }) => [name, failoverDB]));
}

/** Waits until a node of DB has that value; whatever the mirror's journal had before is there too by then. */
async function has(member: TestMember, name: string, value: string): Promise<void> {
  let seen: string | undefined;
  await until(
    `${name} is ${value} on ${member.name}`,
    async () => (seen = await get(member, name)) === value,
    () => seen,
  );
}

async function typeOf(member: TestMember, name: string): Promise<string> {
  return (await view(member, name)).type;
}

describe('a read-write reporting member', () => {
  it('takes updates of its own beside those of the mirror, and has both in their order after it was killed', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-rw');
    expect(await typeOf(a, 'C')).toBe('Read-Write Reporting');
    expect(await typeOf(c, 'C')).toBe('Read-Write Reporting');
    expect(await databaseOf(c)).toMatchObject({ readOnly: false, mirrored: true, failoverDB: false });
    expect(await databaseOf(a)).toMatchObject({ readOnly: false, failoverDB: true });
    const written = await Acknowledged.by(a, 500);
    const own = await RespClient.connect('127.0.0.1', c.port);
    // Of both: the newer one of the two stands.
    await set(a, 'both', 'of a');
    await has(c, 'both', 'of a');
    const model = new Map<string, string>();
    for (let n = 0; n < 300; n++) {
      const name = `own(${n % 40})`;
      model.set(name, `value ${n}`);
      expect(await own.command('GSET', `^|"DB"|${name}`, `value ${n}`)).toBe('OK');
      if (n === 200) await written.more(300);
    }
    expect(await set(c, 'both', 'of c')).toBe('OK');
    await own.command('TSTART');
    await own.command('GSET', '^|"DB"|own(1)', 'never');
    await set(c, 'last', '1');
    await c.kill();
    await written.more(300);
    await c.start();
    await inStep(c, a);
    await written.more(200);
    await written.stop();
    await set(a, 'end', '1');
    await has(c, 'end', '1');
    await written.verify(c);
    for (const [name, value] of model) expect([name, await get(c, name)]).toEqual([name, value]);
    expect([await get(c, 'both'), await get(a, 'both'), await get(a, 'own(1)')]).toEqual(['of c', 'of a', 'null']);
    await set(a, 'both', 'of a again');
    await has(c, 'both', 'of a again');
    expect((await c.call('db.verify', { name: 'DB' })).sound).toBe(true);
  });

  it('follows a failover, and holds what the mirror holds where nothing was changed on it', async () => {
    const pair = await pairOfTest();
    const { a, b, ready } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-rw');
    const written = await Acknowledged.by(a, 300);
    await a.kill();
    await written.cut();
    await c.sees({ B: 'Primary', C: 'Connected' });
    await written.start(b);
    await written.more(200);
    await a.start();
    await ready(b);
    await written.stop();
    await inStep(c, b);
    await sameDatabases(pair, c);
    await written.verify(c);
  });
});

describe('the FailoverDB flag', () => {
  it('is cleared one by one on a reporting member, for good, and nowhere else', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await a.call('db.create', { name: 'TWO', mirrored: true });
    await b.call('db.create', { name: 'TWO', mirrored: true });
    const c = await asyncOf(pair, 'C', 'reporting-ro', { databases: ['DB', 'TWO'] });
    await setIn(a, 'DB', 'x', '1');
    await has(c, 'x', '1');
    expect(await flagsOf(c)).toEqual({ DB: true, TWO: true });
    expect(await set(c, 'x', '2')).toBe('PROTECT');
    expect((await c.call('db.clearFailoverDB', { name: 'DB' })).message).toMatch(/flag of DB is cleared/);
    expect(await flagsOf(c)).toEqual({ DB: false, TWO: true });
    expect(await set(c, 'x', '2')).toBe('OK');
    await expect(setIn(c, 'TWO', 'x', '2')).rejects.toThrow(/read-only/);
    await setIn(a, 'DB', 'y', '1');
    await setIn(a, 'TWO', 'y', '1');
    await has(c, 'y', '1');
    await until('the other one too', async () => (await getIn(c, 'TWO', 'y')) === '1');
    expect(await get(c, 'x')).toBe('2');
    await c.stop();
    await c.start();
    await inStep(c, a);
    expect(await flagsOf(c)).toEqual({ DB: false, TWO: true });
    expect([await get(c, 'x'), await get(c, 'y')]).toEqual(['2', '1']);
    expect((await refusalOf(c.call('db.clearFailoverDB', { name: 'DB' }))).what).toMatch(/cleared already/);
    expect((await refusalOf(c.call('db.clearFailoverDB', { name: 'USER' }))).what).toMatch(/not mirrored/);
    expect((await refusalOf(c.call('db.clearFailoverDB', {}))).code).toBe('USAGE');
    await c.call('db.clearFailoverDB', { all: true });
    expect(await flagsOf(c)).toEqual({ DB: false, TWO: false });
    expect(await flagsOf(a)).toEqual({ DB: true, TWO: true });
  });

  it('cannot be cleared on failover and disaster recovery members', async () => {
    const pair = await pairOfTest();
    const c = await asyncOf(pair, 'C', 'dr');
    for (const member of [pair.a, pair.b, c])
      expect((await refusalOf(member.call('db.clearFailoverDB', { all: true }))).what).toMatch(/only on a reporting member/);
    expect(await flagsOf(c)).toEqual({ DB: true });
  });
});

describe('the type of an async', () => {
  it('changes from disaster recovery to both kinds of reporting and back, shown on all members and after a restart', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'dr');
    const change = (as: 'dr' | 'reporting-ro' | 'reporting-rw', failoverDB?: 'clear' | 'keep') =>
      c.call('mirror.changeType', { as, ...(failoverDB === undefined ? {} : { failoverDB }) });
    const isNow = async (type: string): Promise<void> => {
      await inStep(c, a);
      for (const member of [a, b, c]) await until(`${member.name} sees it`, async () => (await typeOf(member, 'C')) === type);
    };
    expect((await change('reporting-ro')).message).toMatch(/read-only reporting async now/);
    await isNow('Read-Only Reporting');
    expect((await refusalOf(change('reporting-ro'))).what).toMatch(/already/);
    expect((await refusalOf(change('reporting-rw'))).todo).toMatch(/--clear-failoverdb or --keep-failoverdb/);
    await change('reporting-rw', 'keep');
    await isNow('Read-Write Reporting');
    expect(await flagsOf(c)).toEqual({ DB: true });
    expect(await set(c, 'x', '1')).toBe('PROTECT');
    await c.stop();
    await c.start();
    await isNow('Read-Write Reporting');
    await change('dr');
    await isNow('Disaster Recovery');
    expect(times(c, 'TYPE_CHANGED')).toBe(3);
    await set(a, 'x', '2');
    await sameDatabases(pair, c);
    // Once more, with the flags gone: there is no way back.
    expect((await change('reporting-rw', 'clear')).message).toMatch(/flag of DB is cleared/);
    expect(await set(c, 'x', 'own')).toBe('OK');
    await inStep(c, a);
    await change('reporting-ro');
    expect(await set(c, 'x', 'own too')).toBe('OK');
    expect((await refusalOf(change('dr'))).what).toMatch(/cleared on DB, and can never be set again/);
    await isNow('Read-Only Reporting');
  });

  it('is changed to disaster recovery only with an agent, and by an operating primary', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-ro', { agent: false });
    expect((await refusalOf(c.call('mirror.changeType', { as: 'dr' }))).what).toMatch(/agent is not running/);
    expect((await refusalOf(a.call('mirror.changeType', { as: 'dr' }))).what).toMatch(/failover member/);
    await b.stop();
    await a.stop({ nofailover: true });
    await until('it has lost the primary', async () => (await view(c, 'C')).status !== 'Connected');
    expect((await refusalOf(c.call('mirror.changeType', { as: 'reporting-rw', failoverDB: 'keep' }))).what).toMatch(/not connected/);
    expect(await typeOf(c, 'C')).toBe('Read-Only Reporting');
  });
});

describe('a dejournal filter', () => {
  const filterIn = ({ home }: TestMember, name: string, applies: string): string => {
    const file = path.join(home, `${name}.mjs`);
    writeFileSync(file, `export class DejournalFilter { applies(update) { ${applies} } }`);
    return file;
  };
  const dropsA = "return update.global !== 'a';";

  it('leaves out what it says from then on, over a restart, until it is cleared', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-rw');
    await set(a, 'a(1)', 'before');
    await has(c, 'a(1)', 'before');
    const file = filterIn(c, 'drops', dropsA);
    expect(await c.call('mirror.filter', { action: 'set', file })).toMatchObject({ file, failed: null });
    await set(a, 'a(1)', 'later');
    await set(a, 'b(1)', 'later');
    await has(c, 'b(1)', 'later');
    expect(await get(c, 'a(1)')).toBe('before');
    const status = await c.call('mirror.filter', { action: 'status' });
    expect(status).toMatchObject({ file, failed: null, refused: 1 });
    expect(status.usPerRecord).toBeGreaterThan(0);
    await c.kill();
    await set(a, 'a(2)', 'away');
    await set(a, 'b(2)', 'away');
    await c.start();
    await has(c, 'b(2)', 'away');
    expect([await get(c, 'a(1)'), await get(c, 'a(2)')]).toEqual(['before', 'null']);
    expect(await c.call('mirror.filter', { action: 'clear' })).toMatchObject({ file: null });
    await set(a, 'a(3)', 'all');
    await has(c, 'a(3)', 'all');
    expect(await get(c, 'a(2)')).toBe('null');
  });

  it('says nothing about databases that only the mirror updates', async () => {
    const pair = await pairOfTest();
    const c = await asyncOf(pair, 'C', 'reporting-ro');
    await c.call('mirror.filter', { action: 'set', file: filterIn(c, 'drops', 'return false;') });
    await set(pair.a, 'a', '1');
    await has(c, 'a', '1');
    await sameDatabases(pair, c);
    // It does not stay with one for disaster recovery.
    await c.call('mirror.changeType', { as: 'dr' });
    expect((await refusalOf(c.call('mirror.filter', { action: 'status' }))).what).toMatch(/only on a reporting member/);
    await c.sees({ C: 'Connected' });
    await c.call('mirror.changeType', { as: 'reporting-ro' });
    expect(await c.call('mirror.filter', { action: 'status' })).toMatchObject({ file: null });
  });

  it.each([
    ['throws', "if (update.global === 'bad') throw new Error('not a number'); return true;", /not a number/],
    ['answers what is no answer', "return update.global === 'bad' ? 1 : true;", /answered 1/],
    ['hangs', "while (update.global === 'bad'); return true;", /has not answered within 10 seconds/],
  ])('that %s stops dejournaling until it is mended, and nothing is lost', async (name, applies, why) => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-rw');
    const file = filterIn(c, name.split(' ')[0] ?? '', applies);
    await c.call('mirror.filter', { action: 'set', file });
    await set(a, 'good', '1');
    await has(c, 'good', '1');
    await set(a, 'bad', '1');
    await until('it has stopped', async () => (await view(c, 'C')).dejournaling === 'Warning! Dejournaling is stopped.');
    await until('the primary shows it', async () => (await view(a, 'C')).dejournaling === 'Warning! Dejournaling is stopped.');
    expect((await c.call('mirror.filter', { action: 'status' })).failed).toMatch(why);
    expect(await c.call('mirror.dejournal', { action: 'status' })).toMatchObject({ halted: 'filter' });
    expect(times(c, 'FILTER_FAILED')).toBe(1);
    await set(a, 'later', '1');
    await until('the journal comes in', async () => (await view(a, 'C')).journalTransfer === 'Caught up');
    expect([await get(c, 'good'), await get(c, 'bad'), await get(c, 'later')]).toEqual(['1', 'null', 'null']);
    // Its own updates are taken all the same.
    expect(await set(c, 'own', '1')).toBe('OK');
    filterIn(c, name.split(' ')[0] ?? '', 'return true;');
    expect(await c.call('mirror.dejournal', { action: 'start' })).toMatchObject({ halted: null });
    await has(c, 'later', '1');
    expect([await get(c, 'bad'), await get(c, 'own')]).toEqual(['1', '1']);
  });

  it('that cannot be loaded is refused, and the one before goes on', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-rw');
    const file = filterIn(c, 'drops', dropsA);
    await c.call('mirror.filter', { action: 'set', file });
    const broken = path.join(c.home, 'broken.mjs');
    writeFileSync(broken, 'export class {');
    for (const bad of [broken, path.join(c.home, 'none.mjs')])
      expect((await refusalOf(c.call('mirror.filter', { action: 'set', file: bad }))).what).toMatch(/cannot be loaded/);
    expect(await c.call('mirror.filter', { action: 'status' })).toMatchObject({ file, failed: null });
    await set(a, 'a(1)', '1');
    await set(a, 'b(1)', '1');
    await has(c, 'b(1)', '1');
    expect(await get(c, 'a(1)')).toBe('null');
  });

  it('belongs to reporting members', async () => {
    const pair = await pairOfTest();
    const c = await newInstance(pair, 'C');
    await joinAs(pair, c, 'dr');
    const file = filterIn(c, 'drops', dropsA);
    for (const member of [pair.a, c])
      expect((await refusalOf(member.call('mirror.filter', { action: 'set', file }))).what).toMatch(/only on a reporting member/);
  });
});
