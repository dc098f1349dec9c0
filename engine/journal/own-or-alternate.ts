import { join } from 'node:path';
import { GemelError } from '../api/errors.ts';
import type { Files } from '../io/files.ts';
import { isAway, type Alternate } from './alternate-disk.ts';
import { copyJournalFile } from './copy-file.ts';
import type { JournalFiles } from './files.ts';

/** What is written of a journal beside its writer's disk, in its own directory or else in the alternate one. */

/**
 * Makes a new file of a journal with these first bytes, durably.
 * @throws GemelError what writing in the own directory threw, if the other did not work either
 */
export function beginFile(files: Files, index: JournalFiles, alternate: Alternate | null, name: string, bytes: Buffer): void {
  const own = join(index.directory, name);
  if (alternate === null) return files.atomicWrite(own, bytes);
  const away = join(alternate.directory.path, name);
  const wasAway = isAway(index, alternate);
  if (wasAway && !alternate.hasRoom(index.directory)) {
    files.atomicWrite(away, bytes);
    return index.placed(away);
  }
  try {
    files.atomicWrite(own, bytes);
  } catch (why) {
    if (!(why instanceof GemelError)) throw why;
    return goAway(index, alternate, away, why, () => files.atomicWrite(away, bytes));
  }
  index.dropSuperseded();
  if (wasAway) alternate.back(own);
}

/**
 * Makes a verified copy of the newest file up to that length in the alternate directory, durably: it counts from then on.
 * @param why what failed where it is
 * @throws GemelError that, if it is not to be had elsewhere
 */
export function moveNewest(files: Files, index: JournalFiles, alternate: Alternate | null, length: number, why: GemelError): void {
  const { last } = index;
  if (alternate === null || last === undefined) throw why;
  const from = index.path(last);
  const away = join(alternate.directory.path, last.fileName);
  if (from === away) throw why;
  goAway(index, alternate, away, why, () => copyJournalFile(files, from, away, length));
}

function goAway(index: JournalFiles, alternate: Alternate, path: string, why: GemelError, make: () => void): void {
  try {
    alternate.directory.use();
    make();
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    alternate.failed(path, error);
    throw why;
  }
  index.placed(path);
  alternate.went(path, why);
}
