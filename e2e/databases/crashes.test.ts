import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RespClient, RespError } from '../../engine/cli/resp-client.ts';
import { instancePaths } from '../../engine/instance/host.ts';
import { asyncOf, getIn, setIn } from '../asyncs-support.ts';
import type { TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { copyFile, databases, db, gemel, holds, refused, seed, stands, statusOf, tried } from './support.ts';

/** Moments after which a process is killed, in ms: whatever it has come to by then must be right. */
const moments = [0, 6, 12, 20, 30, 45, 70];

/** Writes numbers into a database until its member ends. */
class Writer {
  acknowledged = -1;
  readonly #done: Promise<void>;
  #isOver = false;

  constructor(member: TestMember, database: string) {
    this.#done = this.#write(member, database);
  }

  async #write(member: TestMember, database: string): Promise<void> {
    const client = await RespClient.connect('127.0.0.1', member.port);
    while (!this.#isOver) {
      try {
        await client.command('GSET', `^|"${database}"|n(${this.acknowledged + 1})`, 'v');
        this.acknowledged += 1;
      } catch (error) {
        // Refused for a moment: the same once more. Else the connection is gone.
        if (!(error instanceof RespError)) break;
      }
    }
    client.close();
  }

  /** Resolves when that many are acknowledged. */
  async reaches(count: number): Promise<void> {
    await until(`${count} are acknowledged`, () => Promise.resolve(this.acknowledged >= count));
  }

  async ended(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  /** Everything acknowledged is there. */
  async verify(member: TestMember, database: string): Promise<void> {
    for (let n = 0; n <= this.acknowledged; n++) {
      const value = await getIn(member, database, `n(${n})`);
      if (value !== 'v') throw new Error(`n(${n}) of ${database}, acknowledged, is ${String(value)} on ${member.name}`);
    }
  }
}

/** Begins it and kills the member a moment later. */
async function killed(member: TestMember, afterMs: number, begin: Promise<unknown>): Promise<void> {
  const answered = begin.catch(() => undefined);
  await delay(afterMs);
  await member.kill();
  await answered;
}

/** Writes so many bytes of journal. */
async function bulk(member: TestMember, database: string, bytes: number): Promise<void> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  const value = 'x'.repeat(8192);
  const count = Math.ceil(bytes / value.length);
  for (let from = 0; from < count; from += 64) {
    const some = Array.from({ length: Math.min(64, count - from) }, (_, n) => from + n);
    await Promise.all(some.map((n) => client.command('GSET', `^|"${database}"|bulk(${n})`, value)));
  }
  client.close();
}

async function primaryAgain(member: TestMember): Promise<void> {
  await member.start();
  await member.sees({ [member.name]: 'Primary' });
}

describe('a primary that is killed', () => {
  it('while a database is added leaves it ordinary or mirrored, with everything that was acknowledged', async () => {
    const { a } = await pairOfTest({ second: false });
    for (const moment of moments) {
      const name = `R${moment}`;
      await db(a, 'create', name);
      const writer = new Writer(a, name);
      await writer.reaches(50);
      await killed(a, moment, a.call('db.addToMirror', { databases: [{ name }] }));
      await writer.ended();
      await primaryAgain(a);
      await writer.verify(a, name);
      const [view] = (await a.call('db.list', {})).filter((each) => each.name === name);
      expect(view).toMatchObject({ mounted: true, readOnly: false });
      if (view?.mirrored !== true) await db(a, 'add-to-mirror', name);
      expect(await statusOf(a, name)).toBe('Normal');
      expect(await tried(a, name, 'end', '1')).toBe('OK');
    }
  });

  it('while a database is recreated or removed leaves it before or after that, never between', async () => {
    const { a } = await pairOfTest({ second: false, databases: moments.flatMap((moment) => [`C${moment}`, `D${moment}`]) });
    for (const moment of moments) {
      const [made, removed] = [`C${moment}`, `D${moment}`];
      for (const name of [made, removed]) {
        await setIn(a, name, 'one', '1');
        await setIn(a, name, 'two', '2');
      }
      await killed(a, moment, Promise.all([a.call('db.recreate', { names: [made] }), a.call('db.removeFromMirror', { names: [removed] })]));
      await primaryAgain(a);
      const both = [await getIn(a, made, 'one'), await getIn(a, made, 'two')];
      expect([
        ['1', '2'],
        [null, null],
      ]).toContainEqual(both);
      expect(await statusOf(a, made)).toBe('Normal');
      expect(await tried(a, made, 'end', '1')).toBe('OK');
      expect([await getIn(a, removed, 'one'), await getIn(a, removed, 'two')]).toEqual(['1', '2']);
      expect([undefined, 'Normal']).toContain(await statusOf(a, removed));
      expect(await tried(a, removed, 'end', '1')).toBe('OK');
    }
  });

  it('while its backup takes over keeps what the added database had', async () => {
    const pair = await pairOfTest();
    const { a, b } = pair;
    await db(a, 'create', 'OLD');
    const writer = new Writer(a, 'OLD');
    await writer.reaches(100);
    await db(a, 'add-to-mirror', 'OLD');
    const at = writer.acknowledged;
    await writer.reaches(at + 100);
    await writer.ended();
    await seed(a, b, 'OLD');
    const more = new Writer(a, 'OLD');
    await more.reaches(100);
    await pair.ready();
    await a.kill();
    await more.ended();
    await b.sees({ B: 'Primary' });
    await writer.verify(b, 'OLD');
    await more.verify(b, 'OLD');
    await a.start();
    await pair.ready(b);
    await setIn(b, 'OLD', 'end', '1');
    await holds(a, 'OLD', 'end', '1');
    await writer.verify(a, 'OLD');
  });
});

