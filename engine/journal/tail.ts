import { join } from 'node:path';
import { GemelError } from '../api/errors.ts';
import type { Files } from '../io/files.ts';
import { journalDirectories } from './directories.ts';
import { JournalFiles } from './files.ts';
import { formatPosition } from './position.ts';
import { BlockReader } from './reader.ts';
import { isBehind } from './rewind/rewind.ts';
import { dataStart, emptyChain, type Chain, type JournalIdentity, type Position } from './types.ts';

export interface CutOptions {
  readonly files: Files;
  readonly directory: string;
  readonly journal: JournalIdentity;
  /** Where the journal is to end: the end of a block or of a closed file. */
  readonly fork: Position;
  /** The chain there, when known: it must be what this journal has. */
  readonly chain?: Chain;
  /** Positions of all databases fed by this journal: none may lie beyond the fork. */
  readonly databases: readonly Position[];
  /** Names the side files: `*.diverged-<name>`. */
  readonly name: string;
}

/** What is to be done, durable before the first of it is: any step can then be done again. */
interface CutPlan {
  readonly suffix: string;
  /** Files to be set aside whole, the last one first. */
  readonly rename: readonly string[];
  /** The file that the fork is in, when it has something behind it. */
  readonly cut: { readonly name: string; readonly length: number } | null;
}

function planPath(directory: string, journal: JournalIdentity): string {
  return join(directory, journal.kind === 'mirror' ? `MIRROR-${journal.name}-cut.json` : 'cut.json');
}

/**
 * Ends a journal (opened by nobody) at a fork: what is behind it goes to side files `*.diverged-<name>`. A crash at any
 * point is made good by the next `Journal.open`.
 * @returns paths of the side files
 * @throws GemelError REFUSED when a database already contains something behind the fork, DAMAGED when the fork is not in this journal
 */
export function cutTail(options: CutOptions): string[] {
  const { files, directory, journal } = options;
  finishCut(files, directory, journal);
  const index = new JournalFiles(files, directory, journal);
  checkDatabases(index, options);
  checkFork(index, options);
  const plan = makePlan(index, options);
  if (plan.rename.length === 0 && plan.cut === null) return [];
  const names = [...plan.rename, ...(plan.cut === null ? [] : [plan.cut.name])];
  const headers = names.flatMap((name) => index.all.find(({ fileName }) => fileName === name) ?? []);
  const sides = headers.map((header) => index.path(header) + plan.suffix);
  files.atomicWrite(planPath(directory, journal), Buffer.from(JSON.stringify(plan)));
  finishCut(files, directory, journal);
  return sides;
}

function checkDatabases(index: JournalFiles, { databases, fork }: CutOptions): void {
  const beyond = databases.find((position) => isBehind(index, position, fork));
  if (beyond === undefined) return;
  throw new GemelError(
    'REFUSED',
    `A database already contains updates up to ${formatPosition(beyond)}, behind ${formatPosition(fork)} where this journal parts from the mirror's.`,
    'Journal and databases were left as they are.',
    'Take a fresh copy of the mirrored databases from the primary.',
  );
}

/** Throws DAMAGED unless the fork is the end of a block here, with the chain that is expected. */
export function checkFork(index: JournalFiles, { fork, chain }: Pick<CutOptions, 'fork' | 'chain'>): void {
  const reader = new BlockReader(index, { file: fork.file, offset: dataStart });
  try {
    while (reader.next(fork) !== null) continue;
    // Before the first file of all there is nothing, and its chain.
    const here = reader.chain ?? index.get(fork.file)?.chain ?? emptyChain;
    if (chain === undefined || here === chain) return;
  } finally {
    reader.close();
  }
  throw new GemelError(
    'DAMAGED',
    `This journal differs from the mirror's already before ${formatPosition(fork)}.`,
    'It was left as it is.',
    'Take a fresh copy of the mirrored databases from the primary.',
  );
}

function makePlan(index: JournalFiles, { fork, name, files }: CutOptions): CutPlan {
  const behind = index.all.filter((header) => header.number > fork.file).map((header) => header.fileName);
  const header = index.get(fork.file);
  const hasTail = header !== undefined && files.size(index.path(header)) > fork.offset;
  return { suffix: `.diverged-${name}`, rename: behind.reverse(), cut: hasTail ? { name: header.fileName, length: fork.offset } : null };
}

/** Does what is left of a cut that was begun. */
export function finishCut(files: Files, directory: string, journal: JournalIdentity): void {
  const path = planPath(directory, journal);
  if (!files.exists(path)) return;
  const plan = JSON.parse(files.read(path).toString('utf8')) as CutPlan;
  // From the last file down: whatever is left at a crash is a journal without gaps.
  const places = journalDirectories(files, directory);
  for (const name of plan.rename) {
    for (const place of places) if (files.exists(join(place, name))) files.rename(join(place, name), join(place, name + plan.suffix));
  }
  for (const place of places) {
    if (plan.cut !== null && files.exists(join(place, plan.cut.name)))
      setTailAside(files, join(place, plan.cut.name), plan.cut.length, plan.suffix);
    files.syncDirectory(place);
  }
  files.remove(path);
  files.syncDirectory(directory);
}

function setTailAside(files: Files, path: string, length: number, suffix: string): void {
  if (files.size(path) <= length) return;
  // A copy of the whole file, header and all, can be read by itself.
  files.copy(path, path + suffix);
  const file = files.open(path, 'update');
  try {
    file.truncate(length);
    file.sync();
  } finally {
    file.close();
  }
}
