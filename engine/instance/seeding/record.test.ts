import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { realFiles } from '../../io/index.ts';
import { removeSeeds, seedDirectory } from './context.ts';
import { SeedRecord } from './record.ts';

const mgr = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-record-'));
afterAll(() => fs.rmSync(mgr, { recursive: true, force: true }));
const open = (self = 'me'): SeedRecord => new SeedRecord(realFiles, mgr, 'M', self);
const part = { database: 'DB', guid: 'g', id: 'x', file: '/f', directory: '/d' };

describe('what a member remembers of its copies', () => {
  it('outlasts it, belongs to this member, and is nothing where it cannot be read', () => {
    const record = open();
    record.settle('g', 2);
    record.settle('g', 1);
    record.settle('h', 1);
    record.begin(part);
    record.begin({ ...part, id: 'y' });
    const again = open();
    expect([again.settled('g'), again.settled('h'), again.settled('i'), again.parts]).toEqual([2, 1, undefined, [{ ...part, id: 'y' }]]);
    again.keepOnly(new Set(['h']));
    expect([open().settled('g'), open().settled('h')]).toEqual([undefined, 1]);
    // Joined anew it has had no copy, but what was on its way is there to be removed.
    expect([open('other').settled('h'), open('other').parts.length]).toEqual([undefined, 1]);
    again.end('DB');
    expect(open().parts).toEqual([]);
    fs.writeFileSync(path.join(mgr, 'seeding-M.json'), '{"self":');
    expect(open().settled('h')).toBeUndefined();
  });

  it('says what is kept of what was on its way', () => {
    const directory = path.join(mgr, 'db');
    fs.mkdirSync(seedDirectory(directory), { recursive: true });
    const [one, two] = ['one.part', 'two.backup'].map((name) => path.join(seedDirectory(directory), name));
    for (const file of [one, two]) fs.writeFileSync(file ?? '', 'x');
    removeSeeds(realFiles, [directory, path.join(mgr, 'none')], new Set([one ?? '']));
    expect(fs.readdirSync(seedDirectory(directory))).toEqual(['one.part']);
  });
});
