import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupDatabase } from '../../api/backup.ts';
import { realFiles } from '../../io/index.ts';
import { decidePurge, type Lineage } from '../../journal/index.ts';
import { backupNeeds, noteBackup, readBackupNotes } from './backups.ts';

const at = (file: number, offset = 5000) => ({ file, offset });
const epoch = (minor: number) => ({ major: 1, minor, member: 'm' });
const lineage: Lineage = [
  { epoch: epoch(1), first: at(1, 4096), previousEnd: at(0, 0), previousChain: '' },
  { epoch: epoch(2), first: at(4, 4096), previousEnd: at(3, 4500), previousChain: '' },
];
const base = { name: 'DB', mirror: null, journalId: 'j', openStart: null, bytes: 1 };

let mgr: string;
beforeEach(() => {
  mgr = mkdtempSync(path.join(os.tmpdir(), 'gemel-backups-'));
});
afterEach(() => rmSync(mgr, { recursive: true, force: true }));

function backup(timeMs: number, ...databases: (Partial<BackupDatabase> & Pick<BackupDatabase, 'guid' | 'position'>)[]): void {
  noteBackup(realFiles, mgr, { timeMs, databases: databases.map((each) => ({ ...base, lineage: [], ...each })) });
}

/** Numbers of the files that stay for a backup that is still to come. */
function kept(count: number, databases: readonly string[]): number[] {
  const files = [1, 2, 3, 4, 5].map((number) => ({ number, closedMs: 0, closedLength: 6000 }));
  const of = { guid: 'j', lineage, databases: databases.map((guid) => ({ name: guid, guid })) };
  const needs = backupNeeds(readBackupNotes(realFiles, mgr), of, count);
  return decidePurge(files, needs, { days: 0 }, 1).flatMap((each) => (each.kept.length > 0 ? [each.number] : []));
}

describe('journal files', () => {
  it('stay until so many backups of each database were taken after them', () => {
    expect([kept(0, ['x']), kept(1, ['x'])]).toEqual([[], [1, 2, 3, 4, 5]]);
    backup(1, { guid: 'x', position: at(2) });
    expect([kept(1, ['x']), kept(2, ['x']), kept(1, ['x', 'y'])]).toEqual([
      [2, 3, 4, 5],
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
    // Its file ends there.
    backup(2, { guid: 'x', position: at(3, 6000) }, { guid: 'y', position: at(5) });
    expect([kept(1, ['x']), kept(2, ['x']), kept(1, ['y']), kept(1, ['x', 'y'])]).toEqual([[4, 5], [2, 3, 4, 5], [5], [4, 5]]);
  });

  it('stay from the oldest transaction on that was open in the backup', () => {
    backup(1, { guid: 'x', position: at(5), openStart: at(3) });
    expect(kept(1, ['x'])).toEqual([3, 4, 5]);
  });

  it('that a backup had and the mirror has given up count for nothing', () => {
    backup(1, { guid: 'x', position: at(5), lineage: lineage.slice(0, 1) });
    expect(kept(1, ['x'])).toEqual([3, 4, 5]);
  });

  it('of another journal are no matter, nor is a note that is damaged', () => {
    backup(1, { guid: 'x', position: at(5), journalId: 'other' });
    expect(kept(1, ['x'])).toEqual([1, 2, 3, 4, 5]);
    backup(2, { guid: 'x', position: at(5) });
    writeFileSync(path.join(mgr, 'backups.json'), 'nonsense');
    expect(kept(1, ['x'])).toEqual([1, 2, 3, 4, 5]);
  });

  it('are noted for no more backups than anybody asks for', () => {
    for (let n = 0; n < 30; n++) backup(n, { guid: 'x', position: at(1, 5000 + n) });
    const notes = readBackupNotes(realFiles, mgr);
    expect([notes.length, notes[0]?.timeMs]).toEqual([10, 20]);
  });
});
