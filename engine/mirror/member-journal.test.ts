import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeKey } from '../globals/index.ts';
import { realIo } from '../io/index.ts';
import { cutTail, ThreadDisk, type Position } from '../journal/index.ts';
import { MemberJournal, type JournalCuts } from './member-journal.ts';

let root: string;
let open: MemberJournal[] = [];
const mirror = { name: 'TEST', guid: '00000000-0000-4000-8000-0000000000ff' };
const guid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const epoch = (minor: number, member: number) => ({ major: 1, minor, member: guid(member) });

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-member-'));
});

afterEach(async () => {
  for (const each of open) await each.close();
  open = [];
  fs.rmSync(root, { recursive: true, force: true });
});

/** Cuts a journal where no database has to be rewound; refuses otherwise. */
function cutsOf(directory: string, databases: readonly Position[]): JournalCuts {
  const journal = { kind: 'mirror' as const, name: mirror.name, guid: mirror.guid };
  return {
    isPending: false,
    finish: () => Promise.resolve(),
    at: ({ fork }) =>
      new Promise((resolve) => {
        resolve(cutTail({ files: realIo.files, directory, journal, fork: fork.position, chain: fork.chain, databases, name: 'test' }));
      }),
  };
}

function member(name: string, n: number, databases: readonly Position[] = []): MemberJournal {
  const fail = (error: unknown): void => {
    throw error;
  };
  const made = new MemberJournal({
    io: realIo,
    directory: path.join(root, name),
    mirror,
    self: guid(n),
    logs: [],
    fileBytesMax: 1 << 20,
    newDisk: () => new ThreadDisk({ preallocate: 64 * 1024 }),
    cuts: cutsOf(path.join(root, name), databases),
    cutting: () => undefined,
    warn: fail,
    synced: () => undefined,
    failed: fail,
  });
  open.push(made);
  return made;
}

/** Writes blocks in a new epoch. */
async function write(journal: MemberJournal, minor: number, n: number, blocks: number): Promise<void> {
  const writer = await journal.write(epoch(minor, n));
  writer.setGate('open');
  const database = writer.bind({ name: 'DB', guid: guid(9) });
  for (let block = 0; block < blocks; block += 1) {
    writer.set(database, encodeKey('x', [String(block)]), `${n} ${block}`, undefined, 0, 1);
    await writer.settled();
  }
  await journal.close();
}

/** A copy of the journal as another member has it that received everything. */
function copy(from: string, to: string): void {
  fs.cpSync(path.join(root, from), path.join(root, to), { recursive: true });
}

describe('a journal is made the beginning of the other one', () => {
  it('by nothing, when it is, or when it is empty', async () => {
    const a = member('a', 1);
    await write(a, 1, 1, 3);
    copy('a', 'b');
    const b = member('b', 2);
    expect(await b.alignWith(a.reach)).toEqual([]);
    await write(a, 2, 1, 2);
    expect(await b.alignWith(a.reach)).toEqual([]);
    expect(await member('empty', 2).alignWith(a.reach)).toEqual([]);
  });

  it('by setting aside what it has beyond the end of the other one, or behind the fork', async () => {
    const a = member('a', 1);
    await write(a, 1, 1, 3);
    copy('a', 'b');
    const b = member('b', 2);
    const shared = b.end.position;
    await write(a, 2, 1, 4);
    const beyond = member('a', 1);
    const sides = await beyond.alignWith(b.reach);
    expect(sides).toHaveLength(1);
    expect(fs.existsSync(String(sides[0]))).toBe(true);
    expect(beyond.reach).toEqual(b.reach);

    copy('b', 'c');
    const [old, next] = [member('b', 2), member('c', 3)];
    await write(old, 2, 2, 2);
    await write(next, 3, 3, 1);
    expect(await old.alignWith(next.reach)).toHaveLength(1);
    expect(old.end.position).toEqual(shared);
  });

  it('not at all, when a database holds what would go', async () => {
    const a = member('a', 1);
    await write(a, 1, 1, 2);
    copy('a', 'b');
    const b = member('b', 2);
    await write(a, 2, 1, 2);
    const before = a.reach;
    await expect(member('a', 1, [before.end.position]).alignWith(b.reach)).rejects.toMatchObject({ name: 'GemelError' });
    expect(member('a', 1).reach).toEqual(before);
  });

  it('not at all, when they have no history in common', async () => {
    const [a, b] = [member('a', 1), member('b', 2)];
    await write(a, 1, 1, 2);
    await write(b, 2, 2, 2);
    await expect(b.alignWith(a.reach)).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

it('says how new it is: nothing at first, then its last epoch and its end', async () => {
  const a = member('a', 1);
  expect(a.end).toEqual({ epoch: { major: 0, minor: 0, member: '' }, position: { file: 0, offset: 0 } });
  await write(a, 1, 1, 1);
  expect(a.end).toMatchObject({ epoch: epoch(1, 1), position: { file: 1 } });
});

it('a member that writes does not receive', async () => {
  const a = member('a', 1);
  await a.write(epoch(1, 1));
  expect(() => a.receive()).toThrow();
});
