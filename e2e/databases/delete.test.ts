import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RespClient } from '../../engine/cli/resp-client.ts';
import { instancePaths } from '../../engine/instance/host.ts';
import { getIn, setIn, times } from '../asyncs-support.ts';
import type { TestMember } from '../support/pair.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import { db, gemel, refused, tried } from './support.ts';

async function listed(member: TestMember): Promise<string[]> {
  return (await member.call('db.list', {})).map(({ name }) => name);
}

function cpf(member: TestMember): string {
  return readFileSync(instancePaths(member.directory).settings, 'utf8');
}

describe('deleting a database', () => {
  it('takes one that is not mirrored, mounted or not, with its namespaces, and nothing else', async () => {
    const { a } = await pairOfTest({ second: false });
    const directory = (name: string): string => path.join(a.directory, name.toLowerCase());
    for (const name of ['GONE', 'AWAY', 'KEPT']) {
      await db(a, 'create', name);
      await setIn(a, name, 'x', name);
    }
    expect(await refused(a, 'delete', 'NONE', '--yes')).toMatch(/no database NONE/);
    expect(await refused(a, 'delete', 'DB', '--yes')).toMatch(/is mirrored.*remove-from-mirror/);
    expect(await refused(a, 'delete', 'GEMELSYS', '--yes')).toMatch(/no database|system database/);
    expect(await refused(a, 'delete', 'GONE')).toMatch(/namespace GONE.*gone for good.*--yes/);
    expect(await getIn(a, 'GONE', 'x')).toBe('GONE');
    // Not while a transaction has changed it.
    const client = await RespClient.connect('127.0.0.1', a.port);
    await client.command('TSTART');
    await client.command('GSET', '^|"GONE"|open', '1');
    expect(await refused(a, 'delete', 'GONE', '--yes')).toMatch(/open transactions/);
    await client.command('TCOMMIT');
    client.close();
    expect(await tried(a, 'GONE', 'y', '1')).toBe('OK');

    expect(await db(a, 'delete', 'GONE', '--yes')).toMatch(/deleted, with the namespace GONE/);
    await db(a, 'dismount', 'AWAY');
    writeFileSync(path.join(directory('AWAY'), 'notes.txt'), 'a person’s own');
    await db(a, 'delete', 'AWAY', '--yes');
    expect(existsSync(directory('GONE'))).toBe(false);
    expect(existsSync(path.join(directory('AWAY'), 'GEMEL.DAT'))).toBe(false);
    expect(existsSync(path.join(directory('AWAY'), 'notes.txt'))).toBe(true);
    expect(await listed(a)).toEqual(['DB', 'KEPT', 'USER']);
    expect(cpf(a)).not.toMatch(/GONE|AWAY/);
    expect(await tried(a, 'GONE', 'x', '1')).toBe('NAMESPACE');
    expect(times(a, 'DATABASE_DELETED')).toBe(2);

    // A new one of that name has nothing of it, also after what the journal has of the former one was read again.
    await db(a, 'create', 'GONE');
    await setIn(a, 'GONE', 'new', '1');
    await a.kill();
    await a.start();
    await a.sees({ A: 'Primary' });
    expect([await getIn(a, 'GONE', 'x'), await getIn(a, 'GONE', 'new'), await getIn(a, 'KEPT', 'x')]).toEqual([null, '1', 'KEPT']);

    // One that was removed from the mirror.
    await setIn(a, 'DB', 'x', '1');
    await db(a, 'remove-from-mirror', 'DB');
    await db(a, 'delete', 'DB', '--yes');
    expect(await listed(a)).toEqual(['GONE', 'KEPT', 'USER']);
    await db(a, 'create', 'DB', '--mirrored');
    expect(await getIn(a, 'DB', 'x')).toBe(null);

    // Its file cannot be opened any more.
    await a.stop();
    writeFileSync(path.join(directory('KEPT'), 'GEMEL.DAT'), 'no database');
    await a.start();
    await a.sees({ A: 'Primary' });
    await db(a, 'delete', 'KEPT', '--yes');
    expect(existsSync(directory('KEPT'))).toBe(false);
  });

  it('that is interrupted leaves the database as it was, or nothing of it', async () => {
    const { a } = await pairOfTest({ second: false });
    for (const moment of [0, 3, 6, 10, 15, 25, 45]) {
      const name = `D${moment}`;
      await db(a, 'create', name);
      await setIn(a, name, 'x', '1');
      const asked = gemel(a, 'db', 'delete', a.name, name, '--yes');
      await delay(moment);
      await a.kill();
      const { code } = await asked;
      await a.start();
      await a.sees({ A: 'Primary' });
      const file = path.join(a.directory, name.toLowerCase());
      if ((await listed(a)).includes(name)) {
        expect(code).not.toBe(0);
        expect(await getIn(a, name, 'x')).toBe('1');
        expect(await tried(a, name, 'y', '1')).toBe('OK');
        await db(a, 'delete', name, '--yes');
      } else expect(cpf(a)).not.toContain(name);
      expect(existsSync(file)).toBe(false);
    }
    // Whatever a note in the way of the start may be.
    mkdirSync(path.join(a.directory, 'other'));
    await a.stop();
    writeFileSync(path.join(instancePaths(a.directory).mgr, 'delete-X.json'), '{');
    await a.start();
    await a.sees({ A: 'Primary' });
    expect(a.messages()).toMatch(/delete-X\.json/);
  });
});
