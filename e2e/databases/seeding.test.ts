import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { SeedResult } from '../../engine/api/seeding.ts';
import { RespClient } from '../../engine/cli/resp-client.ts';
import { instancePaths } from '../../engine/instance/host.ts';
import { readSettings } from '../../engine/instance/settings.ts';
import { asyncOf, getIn, setIn, times } from '../asyncs-support.ts';
import { Acknowledged, sameIn } from '../support/acknowledged.ts';
import type { TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { until } from '../support/until.ts';
import { db, gemel, holds, refused, stands, statusOf } from './support.ts';

const VALUE_BYTES = 8192;

/** One step for the whole mirror, and copies that members make from one another's. */

/** Content that does not compress. */
async function fill(member: TestMember, database: string, megabytes: number): Promise<void> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  const count = (megabytes * 1024 * 1024) / VALUE_BYTES;
  for (let from = 0; from < count; from += 64) {
    const some = Array.from({ length: Math.min(64, count - from) }, (_, n) => `^|"${database}"|f(${from + n})`);
    await Promise.all(some.map((node) => client.command('GSET', node, randomBytes(VALUE_BYTES).toString('latin1'))));
  }
  client.close();
}

/** Waits until the member lacks these of the mirror's databases, and no others. */
async function lacks(member: TestMember, ...names: string[]): Promise<void> {
  let seen: unknown;
  await until(
    `${member.name} lacks ${names.join(', ') || 'nothing'}`,
    async () => {
      seen = (await member.status())?.missingDatabases;
      return JSON.stringify(seen) === JSON.stringify(names);
    },
    () => seen,
  );
}

async function seeded(member: TestMember, action: string, ...args: string[]): Promise<SeedResult> {
  return SeedResult.parse(JSON.parse(await db(member, action, ...args, '--json')));
}

function namespaces(member: TestMember): Record<string, string> {
  return readSettings(instancePaths(member.directory).settings).Namespaces;
}

it('creates and adds databases for the whole mirror, under load; says what it cannot do, and goes on when it can', async () => {
  const pair = await pairOfTest();
  const { a, b } = pair;
  const c = await asyncOf(pair, 'C', 'dr');
  const d = await asyncOf(pair, 'D', 'reporting-ro');
  const load = await Acknowledged.by(a, 200);
  // Created: empty, and each member makes its own.
  const created = await gemel(a, 'db', 'create', 'A', 'NEW', '--mirrored', '--whole-mirror');
  expect(created).toMatchObject({ code: 0, out: expect.stringMatching(/B, C: the copies of NEW are caught up/) });
  for (const member of [b, c]) {
    expect(await statusOf(member, 'NEW')).toBe('Dejournaling');
    expect(namespaces(member)['NEW']).toBe('NEW');
    expect(times(member, 'SEEDED')).toBe(1);
  }
  expect(await statusOf(d, 'NEW')).toBeUndefined();
  // Added, with data: each member copies it over the data channel.
  await db(a, 'create', 'OLD');
  await fill(a, 'OLD', 20);
  await setIn(a, 'OLD', 'before', '1');
  const added = await seeded(a, 'add-to-mirror', 'OLD', '--whole-mirror');
  expect(added.copies).toEqual(['B', 'C'].map((member) => ({ database: 'OLD', member, state: 'caught-up', text: '' })));
  await setIn(a, 'OLD', 'after', '1');
  for (const member of [b, c]) await holds(member, 'OLD', 'after', '1');
  await sameIn('OLD', [a, b, c]);
  expect(await statusOf(d, 'OLD')).toBeUndefined();
  // A reporting member is asked for it by hand: one command.
  expect(await db(d, 'seed', 'OLD')).toMatch(/taken from A and follows the mirror/);
  await sameIn('OLD', [a, d]);
  expect(await statusOf(d, 'NEW')).toBeUndefined();
  expect(await refused(d, 'seed', 'OLD')).toMatch(/has a copy of OLD already.*--overwrite/);
  expect(await refused(d, 'seed', 'NONE')).toMatch(/has no database NONE/);
  await db(d, 'seed', 'OLD', '--overwrite', '--from', 'C');
  await sameIn('OLD', [a, d]);
  await load.stop();

  // A name that is taken, on one member; it says so there and on the primary, and goes on by itself or as it is told.
  await db(b, 'create', 'THIRD');
  await db(a, 'create', 'THIRD');
  await setIn(a, 'THIRD', 'x', '1');
  const { code, err } = await gemel(a, 'db', 'add-to-mirror', 'A', 'THIRD', '--whole-mirror');
  expect(code).toBe(1);
  expect(err).toMatch(/B, THIRD: refused\. The name THIRD.*gemel db seed B THIRD --as NAME/);
  expect(times(b, 'SEED_REFUSED')).toBe(1);
  await lacks(b, 'THIRD');
  await holds(c, 'THIRD', 'x', '1');
  expect(await db(b, 'seed', 'THIRD', '--as', 'MINE')).toMatch(/namespace THIRD.* has THIRD here/);
  await holds(b, 'MINE', 'x', '1');
  expect(times(b, 'SEED_DIFFERENCE')).toBe(1);
  // A copy that was taken away stays away, until it is wished for anew on the primary.
  await db(c, 'remove-from-mirror', 'THIRD');
  await c.stop();
  fs.rmSync(path.join(c.directory, 'third'), { recursive: true });
  await db(a, 'create', 'LATE');
  await setIn(a, 'LATE', 'x', '1');
  const late = await seeded(a, 'add-to-mirror', 'LATE', '--whole-mirror');
  expect(late.message).toMatch(/Not connected, or silent: C/);
  await c.start();
  await holds(c, 'LATE', 'x', '1');
  await lacks(c, 'THIRD');
  await pair.ready();
}, 240_000);

