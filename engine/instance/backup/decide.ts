import type { BackupDatabase } from '../../api/backup.ts';
import { GemelError, type ErrorCondition } from '../../api/errors.ts';
import { compareJournals, isBefore, type JournalReach, type Position } from '../../journal/index.ts';
import type { RestoreAs } from './tasks.ts';

/** The instance's place in the mirror that a backup's database belongs to. */
export interface MirrorHere {
  readonly guid: string;
  /** It writes the mirror's journal, or is about to. */
  readonly isPrimary: boolean;
  /** Between two roles: not now. */
  readonly isChanging: boolean;
  readonly databases: readonly { readonly name: string; readonly guid: string }[];
  readonly reach: JournalReach;
  /** Where the mirror's journal begins here; null: it has no file. */
  readonly first: Position | null;
}

/** A database of the instance. */
export interface DatabaseHere {
  readonly name: string;
  readonly guid: string;
  /** Mirror database name in its mirror. */
  readonly mirror: { readonly name: string; readonly database: string; readonly guid: string } | null;
  readonly isRetained: boolean;
  /** Only its mirror's journal updates it. */
  readonly fedByMirror: boolean;
}

export interface RestoreHere {
  /** Name it is to have. */
  readonly name: string;
  /** gemel.cpf has a database of that name. */
  readonly isConfigured: boolean;
  readonly overwrite: boolean;
  /** Mounted ones. */
  readonly databases: readonly DatabaseHere[];
  /** The place in the mirror of that name; null: none. */
  readonly mirror: MirrorHere | null;
}

function refused(text: string, todo: string, condition: ErrorCondition | null = null): GemelError {
  return new GemelError('REFUSED', text, 'Nothing was changed.', todo, condition);
}

/** What a database of a backup becomes here. Throws REFUSED, EXISTS with the reason. */
export function decideRestore(backup: BackupDatabase, here: RestoreHere): RestoreAs {
  const { name, isConfigured, overwrite, databases } = here;
  const existing = databases.find((each) => each.name === name);
  if (isConfigured && !overwrite)
    throw new GemelError(
      'EXISTS',
      `There is a database ${name} here.`,
      'It was not changed.',
      'Add --overwrite to replace it by the backup, or --as NAME to restore it beside it.',
    );
  const { mirror } = backup;
  if (mirror === null) {
    if (existing?.fedByMirror === true && !existing.isRetained) throw isMirrored(existing);
    return 'ordinary';
  }
  if (!mirror.failoverDB)
    throw refused(
      `The backup has a copy of ${backup.name} that was updated on its reporting member too; where it stands in the mirror’s journal is not known elsewhere.`,
      'Take the backup from the primary, the backup or a disaster recovery async.',
    );
  if (here.mirror === null) {
    if (existing?.fedByMirror === true && !existing.isRetained) throw isMirrored(existing);
    return 'retained';
  }
  decideMirrored(backup, mirror, here.mirror, here);
  return 'dejournaled';
}

function isMirrored({ name, mirror }: DatabaseHere): GemelError {
  return refused(
    `The database ${name} is the copy of ${mirror?.database ?? ''} of the mirror ${mirror?.name ?? ''} here; the backup has another database.`,
    'Restore it under another name: --as NAME.',
  );
}

function decideMirrored(
  backup: BackupDatabase,
  mirror: NonNullable<BackupDatabase['mirror']>,
  place: MirrorHere,
  { name, databases }: RestoreHere,
): void {
  const what = `${mirror.database} of the mirror ${mirror.name}`;
  const facts = { mirror: mirror.name, database: mirror.database };
  if (place.guid !== mirror.guid)
    throw refused(
      `The backup is of ${what}, another mirror of that name than the one this instance is in.`,
      'Restore it on an instance that is not in this mirror.',
      { code: 'RESTORE_OTHER_MIRROR', facts },
    );
  const known = place.databases.find((each) => each.name === mirror.database);
  if (known === undefined || known.guid !== backup.guid)
    throw refused(
      known === undefined
        ? `The mirror ${mirror.name} has no database ${mirror.database} any more.`
        : `The database ${what} was made anew since the backup.`,
      'Restore it on an instance that is not in this mirror to read it.',
      { code: 'RESTORE_OTHER_GENERATION', facts },
    );
  if (place.isPrimary)
    throw refused(
      `This member is the primary: restoring ${what} here would take the whole mirror back.`,
      'Restore it on another member, which then catches up; to go back in time, restore it outside of the mirror and copy what is needed.',
      { code: 'RESTORE_ON_PRIMARY', facts },
    );
  if (place.isChanging)
    throw refused('This member is changing its role.', 'Try again when it is backup or async: gemel mirror status.', {
      code: 'RESTORE_ROLE_CHANGING',
      facts,
    });
  const other = databases.find(
    (each) => each.mirror?.guid === mirror.guid && each.mirror.database === mirror.database && each.name !== name,
  );
  if (other !== undefined)
    throw refused(`This member has its copy of ${what} already: ${other.name}.`, `Add --as ${other.name} --overwrite to replace it.`);
  const existing = databases.find((each) => each.name === name);
  if (existing !== undefined && !(existing.mirror?.guid === mirror.guid && existing.mirror.database === mirror.database))
    throw refused(`The database ${name} here is not the copy of ${what}.`, 'Restore it under another name: --as NAME.');
  if (existing !== undefined && !existing.fedByMirror && !existing.isRetained)
    throw refused(
      `The database ${name} was updated here too: its own updates are nowhere else.`,
      'Keep what is needed of them, and remove it first.',
    );
  requireJournal(backup, place, facts);
}

/** Throws REFUSED when the mirror's journal here can never go on from the backup. */
export function requireJournal(
  { position, openStart, lineage, name }: Pick<BackupDatabase, 'position' | 'openStart' | 'lineage' | 'name'>,
  { reach, first }: Pick<MirrorHere, 'reach' | 'first'>,
  facts: ErrorCondition['facts'],
): void {
  if (position === null || first === null) return;
  const { kind } = compareJournals({ lineage, end: { position, chain: reach.end.chain } }, reach);
  if (kind === 'forked' || kind === 'unrelated' || kind === 'contradiction')
    throw refused(
      `The backup of ${name} has updates that the mirror has given up: its journal goes another way.`,
      'Use a backup from before that, or one from a member that follows this mirror’s primary.',
      { code: 'RESTORE_FORKED', facts },
    );
  const from = openStart !== null && isBefore(openStart, position) ? openStart : position;
  if (from.file < first.file)
    throw refused(
      `The mirror’s journal here begins with file ${first.file}; the backup of ${name} needs it from file ${from.file}.`,
      'Use a newer backup.',
      { code: 'RESTORE_JOURNAL_GONE', facts: { ...facts, needed: from.file, first: first.file } },
    );
}
