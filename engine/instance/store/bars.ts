import type { GemelError } from '../../api/errors.ts';
import type { WriteBar } from '../executor/index.ts';

/** Why updates of a local database wait: their outcome is the mirror's to say. */
export const inDoubt: WriteBar = {
  code: 'PROTECT',
  what: 'A transaction over mirrored and unmirrored data is in doubt until this member has found its mirror again.',
  todo: 'Wait until the member is primary or backup.',
};

/** Why a mirrored database takes no updates here. */
export function notPrimary(name: string): WriteBar {
  return {
    code: 'PROTECT',
    what: `The database ${name} is mirrored and read-only here: this member is not the primary.`,
    todo: 'Update it on the primary.',
  };
}

/** Why a database takes no updates that has kept the attribute of a mirror that this instance has left. */
export function retained(name: string, mirror: string): NonNullable<WriteBar> {
  return {
    code: 'PROTECT',
    what: `The database ${name} still has the attribute of the mirror ${mirror}, which this instance has left, and is read-only.`,
    todo: 'Join the mirror again, or make it an ordinary database: gemel mirror remove INSTANCE --unmirror',
  };
}

/** Why a mirrored copy takes no updates that was brought here from another instance. */
export function foreign(name: string, mirror: string): NonNullable<WriteBar> {
  return {
    code: 'PROTECT',
    what: `The database ${name} is a copy from another instance with the attribute of the mirror ${mirror}, and is read-only.`,
    todo: 'On a member of that mirror: gemel db activate and gemel db catchup. Elsewhere it becomes an ordinary database with gemel db remove-from-mirror.',
  };
}

/** Why a copy takes no updates whose database is not in the mirror any more, or was made anew. */
export function obsolete(name: string): NonNullable<WriteBar> {
  return {
    code: 'PROTECT',
    what: `The copy ${name} is obsolete: the mirror’s database of that name was removed or recreated since, and is not updated by the mirror.`,
    todo: 'gemel mirror status says which; gemel db recreate makes it what the mirror has, gemel db remove-from-mirror an ordinary database.',
  };
}

/** Why a database takes no updates for a moment. @param what happens to it, within a sentence */
export function changing(name: string, what: string): NonNullable<WriteBar> {
  return { code: 'PROTECT', what: `The database ${name} takes no updates while it is ${what}.`, todo: 'Try again in a moment.' };
}

/** Why databases take no updates when their journal cannot be written or read. */
export function journalBroken(error: GemelError): NonNullable<WriteBar> {
  return {
    code: 'DATABASE',
    what: `The journal can no longer be used: ${error.what}`,
    todo: `${error.todo} Then restart the instance.`.trim(),
  };
}

/** Why a database takes no updates whose file cannot be written. */
export function fileBroken(name: string, error: GemelError): NonNullable<WriteBar> {
  return {
    code: 'DATABASE',
    what: `The database ${name} takes no more updates: ${error.what}`,
    todo: `${error.todo} Then restart the instance.`.trim(),
  };
}
