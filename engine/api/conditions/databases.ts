import { table } from './condition.ts';

/** The life of databases. */
export const databaseConditions = table({
  DATABASE_ADDED: {
    severity: 1,
    title: 'A database was added to the mirror',
    means: 'It is mirrored from that position of the mirror’s journal on. What it had before is in no mirror journal.',
    facts: ['database', 'file', 'offset'],
    todo: 'Restore a backup of it on each other member, or copy its file there, then gemel db activate and gemel db catchup.',
  },
  DATABASE_REMOVED: {
    severity: 1,
    title: 'A database was removed from the mirror',
    means: 'Its copy here is an ordinary database. Removed on the primary, its copies on other members are obsolete.',
    facts: ['database'],
    todo: 'Removed on the primary: gemel db remove-from-mirror on each other member that has it.',
  },
  DATABASE_RECREATED: {
    severity: 1,
    title: 'A database was recreated',
    means: 'It is empty, under the same name. Copies of what it was are obsolete.',
    facts: ['database'],
    todo: 'Recreated on the primary: gemel db recreate on each other member that has it.',
  },
  DATABASE_OBSOLETE: {
    severity: 2,
    title: 'A copy is obsolete',
    means:
      'The mirror’s database of that name was removed or recreated on the primary. The copy takes nothing from the mirror any more; it can be read.',
    facts: ['database'],
    todo: 'Recreated: gemel db recreate. Removed: gemel db remove-from-mirror.',
  },
  DATABASE_MOUNTED: {
    severity: 1,
    title: 'A database was mounted',
    means: 'It is read here again; a mirrored copy is caught up.',
    facts: ['database'],
    todo: '',
  },
  DATABASE_DISMOUNTED: {
    severity: 1,
    title: 'A database was dismounted',
    means: 'Nobody reads or updates it here, and its file is closed. A backup with a dismounted mirrored database does not take over.',
    facts: ['database'],
    todo: 'gemel db mount; a start of the instance mounts it, too.',
  },
  DATABASE_ACTIVATED: {
    severity: 1,
    title: 'A mirrored copy was activated',
    means: 'It belongs to this member now.',
    facts: ['database'],
    todo: 'gemel db catchup.',
  },
  DATABASE_CAUGHT_UP: {
    severity: 1,
    title: 'A mirrored copy was caught up',
    means: 'It has what the other mirrored databases here have, and follows the mirror with them.',
    facts: ['database'],
    todo: '',
  },
  NEEDS_CATCHUP: {
    severity: 2,
    title: 'A mirrored copy is not caught up',
    means: 'It takes nothing from the mirror’s journal. The other databases go on; a failover member with such a copy does not take over.',
    facts: ['database'],
    todo: 'gemel db catchup. If the journal it needs is not here any more: a newer backup or a fresh copy of it.',
  },
  DATABASE_PAUSED: {
    severity: 1,
    title: 'Dejournaling of one database was paused',
    means: 'An operator wanted it so. Journal goes on coming in.',
    facts: ['database'],
    todo: 'gemel db catchup goes on with it.',
  },
  DATABASE_MARKED: {
    severity: 1,
    title: 'A copy was marked as caught up',
    means: 'An operator has made sure that nothing of the journal before is needed for it. That was not checked.',
    facts: ['database'],
    todo: '',
  },
  DATABASE_FINISHED: {
    severity: 1,
    title: 'What was begun with a database before the instance ended is over',
    means: 'The line says what it is now.',
    facts: ['database'],
    todo: '',
  },
  DATABASE_UNFINISHED: {
    severity: 2,
    title: 'What was begun with a database before the instance ended cannot be finished',
    means: 'It is left as it is, and tried again at the next start.',
    facts: ['database'],
    todo: 'Remove what the line says keeps it from being done, and restart the instance.',
  },
});
