import path from 'node:path';
import { conditionLine, conditions, type ConditionCode, type Facts } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import { chooseOther, isJournalFile, journalDirectories, type Alternate, type JournalDisk } from '../../journal/index.ts';
import type { StoreParts } from './parts.ts';
import type { StoreContext } from './store.ts';

/** How this instance writes its journals. */
export interface JournalWriting {
  readonly fileBytesMax: number;
  readonly newDisk: () => JournalDisk;
  /** null: there is no alternate directory, or it cannot be used. */
  readonly alternate: Alternate | null;
}

/** Throws NOT_FOUND when a directory that journal files were written to is not there. */
export function journalWriting(context: StoreContext, parts: Pick<StoreParts, 'newDisk' | 'hasRoom'>): JournalWriting {
  const fileBytesMax = context.settings.Journal.FileSizeLimit * 1024 * 1024;
  return { fileBytesMax, newDisk: () => parts.newDisk(), alternate: alternateOf(context, parts, fileBytesMax) };
}

function alternateOf(context: StoreContext, parts: Pick<StoreParts, 'newDisk' | 'hasRoom'>, fileBytesMax: number): Alternate | null {
  const { io, paths, settings, log } = context;
  const note = (code: ConditionCode, text: string, facts: Facts): void => {
    const { severity } = conditions[code];
    log(severity === 'refusal' ? 1 : severity, conditionLine(code, text, facts));
    try {
      io.files.appendText(path.join(paths.mgr, 'journal.log'), `${new Date(io.clock.wallMs()).toISOString()} ${text}\n`);
    } catch (error) {
      // What it is about stands in messages.log.
      if (!(error instanceof GemelError)) throw error;
    }
  };
  journalDirectories(io.files, paths.journal);
  const wanted = settings.Journal.AlternateDirectory;
  try {
    const owner = settings.Startup.InstanceGUID;
    const directory = chooseOther(io.files, paths.journal, wanted === '' ? null : wanted, owner, isJournalFile);
    if (directory === null) return null;
    return {
      directory,
      newDisk: () => parts.newDisk(),
      hasRoom: (at) => parts.hasRoom(at, fileBytesMax),
      went: (file, why) => {
        const text = `The journal cannot be written in ${paths.journal} and goes on in ${file}: ${why.what}`;
        note('JOURNAL_ALTERNATE', text, { file, code: why.code });
      },
      back: (file) => note('JOURNAL_BACK', `The journal goes on in its own directory again: ${file}.`, { file }),
      failed: (file, why) =>
        note('JOURNAL_ALTERNATE_FAILED', `The alternate directory could not be used either: ${why.message}`, { file, code: why.code }),
    };
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    note('JOURNAL_ALTERNATE_UNUSABLE', `The alternate directory for journals cannot be used: ${error.message}`, { directory: wanted });
    return null;
  }
}
