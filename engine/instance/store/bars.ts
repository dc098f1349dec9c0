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
