import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import type { LocalDatabase, SeedAbout } from '../../mirror/index.ts';
import { afterFailure, decideSeed, isDue, namespacesFor, newsOfCopy, requireRoom, type SeedHere } from './decide.ts';

const MB = 1024 * 1024;
const about: SeedAbout = {
  name: 'DATA',
  guid: 'db',
  origin: 'added',
  created: { file: 1, offset: 0 },
  bytes: 100 * MB,
  maxSizeMB: null,
  namespaces: [],
};
const created: SeedAbout = { ...about, origin: 'created', bytes: MB };
const view: LocalDatabase = { name: 'MDATA', directory: '/d', mounted: true, position: { file: 2, offset: 10 }, failoverDB: true };
const here: SeedHere = {
  view: undefined,
  isMapped: false,
  guid: 'db',
  isPrimary: false,
  instance: 'B',
  database: 'MDATA',
  name: 'DATA',
  isTaken: false,
  directory: '/data',
  isOccupied: false,
  overwrite: false,
  lacksJournal: null,
};
const has = { view, isMapped: true, isTaken: true, isOccupied: true };

function outcome(given: SeedAbout, change: Partial<SeedHere>): string {
  try {
    return decideSeed(given, { ...here, ...change });
  } catch (error) {
    if (error instanceof GemelError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('how a member gets its copy', () => {
  it.each<[string, SeedAbout, Partial<SeedHere>, RegExp]>([
    ['one that was added is copied', about, {}, /^copy$/],
    ['one that was created is made empty, and replayed', created, {}, /^create$/],
    ['unless its journal is gone', created, { lacksJournal: 'gone' }, /^copy$/],
    ['or it has become large', { ...created, bytes: 100 * MB }, {}, /^copy$/],
    ['one that is here is not touched', about, has, /^EXISTS: .*copy of MDATA already.*gemel db seed B MDATA --overwrite/],
    ['nor one that cannot be mounted', about, { ...has, view: undefined }, /^EXISTS: .*it is not mounted/],
    ['one that is here is replaced when that is said', about, { ...has, overwrite: true }, /^copy$/],
    ['also one that was created', created, { ...has, overwrite: true }, /^copy$/],
    ['not another database of its name', about, { isTaken: true }, /^EXISTS: The name DATA.*--as NAME/],
    ['not even when that is said', about, { isTaken: true, overwrite: true }, /^EXISTS: The name DATA/],
    ['not where another file is', about, { isOccupied: true }, /^EXISTS: .*file in \/data already.*--dir/],
    ['settings that contradict themselves', about, { isMapped: true, overwrite: true }, /^REFUSED: .*\[MapMirrors\]/],
    ['a database that the mirror has not', about, { guid: null }, /^NOT_FOUND: /],
    ['one that was made anew, of which not all have heard', about, { guid: 'other' }, /^TIMEOUT: /],
    ['on a member that has become primary', about, { isPrimary: true }, /^REFUSED: .*become primary.*switch-over/],
  ])('%s', (_, given, change, expected) => {
    expect(outcome(given, change)).toMatch(expected);
  });

  it('is refused where the disk has no room for it', () => {
    const place = { name: 'DATA', directory: '/data', instance: 'B', database: 'MDATA' };
    expect(() => requireRoom(place, { needed: 10 * MB, free: 30 * MB, kept: 20 * MB })).not.toThrow();
    expect(() => requireRoom(place, { needed: 11 * MB, free: 30 * MB, kept: 20 * MB })).toThrow(
      /needs 11 MB in \/data.*30 MB are free.*--dir/s,
    );
  });
});

describe('what is told of a copy', () => {
  const told = (change: Partial<LocalDatabase>, goal = { file: 2, offset: 10 }, isStopped = false): string => {
    const news = newsOfCopy({ view: { ...view, ...change }, isMapped: true }, goal, isStopped);
    return `${news?.state ?? 'none'} ${news?.text ?? ''}`.trim();
  };

  it.each<[string, Partial<LocalDatabase>, RegExp]>([
    ['one that has everything', {}, /^caught-up$/],
    ['one that is catching up', { halt: 'catching-up' }, /^catching-up$/],
    ['one whose journal is gone', { halt: 'needs-catchup', reason: 'why' }, /^refused why$/],
    ['one that an operator has paused', { halt: 'paused', reason: 'paused by' }, /^refused paused by/],
    ['one that has failed', { isFailed: true, reason: 'damaged' }, /^refused damaged/],
    ['one that was kept', { needsActivation: true }, /^refused .*gemel db activate/],
    ['one that was dismounted', { mounted: false }, /^refused .*gemel db mount/],
    ['one that is obsolete, whatever else it is', { isObsolete: true, mounted: false }, /^refused .*--overwrite/],
    ['one that is behind', { position: { file: 2, offset: 9 } }, /^catching-up$/],
    ['one that has nothing yet', { position: null }, /^catching-up$/],
  ])('%s', (_, change, expected) => {
    expect(told(change)).toMatch(expected);
  });

  it('says that it does not catch up while dejournaling is stopped, and nothing of a copy that is not there', () => {
    expect(told({ position: null }, { file: 2, offset: 10 }, true)).toMatch(/^refused .*dejournal start/);
    expect(told({ position: null }, { file: 0, offset: 0 })).toBe('caught-up');
    expect(newsOfCopy({ view: undefined, isMapped: false }, null, false)).toBe(null);
    expect(newsOfCopy({ view: undefined, isMapped: true }, null, false)).toMatchObject({ state: 'refused' });
  });
});

describe('namespaces', () => {
  it('are made as on the other member where their names are free; the rest is told', () => {
    const there = { name: 'DATA', namespaces: ['DATA', 'APP', 'OTHER'].map((name) => ({ name, mappings: name === 'APP' ? 2 : 0 })) };
    const found = namespacesFor(there, 'MINE', 'A', { OTHER: 'X', App: 'mine' });
    const none = { name: 'DATA', namespaces: [] };
    expect(namespacesFor(none, 'MINE', 'A', {}).make).toEqual([]);
    expect(namespacesFor(there, 'MINE', 'A', { MINE: 'Y' }).make).toEqual(['DATA', 'APP', 'OTHER']);
    expect(found.make).toEqual(['DATA', 'MINE']);
    expect(found.differences).toEqual([
      expect.stringMatching(/APP has 2 mappings in gemel\.cpf of A/),
      expect.stringMatching(/OTHER, in which DATA is the default database on A, has X here/),
    ]);
  });

  it('that are made never take the place of others', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'a', 'b');
    const check = (there: string[], here: Record<string, string>): void => {
      const { make } = namespacesFor({ name: 'D', namespaces: there.map((each) => ({ name: each, mappings: 0 })) }, 'D', 'M', here);
      const taken = new Set(Object.keys(here).map((each) => each.toUpperCase()));
      for (const each of make) expect(taken.has(each)).toBe(false);
    };
    fc.assert(fc.property(fc.array(name), fc.dictionary(name, name), check));
  });
});

describe('an attempt that did not come to its end', () => {
  it.each<[string, string | null, number, string]>([
    ['UNREACHABLE', null, 0, 'again'],
    ['TIMEOUT', null, 0, 'again'],
    ['BUSYLOCK', null, 0, 'again'],
    ['REFUSED', 'SEED_NOT_HERE', 0, 'again'],
    ['REFUSED', 'RESTORE_ROLE_CHANGING', 0, 'again'],
    ['REFUSED', 'RESTORE_JOURNAL_GONE', 0, 'anew'],
    ['REFUSED', 'RESTORE_FORKED', 0, 'anew'],
    ['DAMAGED', null, 2, 'anew'],
    ['DAMAGED', null, 3, 'give-up'],
    ['DISK_FULL', null, 0, 'give-up'],
    ['EXISTS', null, 0, 'give-up'],
    ['REFUSED', 'RESTORE_OTHER_GENERATION', 0, 'give-up'],
  ])('%s %s: %s', (code, condition, damaged, expected) => {
    const error = new GemelError(code as 'REFUSED', '', '', '', condition === null ? null : { code: condition, facts: {} });
    expect(afterFailure(error, damaged)).toBe(expected);
  });

  it('is one for a wish that was not fulfilled yet', () => {
    expect([isDue(undefined, undefined), isDue(1, undefined), isDue(1, 1), isDue(2, 1)]).toEqual([false, true, false, true]);
  });
});
