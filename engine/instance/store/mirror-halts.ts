import { conditionLine } from '../../api/conditions.ts';
import type { GemelError } from '../../api/errors.ts';
import { isPaused } from '../../database/index.ts';
import { dataStart, formatPosition, isBefore, type JournalFiles, type Position } from '../../journal/index.ts';
import type { OpenDatabase } from '../executor/index.ts';

/** Why a mounted database is not fed although nothing about it has failed. */
export interface Halt {
  readonly is: 'needs-catchup' | 'catching-up' | 'paused';
  readonly why: string;
}

const beginning: Position = { file: 1, offset: dataStart };

/** Why a copy that stands there cannot be brought up to date from a journal; null: everything that it lacks is there. */
export function lacksJournal(name: string, files: JournalFiles, from: Position | null): string | null {
  const { first } = files;
  const at = from ?? beginning;
  // A member that has just joined has no journal yet: all of it will come.
  if (first === undefined || first.number <= at.file) return null;
  return `The copy ${name} needs the mirror's journal from ${formatPosition(at)} on, and what is here begins with file ${first.number}: restore it from a newer backup or a fresh copy, then gemel db activate and gemel db catchup.`;
}

/** Where the journal has to be read from for a copy; null: from its beginning. */
export function readFrom({ nodes }: OpenDatabase): Position | null {
  const { position, openStart } = nodes.meta();
  return openStart !== null && position !== null && isBefore(openStart, position) ? openStart : position;
}

/** Why a copy that is about to be fed is not; null: it is. */
export function haltOf(database: OpenDatabase, files: () => JournalFiles): Halt | null {
  if (isPaused(database.nodes.meta())) return { is: 'paused', why: `Dejournaling of ${database.name} was paused by an operator.` };
  const why = lacksJournal(database.name, files(), readFrom(database));
  return why === null ? null : { is: 'needs-catchup', why };
}

export function needsCatchupLine(database: OpenDatabase, why: string): string {
  return conditionLine('NEEDS_CATCHUP', why, { database: database.name });
}

/** What is said where an error has stopped those that are updated here too. */
export function readWriteFailureLine(error: GemelError): string {
  const text = `Dejournaling cannot go on in the read-write databases: ${error.message}`;
  return error.code === 'FILEFULL' ? conditionLine('DATABASE_FULL', text) : text;
}

/** What is said of a copy that an error has stopped. */
export function failureLine(database: string, error: GemelError): string {
  const text = `The database ${database} takes no more updates from the journal: ${error.message}`;
  return error.code === 'FILEFULL' ? conditionLine('DATABASE_FULL', text, { database }) : text;
}
