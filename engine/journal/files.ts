import { basename, dirname, join } from 'node:path';
import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Files } from '../io/files.ts';
import { journalDirectories } from './directories.ts';
import { decodeHeader } from './header.ts';
import { dataStart, type JournalHeader, type JournalIdentity, type Lineage } from './types.ts';

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** What the names of a journal's files begin with, before the date. */
function namePrefix(journal: JournalIdentity): string {
  return journal.kind === 'mirror' ? `MIRROR-${journal.name}-` : '';
}

function spareName(journal: JournalIdentity): string {
  return journal.kind === 'mirror' ? `MIRROR-${journal.name}` : 'local';
}

/** Reads the header of one journal file. Throws as `decodeHeader` and `Files` do. */
export function readHeader(files: Files, path: string): JournalHeader {
  const file = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(dataStart);
    return decodeHeader(bytes.subarray(0, file.read(bytes, 0, dataStart, 0)), path);
  } finally {
    file.close();
  }
}

/** Names of a journal's files in a directory, whatever is in them. */
export function journalFileNames(files: Files, directory: string, journal: JournalIdentity): string[] {
  const pattern = new RegExp(`^${namePrefix(journal)}\\d{8}\\.\\d{3,}$`);
  return files.list(directory).filter((name) => pattern.test(name));
}

/** None when the directory cannot be read. */
function namesIn(files: Files, directory: string): string[] {
  try {
    return files.list(directory);
  } catch (error) {
    if (error instanceof GemelError) return [];
    throw error;
  }
}

/** Names of a journal's files with the directory of each; of one that is in several the last, which it was moved to. */
function placesOf(files: Files, home: string, journal: JournalIdentity): Map<string, string> {
  const directories = journalDirectories(files, home);
  return new Map(directories.flatMap((directory) => journalFileNames(files, directory, journal).map((name) => [name, directory] as const)));
}

/** The files of one journal, in its directory and in others: which number is which file, and where each of them ends. Kept in memory. */
export class JournalFiles {
  readonly files: Files;
  /** Its own. */
  readonly directory: string;
  readonly journal: JournalIdentity;
  #headers: JournalHeader[] = [];
  /** By name, those that are not in its own directory: where they are. */
  #elsewhere = new Map<string, string>();

  /**
   * Reads the headers of the files there are.
   * @throws GemelError FOREIGN (a file of another journal of that name), DAMAGED, VERSION, and as `journalDirectories`
   */
  constructor(files: Files, directory: string, journal: JournalIdentity) {
    this.files = files;
    this.directory = directory;
    this.journal = journal;
    this.refresh();
  }

  /** Reads the directories anew. */
  refresh(): void {
    const known = new Map(this.#headers.map((header) => [header.fileName, header]));
    const places = placesOf(this.files, this.directory, this.journal);
    this.#elsewhere = new Map([...places].filter(([, place]) => place !== this.directory));
    const headers = [...places.keys()].map((name) => known.get(name) ?? this.#read(name));
    headers.sort((a, b) => a.number - b.number);
    headers.forEach((header, i) => this.#check(header, headers[i - 1]));
    this.#headers = headers;
  }

  #read(name: string): JournalHeader {
    const path = this.#pathOf(name);
    const header = readHeader(this.files, path);
    if (header.journal.guid === this.journal.guid && header.journal.kind === this.journal.kind) return { ...header, fileName: name };
    throw new GemelError(
      'FOREIGN',
      `${path} belongs to another journal (GUID ${header.journal.guid}).`,
      'It was left as it is.',
      'Move it out of the journal directory.',
    );
  }

  #check(header: JournalHeader, before: JournalHeader | undefined): void {
    if (before?.number !== header.number) return;
    throw new GemelError(
      'DAMAGED',
      `${header.fileName} and ${before.fileName} in ${this.directory} both claim to be journal file ${header.number}.`,
      'Neither was used.',
      'Move the one that does not belong there away.',
    );
  }

  /** Headers by growing number. */
  get all(): readonly JournalHeader[] {
    return this.#headers;
  }

  get first(): JournalHeader | undefined {
    return this.#headers[0];
  }

  get last(): JournalHeader | undefined {
    return this.#headers.at(-1);
  }

  /** The epochs up to now; empty when there is no file. */
  get lineage(): Lineage {
    return this.last?.lineage ?? [];
  }

  get(number: number): JournalHeader | undefined {
    const first = this.#headers[0];
    const guess = first === undefined ? undefined : this.#headers[number - first.number];
    return guess?.number === number ? guess : this.#headers.find((header) => header.number === number);
  }

  path(header: JournalHeader): string {
    return this.#pathOf(header.fileName);
  }

  #pathOf(name: string): string {
    return join(this.#elsewhere.get(name) ?? this.directory, name);
  }

  /** A file is there now, not in the journal's own directory. */
  placed(path: string): void {
    this.#elsewhere.set(basename(path), dirname(path));
  }

  /** Where its files are besides its own directory. */
  get elsewhere(): readonly string[] {
    return [...new Set(this.#elsewhere.values())];
  }

  /** Removes what is left in the journal's own directory of files that were moved. What stays there counts as little as before. */
  dropSuperseded(): void {
    for (const name of this.#elsewhere.keys()) {
      try {
        this.files.remove(join(this.directory, name));
      } catch (error) {
        if (!(error instanceof GemelError)) throw error;
      }
    }
  }

  /** Where a file may be made ready before it is needed; it is none of the journal's until it has the name of one. */
  get sparePath(): string {
    return join(this.directory, `${spareName(this.journal)}.spare`);
  }

  /** The length at which a file was closed; undefined while it is the last one. */
  closedLength(number: number): number | undefined {
    return this.get(number + 1)?.previousEnd;
  }

  /** The files up to that number are purged: nobody finds them any more. The last one stays. */
  forget(upTo: number): void {
    this.#headers = this.#headers.filter((header, n) => header.number > upTo || n === this.#headers.length - 1);
  }

  /** Takes note of a file just made. */
  add(header: JournalHeader): void {
    assert(this.last === undefined || this.last.number + 1 === header.number, 'journal files are numbered without gaps');
    this.#headers = [...this.#headers, header];
  }

  /** What is in the directories that can be read: nothing can be made in others. */
  #names(): string[] {
    try {
      return journalDirectories(this.files, this.directory).flatMap((directory) => namesIn(this.files, directory));
    } catch (error) {
      if (error instanceof GemelError) return namesIn(this.files, this.directory);
      throw error;
    }
  }

  /** The name that a file has elsewhere, or a new one where it is taken here. */
  freeName({ fileName, createdMs }: JournalHeader): string {
    return this.#names().includes(fileName) ? this.newName(createdMs) : fileName;
  }

  /** A name for a new file: the day, and the first number of that day not taken yet. */
  newName(wallMs: number): string {
    const day = new Date(wallMs);
    const prefix = `${namePrefix(this.journal)}${day.getFullYear()}${two(day.getMonth() + 1)}${two(day.getDate())}.`;
    const taken = [...this.#headers.map(({ fileName }) => fileName), ...this.#names()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number.parseInt(name.slice(prefix.length), 10))
      .filter((number) => !Number.isNaN(number));
    return `${prefix}${String(Math.max(0, ...taken) + 1).padStart(3, '0')}`;
  }
}
