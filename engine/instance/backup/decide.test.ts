import { describe, expect, it } from 'vitest';
import type { BackupDatabase } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import type { Lineage } from '../../journal/index.ts';
import { decideRestore, type DatabaseHere, type MirrorHere, type RestoreHere } from './decide.ts';

const at = (file: number, offset = 5000) => ({ file, offset });
const entry = (minor: number, first: number, previousEnd = at(first - 1)): Lineage[number] => ({
  epoch: { major: 1, minor, member: 'm' },
  first: at(first, 4096),
  previousEnd,
  previousChain: `${minor}`,
});
const lineage = [entry(1, 1, at(0, 0)), entry(2, 3)];
const mirrored: BackupDatabase = {
  name: 'DB',
  guid: 'db',
  mirror: { name: 'M', database: 'MDB', guid: 'mirror', failoverDB: true },
  journalId: 'mirror',
  position: at(3),
  openStart: null,
  bytes: 1,
  lineage,
};
const plain: BackupDatabase = { ...mirrored, mirror: null, lineage: [] };
const mirror: MirrorHere = {
  guid: 'mirror',
  isPrimary: false,
  isChanging: false,
  databases: [{ name: 'MDB', guid: 'db' }],
  reach: { lineage, end: { position: at(4), chain: 'c' } },
  first: at(1, 0),
};
const copy: DatabaseHere = {
  name: 'DB',
  guid: 'db',
  mirror: { name: 'M', database: 'MDB', guid: 'mirror' },
  isRetained: false,
  fedByMirror: true,
};
const own: DatabaseHere = { name: 'DB', guid: 'x', mirror: null, isRetained: false, fedByMirror: false };
const here: RestoreHere = { name: 'DB', isConfigured: false, overwrite: false, databases: [], mirror: null };
const replacing = { isConfigured: true, overwrite: true };

function outcome(backup: BackupDatabase, given: Partial<RestoreHere>): string {
  try {
    return decideRestore(backup, { ...here, ...given });
  } catch (error) {
    if (error instanceof GemelError) return error.condition?.code ?? error.code;
    throw error;
  }
}

const inMirror = (change: Partial<MirrorHere> = {}): Partial<RestoreHere> => ({ mirror: { ...mirror, ...change } });

describe('what a database of a backup becomes', () => {
  it.each<[string, BackupDatabase, Partial<RestoreHere>, string]>([
    ['an ordinary one', plain, {}, 'ordinary'],
    ['one that replaces another', plain, { ...replacing, databases: [own] }, 'ordinary'],
    ['one that is configured, and not mounted', plain, replacing, 'ordinary'],
    ['one that is there, without a word', plain, { isConfigured: true, databases: [own] }, 'EXISTS'],
    ['an ordinary one in the place of a mirror’s copy', plain, { ...replacing, databases: [copy] }, 'REFUSED'],
    [
      'an ordinary one in the place of a copy that was kept',
      plain,
      { ...replacing, databases: [{ ...copy, isRetained: true }] },
      'ordinary',
    ],
    ['a mirrored one outside of its mirror', mirrored, {}, 'retained'],
    ['a mirrored one on a member', mirrored, { ...inMirror(), ...replacing, databases: [copy] }, 'dejournaled'],
    ['one that the member did not have', mirrored, inMirror(), 'dejournaled'],
    ['one that the member has under another name', mirrored, { ...inMirror(), name: 'X', databases: [copy] }, 'REFUSED'],
    ['one in the place of something else', mirrored, { ...inMirror(), ...replacing, databases: [own] }, 'REFUSED'],
    ['on the primary', mirrored, inMirror({ isPrimary: true }), 'RESTORE_ON_PRIMARY'],
    ['on a member that changes its role', mirrored, inMirror({ isChanging: true }), 'RESTORE_ROLE_CHANGING'],
    ['of another mirror of that name', mirrored, inMirror({ guid: 'other' }), 'RESTORE_OTHER_MIRROR'],
    ['removed from the mirror', mirrored, inMirror({ databases: [] }), 'RESTORE_OTHER_GENERATION'],
    ['made anew since', mirrored, inMirror({ databases: [{ name: 'MDB', guid: 'new' }] }), 'RESTORE_OTHER_GENERATION'],
    [
      'updated on its reporting member too',
      { ...mirrored, mirror: { name: 'M', database: 'MDB', guid: 'mirror', failoverDB: false } },
      inMirror(),
      'REFUSED',
    ],
    ['ahead of the journal here', { ...mirrored, position: at(9) }, inMirror(), 'dejournaled'],
    [
      'with updates that were given up',
      mirrored,
      inMirror({ reach: { lineage: [...lineage, entry(3, 3, at(2))], end: mirror.reach.end } }),
      'RESTORE_FORKED',
    ],
    [
      'from an epoch that the mirror has not had',
      { ...mirrored, lineage: [...lineage, entry(7, 4)], position: at(4, 9000) },
      inMirror({ reach: { lineage: [...lineage, entry(8, 4)], end: { position: at(5), chain: 'c' } } }),
      'RESTORE_FORKED',
    ],
    ['older than the journal here', mirrored, inMirror({ first: at(4, 0) }), 'RESTORE_JOURNAL_GONE'],
    [
      'with a transaction open that began before the journal here',
      { ...mirrored, openStart: at(2) },
      inMirror({ first: at(3, 0) }),
      'RESTORE_JOURNAL_GONE',
    ],
  ])('%s', (_, backup, given, expected) => {
    expect(outcome(backup, given)).toBe(expected);
  });
});
