import path from 'node:path';
import { z } from 'zod';
import type { BackupHead } from '../../api/backup.ts';
import { Position } from '../../api/status.ts';
import type { Files } from '../../io/index.ts';
import { isBefore, type Lineage, type PurgeNeed } from '../../journal/index.ts';

const Noted = z.object({
  /** GUID of the database. */
  database: z.string(),
  /** Of the journal that feeds it. */
  journal: z.string(),
  /** From there on a restored copy needs the journal. */
  from: Position,
  /** Epoch of the journal then; null: of a local one, which never parts. */
  epoch: z.object({ major: z.number(), minor: z.number() }).nullable(),
  /** ms since the epoch */
  timeMs: z.number(),
});
/** A backup of a database that came to its end. */
export type NotedBackup = z.infer<typeof Noted>;
const Notes = z.object({ backups: z.array(Noted) });

/** As many of each database as [Journal] BackupsBeforePurge may ask for. */
const KEPT = 10;

function notesPath(mgr: string): string {
  return path.join(mgr, 'backups.json');
}

/** What is damaged counts for nothing: no backup is known then, and no file goes for one. */
export function readBackupNotes(files: Files, mgr: string): readonly NotedBackup[] {
  if (!files.exists(notesPath(mgr))) return [];
  try {
    return Notes.parse(JSON.parse(files.read(notesPath(mgr)).toString('utf8'))).backups;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return [];
    throw error;
  }
}

/** Takes note, durably, of a backup that is whole. Throws GemelError when it cannot be written. */
export function noteBackup(files: Files, mgr: string, { databases, timeMs }: Pick<BackupHead, 'databases' | 'timeMs'>): void {
  const made = databases.flatMap(({ guid, journalId, position, openStart, lineage }): NotedBackup[] => {
    if (position === null || journalId === null) return [];
    const epoch = lineage.at(-1)?.epoch ?? null;
    const at = epoch === null ? null : { major: epoch.major, minor: epoch.minor };
    return [{ database: guid, journal: journalId, from: openStart ?? position, epoch: at, timeMs }];
  });
  const all = [...readBackupNotes(files, mgr), ...made];
  const kept = all.filter((each, n) => all.slice(n + 1).filter((later) => isSame(later, each)).length < KEPT);
  files.atomicWrite(notesPath(mgr), Buffer.from(JSON.stringify({ backups: kept })));
}

function isSame(a: NotedBackup, b: NotedBackup): boolean {
  return a.database === b.database && a.journal === b.journal;
}

/** A journal, and the databases that it feeds. */
export interface BackedUpJournal {
  readonly guid: string;
  readonly lineage: Lineage;
  readonly databases: readonly { readonly name: string; readonly guid: string }[];
}

/** What databases need of a journal until so many backups of each were taken behind it. */
export function backupNeeds(notes: readonly NotedBackup[], { guid, lineage, databases }: BackedUpJournal, count: number): PurgeNeed[] {
  if (count === 0) return [];
  return databases.map((database) => {
    const starts = notes
      .filter((each) => each.database === database.guid && each.journal === guid)
      .map((each) => startOf(each, lineage))
      .sort((a, b) => (isBefore(a, b) ? 1 : -1));
    const done = `${starts.length >= count ? `fewer than ${count}` : starts.length === 0 ? 'none' : `only ${starts.length}`} of the ${count}`;
    const text = `${done} backups of the database ${database.name} that [Journal] BackupsBeforePurge wants were taken after it`;
    return { from: starts[count - 1] ?? null, reason: { code: 'backup', text } };
  });
}

/** What a backup had behind the place where a newer epoch begins is not in the journal any more. */
function startOf({ from, epoch }: NotedBackup, lineage: Lineage): Position {
  let start = from;
  for (const { epoch: later, previousEnd } of lineage) {
    const isNewer = epoch !== null && (later.major - epoch.major || later.minor - epoch.minor) > 0;
    if (isNewer && isBefore(previousEnd, start)) start = previousEnd;
  }
  return start;
}
