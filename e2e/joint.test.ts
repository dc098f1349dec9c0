import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RespClient, type RespValue } from '../engine/cli/resp-client.ts';
import { instancePaths } from '../engine/instance/host.ts';
import { makePair, type Pair, type TestMember } from './support/pair.ts';
import { until } from './support/until.ts';

/** Never to be seen outside the unmirrored database and the local journal. */
const SECRET = 'unmirrored-and-secret';
const ROUNDS = 3;
const CLIENTS = 4;

let pair: Pair;

beforeAll(async () => {
  pair = await makePair();
  await pair.a.call('db.create', { name: 'LOCAL', mirrored: false });
});
afterAll(() => pair?.stop());

const connect = async (member: TestMember): Promise<RespClient> => {
  const client = await RespClient.connect('127.0.0.1', member.port);
  await client.command('NAMESPACE', 'DB');
  return client;
};

/** Sends commands together; gives the answers, or null when the connection was lost. */
async function send(client: RespClient, ...commands: string[][]): Promise<RespValue[] | null> {
  const answers = await Promise.allSettled(commands.map((command) => client.command(...command)));
  return answers.some(({ status }) => status === 'rejected')
    ? null
    : answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : null));
}

/** Numbers `n` for which a member has the node `x(n)` in that namespace. */
async function numbersIn(member: TestMember, namespace: string): Promise<Set<number>> {
  const client = await connect(member);
  try {
    const page = await client.command('GSCAN', `^|"${namespace}"|x`, 'COUNT', '100000');
    const found = Array.isArray(page) && Array.isArray(page[1]) ? page[1] : [];
    return new Set(found.flatMap((text) => /x\((\d+)\)$/.exec(String(text))?.slice(1).map(Number) ?? []));
  } finally {
    client.close();
  }
}

/** Clients commit transactions over both databases, one behind the other without waiting, until the primary is killed. */
async function commitUntilKilled(first: number, acknowledged: Set<number>): Promise<void> {
  const client = await connect(pair.a);
  for (let n = first; ; n += CLIENTS) {
    const answers = await send(client, ['TSTART'], ['GSET', `^x(${n})`, 'mirrored'], ['GSET', `^|"LOCAL"|x(${n})`, SECRET], ['TCOMMIT']);
    if (answers === null) return;
    acknowledged.add(n);
  }
}

it('a transaction over mirrored and unmirrored data ends the same in both when the primary is killed', async () => {
  const acknowledged = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const begun = acknowledged.size;
    const open = await connect(pair.a);
    const number = 5_000_000 + round;
    await send(open, ['TSTART'], ['GSET', `^x(${number})`, 'never'], ['GSET', `^|"LOCAL"|x(${number})`, SECRET]);
    const running = Array.from({ length: CLIENTS }, (_, n) => commitUntilKilled((round * CLIENTS + n) * 100_000 + n, acknowledged));
    await until('transactions are acknowledged', () => Promise.resolve(acknowledged.size >= begun + 40));
    await pair.a.kill();
    await Promise.all(running);

    await pair.b.sees({ B: 'Primary' });
    await pair.a.start();
    await pair.ready(pair.b);
    // The member that comes back as backup learns from the mirror how transactions in doubt ended.
    const client = await connect(pair.a);
    await until(
      'the unmirrored database takes updates again',
      async () => (await send(client, ['GSET', '^|"LOCAL"|goesOn', '1'])) !== null,
    );
    client.close();
    const [mirrored, local] = [await numbersIn(pair.b, 'DB'), await numbersIn(pair.a, 'LOCAL')];
    expect(local).toEqual(mirrored);
    // An active backup may still be dejournaling.
    let onBackup: Set<number> | undefined;
    await until(
      'the backup holds the same',
      async () => {
        onBackup = await numbersIn(pair.a, 'DB');
        return onBackup.size === mirrored.size && [...mirrored].every((n) => onBackup?.has(n));
      },
      () => [...(onBackup ?? [])],
    );
    expect([...acknowledged].filter((n) => !mirrored.has(n))).toEqual([]);
    expect([...mirrored].filter((n) => n >= 5_000_000 && n < 5_000_000 + ROUNDS)).toEqual([]);

    await pair.b.call('mirror.switchOver', {});
    await pair.ready(pair.a);
    expect(await numbersIn(pair.a, 'LOCAL')).toEqual(local);
  }
});

it('nothing unmirrored is in the journal of the mirror, nor on the other host', () => {
  const journals = (member: TestMember): string[] => {
    const { journal } = instancePaths(member.directory);
    return fs.readdirSync(journal).map((name) => path.join(journal, name));
  };
  const having = (files: string[]): string[] =>
    files.filter((file) => fs.readFileSync(file).includes(SECRET)).map((file) => path.basename(file));
  const onA = journals(pair.a);
  expect(onA.some((file) => path.basename(file).startsWith('MIRROR-TEST-'))).toBe(true);
  expect(having(onA).some((name) => name.startsWith('MIRROR-'))).toBe(false);
  expect(having(onA).length).toBeGreaterThan(0);
  expect(having(journals(pair.b))).toEqual([]);
});
