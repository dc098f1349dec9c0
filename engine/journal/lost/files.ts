import { join } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { LostHeader, LostUpdate, type LostReport } from '../../api/lost.ts';
import type { Files } from '../../io/files.ts';
import type { JournalIdentity } from '../types.ts';

/** A page of a report ends with the line that makes it longer than this. */
const pageBytes = 512 * 1024;
const unfinished = '.part';

function prefix({ name }: JournalIdentity): string {
  return `MIRROR-${name}-lost-`;
}

/** Where a report is written before the cut it is about is decided on. */
export function draftPath(directory: string, journal: JournalIdentity, name: string): string {
  return reportPath(directory, journal, name) + unfinished;
}

function reportPath(directory: string, journal: JournalIdentity, name: string): string {
  return join(directory, `${prefix(journal)}${name}.jsonl`);
}

/** The cut was made: its report counts. Nothing when there is none. */
export function publishReport(files: Files, directory: string, journal: JournalIdentity, name: string): void {
  const draft = draftPath(directory, journal, name);
  if (files.exists(draft)) files.rename(draft, reportPath(directory, journal, name));
}

/** Drafts of cuts that were not decided on go. */
export function dropDrafts(files: Files, directory: string, journal: JournalIdentity): void {
  const drafts = files.list(directory).filter((name) => name.startsWith(prefix(journal)) && name.endsWith(unfinished));
  for (const name of drafts) files.remove(join(directory, name));
}

/** The reports there are, oldest first. Throws DAMAGED. */
export function listReports(files: Files, directory: string, journal: JournalIdentity): LostReport[] {
  const names = files.list(directory);
  return names
    .filter((name) => name.startsWith(prefix(journal)) && name.endsWith('.jsonl'))
    .map((file) => {
      const path = join(directory, file);
      const reader = new LineReader(files, path, 0);
      try {
        const header = LostHeader.parse(reader.next());
        const sideFiles = names.filter((name) => name.endsWith(`.diverged-${header.report}`)).map((name) => join(directory, name));
        return { ...header, path, sideFiles };
      } finally {
        reader.close();
      }
    });
}

/**
 * A page of a report's updates.
 * @param from 0: the beginning; else what the page before gave as `next`
 */
export function readUpdates(files: Files, { path }: LostReport, from: number): { updates: LostUpdate[]; next: number | null } {
  const reader = new LineReader(files, path, from);
  try {
    if (from === 0) reader.next();
    const updates: LostUpdate[] = [];
    const begin = reader.at;
    for (let line = reader.next(); line !== null; line = reader.next()) {
      updates.push(LostUpdate.parse(line));
      if (reader.at - begin >= pageBytes) return { updates, next: reader.at };
    }
    return { updates, next: null };
  } finally {
    reader.close();
  }
}

/** Reads a file of JSON lines from a place where a line begins. */
class LineReader {
  /** Where the next line begins. */
  at: number;
  readonly #path: string;
  readonly #file: ReturnType<Files['open']>;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(files: Files, path: string, from: number) {
    this.#path = path;
    this.#file = files.open(path, 'read');
    this.at = from;
  }

  /** null: there are no more lines. Throws DAMAGED. */
  next(): unknown {
    let end = this.#bytes.indexOf(0x0a);
    while (end < 0) {
      const piece = Buffer.alloc(pageBytes);
      const got = this.#file.read(piece, 0, piece.length, this.at + this.#bytes.length);
      if (got === 0) {
        if (this.#bytes.length > 0) throw this.#damaged();
        return null;
      }
      this.#bytes = Buffer.concat([this.#bytes, piece.subarray(0, got)]);
      end = this.#bytes.indexOf(0x0a);
    }
    const line = this.#bytes.toString('utf8', 0, end);
    this.#bytes = this.#bytes.subarray(end + 1);
    this.at += end + 1;
    try {
      return JSON.parse(line);
    } catch {
      throw this.#damaged();
    }
  }

  close(): void {
    this.#file.close();
  }

  #damaged(): GemelError {
    return new GemelError(
      'DAMAGED',
      `The report ${this.#path} is damaged.`,
      'It was left as it is.',
      'The side files have what it was made from.',
    );
  }
}
