import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { GemelError } from '../api/errors.ts';
import type { Files } from '../io/files.ts';

/*
 * Files of a journal may lie in other directories than its own: in an alternate one, while its own could not be written. Which these are
 * stands in a note beside the journal directory, so everybody who is given that one finds all files, also in a thread, in
 * another process, and when the setting has been changed since.
 */

const Note = z.object({
  others: z.array(
    z.object({
      path: z.string(),
      /** It has or may have files of journals: without it none of them is read. */
      used: z.boolean(),
    }),
  ),
});
type Note = z.infer<typeof Note>;

/** Of fixed length, so that it can be written over where the disk has no room for another one. */
const noteBytes = 4096;
/** Stands in each other directory: an empty one, where a disk is to be mounted, has it not. */
const markName = 'gemel-journal-directory';

/** Where the note about a journal directory stands. */
export function directoriesNote(home: string): string {
  return `${home}.directories`;
}

function readNote(files: Files, home: string): Note {
  const path = directoriesNote(home);
  if (!files.exists(path)) return { others: [] };
  try {
    return Note.parse(JSON.parse(files.read(path).toString('utf8')));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw new GemelError(
      'DAMAGED',
      `${path}, which says where else journal files are, is damaged.`,
      'No journal was read: the newest part of it might be missing.',
      `Remove it if there never was an AlternateDirectory; else write the directory into it: {"others":[{"path":"DIRECTORY","used":true}]}`,
    );
  }
}

/**
 * Directories with files of the journals whose own directory is `home`: that one first. A file that is in several of them is the one in the last.
 * @throws GemelError NOT_FOUND when one that has files is not there (not mounted), DAMAGED
 */
export function journalDirectories(files: Files, home: string): readonly string[] {
  const { others } = readNote(files, home);
  const missing = others.find(({ path, used }) => used && !files.exists(join(path, markName)));
  if (missing === undefined) return [home, ...others.map(({ path }) => path)];
  throw new GemelError(
    'NOT_FOUND',
    `Journal files were written to ${missing.path}, which is not there now.`,
    'No journal was read: the newest part of it would be missing.',
    `Mount the disk of that directory. If it is lost for good, take it out of ${directoriesNote(home)}: what only it had is lost then.`,
  );
}

/** Another directory that journals may go on in. */
export class OtherDirectory {
  readonly path: string;
  readonly #files: Files;
  readonly #home: string;
  #isUsed: boolean;

  constructor(files: Files, home: string, path: string, isUsed: boolean) {
    this.path = path;
    this.#files = files;
    this.#home = home;
    this.#isUsed = isUsed;
  }

  /** From now on nothing is read without it: before the first file there. Durable when it returns. Throws what writing throws. */
  use(): void {
    if (this.#isUsed) return;
    const { others } = readNote(this.#files, this.#home);
    const note = { others: others.map((each) => (each.path === this.path ? { ...each, used: true } : each)) };
    writeNote(this.#files, this.#home, note);
    this.#isUsed = true;
  }
}

/**
 * Sets down, durably, which other directory the journals of a directory may go on in; of former ones those stay that have files.
 * @param path absolute; null: none
 * @param owner whose journals they are: a directory is one owner's
 * @param isJournal whether a name is that of a journal file
 * @returns null when there is none
 * @throws GemelError what keeps that directory from being used, and as `journalDirectories`
 */
export function chooseOther(
  files: Files,
  home: string,
  path: string | null,
  owner: string,
  isJournal: (name: string) => boolean,
): OtherDirectory | null {
  journalDirectories(files, home);
  const { others: before } = readNote(files, home);
  const others = before
    .map((each) => ({ ...each, used: each.used && files.list(each.path).some(isJournal) }))
    .filter((each) => each.used || each.path === path);
  try {
    if (path === null) return null;
    prepare(files, home, path, owner);
    if (!others.some((each) => each.path === path)) others.push({ path, used: false });
    return new OtherDirectory(
      files,
      home,
      path,
      others.some((each) => each.path === path && each.used),
    );
  } finally {
    if (JSON.stringify(others) !== JSON.stringify(before)) writeNote(files, home, { others });
  }
}

function prepare(files: Files, home: string, path: string, owner: string): void {
  const unusable = (what: string): GemelError =>
    new GemelError('USAGE', `${path} cannot be an alternate directory for journals: ${what}.`, '', 'Choose another one in gemel.cpf.');
  if (!isAbsolute(path)) throw unusable('its path is not absolute');
  if (path === home) throw unusable('it is the journal directory itself');
  files.makeDirectory(path);
  const mark = join(path, markName);
  const marked = files.exists(mark) ? files.read(mark).toString('utf8') : null;
  if (marked !== null && marked !== owner) throw unusable('it is that of another instance');
  // Also shows that it can be written.
  files.atomicWrite(mark, Buffer.from(owner));
}

function writeNote(files: Files, home: string, note: Note): void {
  const path = directoriesNote(home);
  const bytes = Buffer.alloc(noteBytes, ' ');
  const text = Buffer.from(JSON.stringify(note));
  if (text.length > noteBytes)
    throw new GemelError('USAGE', `${path} cannot name so many directories.`, '', 'Remove those that are not used.');
  text.copy(bytes);
  try {
    return files.atomicWrite(path, bytes);
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'DISK_FULL' || !files.exists(path) || files.size(path) !== noteBytes) throw error;
  }
  // A full disk takes no second file, but what is written over has its room.
  const file = files.open(path, 'update');
  try {
    file.write(bytes, 0, bytes.length, 0);
    file.sync();
  } finally {
    file.close();
  }
}