it('goes on when the member, or the primary, is killed in the middle, and ends with the same databases', async () => {
  const pair = await pairOfTest();
  const { a, b } = pair;
  const c = await asyncOf(pair, 'C', 'dr');
  await db(a, 'create', 'BIG');
  await fill(a, 'BIG', 40);
  const load = await Acknowledged.by(a, 200);
  await db(a, 'add-to-mirror', 'BIG', '--whole-mirror', '--background');
  const part = (member: TestMember): number => {
    const directory = path.join(member.directory, 'big', '.seed');
    const names = fs.existsSync(directory) ? fs.readdirSync(directory).filter((name) => name.endsWith('.part')) : [];
    return names.reduce((sum, name) => sum + fs.statSync(path.join(directory, name)).size, 0);
  };
  await until('B has some of it', () => Promise.resolve(part(b) > 1024 * 1024));
  await b.kill();
  await b.start();
  await stands(b, 'BIG', 'Dejournaling');
  await stands(c, 'BIG', 'Dejournaling');
  await pair.ready();
  await setIn(a, 'BIG', 'kept', '1');
  for (const member of [b, c]) await holds(member, 'BIG', 'kept', '1');
  await load.more(200);
  // The primary in the middle of a copy: it is begun again from the new one. Until it is there the former copy counts.
  const { job } = await c.call('db.seed', { names: ['BIG'], overwrite: true });
  await until('C has some of it anew', () => Promise.resolve(part(c) > 1024 * 1024));
  expect(await getIn(c, 'BIG', 'kept')).toBe('1');
  await a.kill();
  await load.cut();
  await b.sees({ B: 'Primary' });
  await load.verify(b);
  await setIn(b, 'BIG', 'end', '1');
  const ended = await until('C has its copy', async () => {
    const now = await c.call('job.get', { job, waitMs: 1000 });
    return now.state !== 'running' && now;
  });
  expect(ended).toMatchObject({ state: 'done', result: { copies: [{ database: 'BIG', member: 'C', state: 'caught-up' }] } });
  await a.start();
  await pair.ready(b);
  for (const member of [a, c]) await holds(member, 'BIG', 'end', '1');
  await sameIn('BIG', [a, b, c]);
  expect(part(b) + part(c)).toBe(0);
}, 240_000);