describe('a backup that is killed while a database catches up', () => {
  it('goes on with it when it is started again', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO'] });
    const { a, b } = pair;
    for (const moment of [0, 40, 150]) {
      await db(b, 'dismount', 'DB');
      await bulk(a, 'DB', 12 * 1024 * 1024);
      await setIn(a, 'DB', 'moment', String(moment));
      await killed(b, moment, b.call('db.mount', { names: ['DB'] }));
      await b.start();
      await stands(b, 'DB', 'Dejournaling');
      await holds(b, 'DB', 'moment', String(moment));
      const digests = await Promise.all([a, b].map((member) => member.call('db.verify', { name: 'DB' })));
      expect(digests[0]?.digest).toBe(digests[1]?.digest);
    }
    // Alive: others go on while it catches up beside them.
    await db(b, 'dismount', 'DB');
    await bulk(a, 'DB', 12 * 1024 * 1024);
    await db(b, 'mount', 'DB');
    await setIn(a, 'DB', 'end', '1');
    await holds(b, 'DB', 'end', '1');
    await pair.ready();
  });
});

describe('a copy whose journal is gone', () => {
  it('says so and stops nobody else; a fresh copy, or the operator’s word, makes it follow again', async () => {
    const pair = await pairOfTest({ databases: ['DB', 'TWO', 'THREE'] });
    const { a, b } = pair;
    const late = await db(a, 'create', 'LATE', '--mirrored');
    expect(late).toMatch(/mirrored as LATE/);
    for (const name of ['DB', 'THREE']) await db(b, 'pause-dejournal', name);
    await setIn(a, 'DB', 'x', '1');
    await setIn(a, 'THREE', 'x', '1');
    for (let n = 0; n < 2; n++) {
      await a.call('journal.switch', {});
      await setIn(a, 'TWO', 'n', String(n));
      await holds(b, 'TWO', 'n', String(n));
    }
    await b.stop();
    const { journal } = instancePaths(b.directory);
    const [first] = readdirSync(journal).filter((name) => name.startsWith('MIRROR-TEST-'));
    rmSync(path.join(journal, first ?? ''));
    await b.start();
    await stands(b, 'TWO', 'Dejournaling');
    expect(await refused(b, 'catchup', 'DB')).toMatch(/needs the mirror's journal from .* and what is here begins with file/);
    await stands(b, 'DB', 'Needs Catchup');
    expect((await databases(b))['DB']).toMatchObject({
      nextRecord: { file: expect.any(String), offset: expect.any(Number) },
      reason: expect.stringMatching(/what is here begins with file .* gemel db activate/),
    });
    expect(await refused(b, 'create', 'OTHER', '--mirrored', '--mirror-db', 'DB')).toMatch(/has a copy of DB already/);
    await setIn(a, 'TWO', 'n', 'more');
    await holds(b, 'TWO', 'n', 'more');
    expect(await refused(b, 'create', 'LATE', '--mirrored')).toMatch(/first mirror journal file of the database LATE is not here/);
    await db(a, 'dismount', 'DB');
    await db(b, 'dismount', 'DB');
    copyFile(a, b, 'DB');
    await db(a, 'mount', 'DB');
    await db(b, 'mount', 'DB');
    await stands(b, 'DB', 'Needs Activation');
    expect(await db(b, 'activate', 'DB')).toMatch(/is activated/);
    await stands(b, 'DB', 'Needs Catchup');
    await db(b, 'catchup', 'DB');
    await holds(b, 'DB', 'x', '1');
    await setIn(a, 'DB', 'x', '2');
    await holds(b, 'DB', 'x', '2');
    await refused(b, 'catchup', 'THREE');
    expect(await refused(b, 'mark-caught-up', 'THREE')).toMatch(/--yes/);
    await db(b, 'mark-caught-up', 'THREE', '--yes');
    await setIn(a, 'THREE', 'y', '1');
    await holds(b, 'THREE', 'y', '1');
    expect(await getIn(b, 'THREE', 'x')).toBe(null);
  });
});

describe('databases that are updated here', () => {
  it('are dismounted, mounted and recreated on a read-write reporting member, with what they have', async () => {
    const pair = await pairOfTest();
    const { a } = pair;
    const c = await asyncOf(pair, 'C', 'reporting-rw');
    await setIn(a, 'DB', 'x', '1');
    await holds(c, 'DB', 'x', '1');
    await setIn(c, 'DB', 'own', '1');
    await db(c, 'dismount', 'DB');
    expect(await statusOf(c, 'DB')).toBe('Database Dismounted');
    await setIn(a, 'DB', 'x', '2');
    await db(c, 'mount', 'DB');
    await holds(c, 'DB', 'x', '2');
    expect(await getIn(c, 'DB', 'own')).toBe('1');
    await db(c, 'dismount', 'DB');
    await setIn(a, 'DB', 'x', '3');
    await c.stop();
    await c.start();
    await holds(c, 'DB', 'x', '3');
    expect(await getIn(c, 'DB', 'own')).toBe('1');
    await db(a, 'recreate', 'DB');
    await setIn(a, 'DB', 'new', '1');
    await stands(c, 'DB', 'Obsolete');
    await db(c, 'recreate', 'DB');
    await holds(c, 'DB', 'new', '1');
    expect([await getIn(c, 'DB', 'own'), await getIn(c, 'DB', 'x')]).toEqual([null, null]);
    await db(c, 'remove-from-mirror', 'DB');
    expect(await tried(c, 'DB', 'own', '2')).toBe('OK');
    await setIn(a, 'DB', 'new', '2');
    expect(await getIn(c, 'DB', 'new')).toBe('1');
  });

  it('take no change while a transaction has them, and say so', async () => {
    const { a } = await pairOfTest({ second: false });
    await db(a, 'create', 'OLD');
    const client = await RespClient.connect('127.0.0.1', a.port);
    await client.command('TSTART');
    await client.command('GSET', '^|"OLD"|x', '1');
    for (const action of ['add-to-mirror', 'dismount']) expect(await refused(a, action, 'OLD')).toMatch(/1 open transactions have changed/);
    expect(await tried(a, 'OLD', 'y', '1')).toBe('OK');
    await client.command('TCOMMIT');
    client.close();
    const { code } = await gemel(a, 'db', 'add-to-mirror', a.name, 'OLD');
    expect(code).toBe(0);
    expect([await getIn(a, 'OLD', 'x'), await getIn(a, 'OLD', 'y')]).toEqual(['1', '1']);
  });

  it('that are in no mirror are dismounted and mounted with what they have, also by a start', async () => {
    const { a } = await pairOfTest({ second: false });
    await db(a, 'create', 'OWN');
    await setIn(a, 'OWN', 'x', '1');
    await db(a, 'dismount', 'OWN');
    expect(await tried(a, 'OWN', 'x', '2')).toBe('DATABASE');
    await db(a, 'mount', 'OWN');
    await setIn(a, 'OWN', 'x', '3');
    await db(a, 'dismount', 'OWN');
    await a.kill();
    await primaryAgain(a);
    expect(await getIn(a, 'OWN', 'x')).toBe('3');
    await setIn(a, 'OWN', 'x', '4');
    await a.kill();
    await primaryAgain(a);
    expect(await getIn(a, 'OWN', 'x')).toBe('4');
  });
});
