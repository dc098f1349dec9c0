import { join } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { JournalFileView } from '../../api/journals.ts';
import type { Files } from '../../io/files.ts';
import { journalDirectories } from '../directories.ts';
import { readHeader } from '../files.ts';
import { readBlockHeader } from '../block.ts';
import { dataStart, type JournalHeader } from '../types.ts';
import { lastBlock } from './walk.ts';

/** A journal by the names of its files; null: the local one. */
export type JournalName = string | null;

const pattern = /^(?:MIRROR-([^-]+)-)?(\d{8})\.(\d{3,})$/;

/** Which journal a file of that name is of, in a directory of journals; undefined: none of ours. */
export function journalOf(fileName: string): JournalName | undefined {
  const match = pattern.exec(fileName);
  return match === null ? undefined : (match[1] ?? null);
}

/** Whether a file of that name is one of a journal. */
export function isJournalFile(fileName: string): boolean {
  return pattern.test(fileName);
}

/** The journals that have files in a directory or in those that it goes on in, the local one first. Throws as `journalDirectories`. */
export function journalsIn(files: Files, directory: string): JournalName[] {
  const all = journalDirectories(files, directory).flatMap((each) => files.list(each));
  const names = new Set(all.flatMap((name) => journalOf(name) ?? (pattern.test(name) ? [null] : [])));
  return [...names].sort((a, b) => (a === null ? -1 : b === null ? 1 : a < b ? -1 : 1));
}

/** One file as it is found. */
export interface FoundFile {
  readonly name: string;
  readonly path: string;
  /** What was left of it where it was before it was moved. */
  readonly superseded: readonly string[];
  /** null: it cannot be read. */
  readonly header: JournalHeader | null;
  /** Why not. */
  readonly problem: GemelError | null;
  /** Length at which it was closed, as the next one says; null: none does. */
  readonly closed: number | null;
}

/** Files of one journal by number, those that cannot be read last. Throws what listing the directories does. */
export function filesOf(files: Files, directory: string, journal: JournalName): FoundFile[] {
  const paths = new Map<string, string[]>();
  for (const place of journalDirectories(files, directory))
    for (const name of files.list(place).filter((each) => journalOf(each) === journal))
      paths.set(name, [join(place, name), ...(paths.get(name) ?? [])]);
  const found = [...paths].map(([name, [path = '', ...superseded]]) => ({ name, path, superseded, ...tryHeader(files, path) }));
  const order = ({ header }: { header: JournalHeader | null }): number => header?.number ?? Number.POSITIVE_INFINITY;
  found.sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
  return found.map((each, n) => {
    const next = found[n + 1]?.header;
    const follows = each.header !== null && next?.number === each.header.number + 1;
    return { ...each, closed: follows ? next.previousEnd : null };
  });
}

function tryHeader(files: Files, path: string): Pick<FoundFile, 'header' | 'problem'> {
  try {
    return { header: readHeader(files, path), problem: null };
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return { header: null, problem: error };
  }
}

/**
 * What a file's header, its first and its last block show; nothing between is looked at.
 * @param end where its blocks end, if the caller knows; else its length
 */
export function viewOfFile(
  files: Files,
  { name, path, header, problem, closed }: FoundFile,
  end?: number,
): Omit<JournalFileView, 'kept' | 'purgeable'> {
  const base = { number: header?.number ?? 0, name, path, inUse: header !== null && closed === null };
  const created = new Date(header?.createdMs ?? 0).toISOString();
  const epoch = header === null ? '' : `${header.epoch.major}.${header.epoch.minor}`;
  const none = { firstRecord: null, lastRecord: null };
  const unreadable = { ...base, created, epoch, size: 0, ...none };
  if (header === null) return { ...unreadable, problem: problem?.what ?? null };
  try {
    const file = files.open(path, 'read');
    try {
      const bound = closed ?? end ?? file.size();
      if (closed !== null && file.size() < closed)
        return {
          ...base,
          created,
          epoch,
          size: file.size(),
          ...none,
          problem: `it is ${closed - file.size()} bytes shorter than when it was closed`,
        };
      const last = bound > dataStart ? lastBlock(file, header.number, bound) : null;
      const head = Buffer.alloc(80);
      const first = file.read(head, 0, head.length, dataStart) === head.length && last !== null ? readBlockHeader(head, 0) : null;
      const time = (block: { timeMs: number } | string | null): string | null =>
        block === null || typeof block === 'string' ? null : new Date(block.timeMs).toISOString();
      const size = last?.end.offset ?? Math.min(bound, dataStart);
      const isWhole = closed === null || size === closed;
      return {
        ...base,
        created,
        epoch,
        size,
        firstRecord: time(first),
        lastRecord: time(last),
        problem: isWhole ? null : 'its last block is not where it was closed: verify it',
      };
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return { ...unreadable, problem: error.what };
  }
}
