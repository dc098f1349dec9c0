import { join } from 'node:path';
import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Files } from '../io/files.ts';
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

/** The files of one journal in its directory: which number is which file, and where each of them ends. Kept in memory. */
export class JournalFiles {
  readonly files: Files;
  readonly directory: string;
  readonly journal: JournalIdentity;
  #headers: JournalHeader[] = [];

  /**
   * Reads the headers of the files there are.
   * @throws GemelError FOREIGN (a file of another journal of that name), DAMAGED, VERSION
   */
  constructor(files: Files, directory: string, journal: JournalIdentity) {
    this.files = files;
    this.directory = directory;
    this.journal = journal;
    this.refresh();
  }

  /** Reads the directory anew. */
  refresh(): void {
    const known = new Map(this.#headers.map((header) => [header.fileName, header]));
    const headers = journalFileNames(this.files, this.directory, this.journal).map((name) => known.get(name) ?? this.#read(name));
    headers.sort((a, b) => a.number - b.number);
    headers.forEach((header, i) => this.#check(header, headers[i - 1]));
    this.#headers = headers;
  }

  #read(name: string): JournalHeader {
    const path = join(this.directory, name);
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
    return join(this.directory, header.fileName);
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

  /** A name for a new file: the day, and the first number of that day not taken yet. */
  newName(wallMs: number): string {
    const day = new Date(wallMs);
    const prefix = `${namePrefix(this.journal)}${day.getFullYear()}${two(day.getMonth() + 1)}${two(day.getDate())}.`;
    const taken = this.files
      .list(this.directory)
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number.parseInt(name.slice(prefix.length), 10))
      .filter((number) => !Number.isNaN(number));
    return `${prefix}${String(Math.max(0, ...taken) + 1).padStart(3, '0')}`;
  }
}
