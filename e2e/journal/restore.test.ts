import { describe, expect, it } from 'vitest';
import { RespClient } from '../../engine/cli/resp-client.ts';
import { getIn, newInstance, setIn } from '../asyncs-support.ts';
import { pairOfTest } from '../support/pair-of-test.ts';
import type { TestMember } from '../support/pair.ts';
import { until } from '../support/until.ts';
import { gemel, search, type Ran } from './command.ts';

/** Runs `act` with a connection of its own, whose open transaction ends with it. */
async function connected<T>(member: TestMember, act: (client: RespClient) => Promise<T>): Promise<T> {
  const client = await RespClient.connect('127.0.0.1', member.port);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

async function localFiles(member: TestMember): Promise<string[]> {
  const { out } = await gemel(member, 'journal', 'list', member.name, '--local', '--json');
  const { journals } = JSON.parse(out) as { journals: { files: { name: string }[] }[] };
  return journals[0]?.files.map(({ name }) => name) ?? [];
}

describe('restoring journal files', () => {
  it('makes another database what the first was at a point, with what was open there rolled back', async () => {
    const pair = await pairOfTest({ arbiter: false, second: false });
    const x = await newInstance(pair, 'X');
    await x.call('db.create', { name: 'DATA' });
    await x.call('db.create', { name: 'COPY' });
    const source = (await x.call('db.list', {})).find(({ name }) => name === 'DATA')?.directory ?? '';
    for (let n = 0; n < 20; n++) await setIn(x, 'DATA', `acct(${n})`, `first ${n}`);
    await x.call('journal.switch', {});
    await connected(x, async (client) => {
      await client.command('TSTART');
      await client.command('GSET', '^|"DATA"|acct(3)', 'open');
      await client.command('GKILL', '^|"DATA"|acct(4)');
      await setIn(x, 'DATA', 'acct(5)', 'second 5');
      await setIn(x, 'DATA', 'mark', 'here');
      await gemel(x, 'journal', 'sync', 'X');
      const [mark] = await search(x, '--global', '^mark');
      await setIn(x, 'DATA', 'acct(6)', 'after the mark');
      await client.command('TCOMMIT');
      await setIn(x, 'DATA', 'acct(7)', 'after the commit');
      await gemel(x, 'journal', 'sync', 'X');
      const [next] = await search(x, '--global', '^acct(6)', '--from', mark?.time ?? '', '--local');
      const files = await localFiles(x);
      const restore = (...args: string[]): Promise<Ran> =>
        gemel(x, 'journal', 'restore', 'X', 'COPY', '--from', ...files, '--source', source, ...args, '--json');
      const done = await restore('--to', `${next?.file}:${next?.block}`);
      expect([done.code, done.err]).toEqual([0, '']);
      expect(JSON.parse(done.out)).toMatchObject({ rolledBack: 1, upTo: { file: next?.file, offset: next?.block } });
      const copy = (node: string): Promise<unknown> => getIn(x, 'COPY', node);
      expect(await Promise.all(['acct(3)', 'acct(4)', 'acct(5)', 'acct(6)', 'mark'].map(copy))).toEqual([
        'first 3',
        'first 4',
        'second 5',
        'first 6',
        'here',
      ]);
      // Once more from the beginning, and to the end: after a kill in the middle too.
      const killed = restore();
      await until('it has begun', async () => Promise.resolve(x.messages().includes('Job 2 (restore journal files to COPY): Updates of ')));
      await x.kill();
      await killed;
      await x.start();
      expect((await restore()).code).toBe(0);
      expect(await Promise.all(['acct(3)', 'acct(4)', 'acct(5)', 'acct(6)', 'acct(7)'].map(copy))).toEqual([
        'open',
        null,
        'second 5',
        'after the mark',
        'after the commit',
      ]);
      await setIn(x, 'COPY', 'acct(7)', 'open for others again');
    });
  });

  it('is refused for a mirrored database, for files that are not there or lack one, and for a database that they do not name', async () => {
    const pair = await pairOfTest({ arbiter: false, second: false });
    const { a } = pair;
    await a.call('db.create', { name: 'OWN' });
    await setIn(a, 'OWN', 'x', '1');
    const [file = ''] = await localFiles(a);
    const refusal = async (database: string, ...args: string[]): Promise<string> => {
      const { code, err } = await gemel(a, 'journal', 'restore', 'A', database, ...args);
      expect(code).not.toBe(0);
      return err;
    };
    expect(await refusal('DB', '--from', file)).toMatch(/is a database of the mirror TEST.*Nothing was changed/);
    expect(await refusal('OWN', '--from', 'nothing.001')).toMatch(/There is no file .*nothing\.001/);
    expect(await refusal('NONE', '--from', file)).toMatch(/no mounted database NONE/);
    expect(await refusal('OWN', '--from', file, '--source', 'ELSE')).toMatch(/name no database ELSE.*They name /);
    expect(await refusal('OWN', '--from', file, '--to', 'yesterday')).toMatch(/neither a time nor a place/);
    expect(await refusal('OWN', '--from', file, file)).toMatch(/are both journal file 1/);
    expect(await getIn(a, 'OWN', 'x')).toBe('1');
  });
});
