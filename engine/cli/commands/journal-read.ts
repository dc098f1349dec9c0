import fs from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import type { JournalVerification, RecordView } from '../../api/journals.ts';
import { parseReference } from '../../globals/index.ts';
import { checkInstanceDirectory, findRegistered, instancePaths } from '../../instance/host.ts';
import { realFiles } from '../../io/index.ts';
import {
  filesOf,
  journalsIn,
  RecordSearch,
  verifyJournal,
  walkFile,
  type FoundFile,
  type JournalName,
  type RecordFilter,
} from '../../journal/index.ts';
import { command, show, type Context, type JsonOption } from '../context.ts';
import { bytes } from '../output.ts';
import { recordText } from '../journal-text.ts';

/*
 * Reading journal files. This process does it itself, also of an instance that is down: the files are this host's, they only grow
 * at their end, and gigabytes of them take nothing of the time of the instance's thread.
 */

interface WhichFlags extends JsonOption {
  readonly mirror?: string;
  readonly local?: true;
}

interface ShowFlags extends WhichFlags {
  readonly from?: number;
  readonly count: number;
}

interface SearchFlags extends WhichFlags {
  readonly global?: string;
  readonly from?: number;
  readonly to?: number;
  readonly session?: number;
  readonly process?: number;
  readonly transaction?: number;
  readonly database?: string;
  readonly count: number;
}

/** A file's times may be so far off: clocks are set, and a new primary has another one. */
const CLOCK_MS = 3_600_000;

export function addJournalReadCommands(journal: Command, context: Context): void {
  of(command(journal, 'show <instance> <file>', 'the records of a journal file, given by its name or number'))
    .option('--from <offset>', 'begin with the block that is at or behind this offset', natural)
    .option('--count <n>', 'show so many records at most', natural, 100)
    .action((instance: string, file: string, flags: ShowFlags) => showFile(context, instance, file, flags));

  of(command(journal, 'search <instance>', 'the records of all journal files that fit, oldest first'))
    .option('--global <reference>', 'of this node and everything below it, such as ^X(1)')
    .option('--from <time>', 'from this time on, such as 2026-11-21T20:00', time)
    .option('--to <time>', 'up to this time', time)
    .option('--session <n>', 'of this session', natural)
    .option('--process <n>', 'the same', natural)
    .option('--transaction <n>', 'of the transaction of this number', natural)
    .option('--database <name>', 'of the database of this name in the journal: its mirror database name, or its directory')
    .option('--count <n>', 'show so many records at most', natural, 1000)
    .action((instance: string, flags: SearchFlags) => searchAll(context, instance, flags));

  of(
    command(journal, 'verify <instance> [file...]', 'read journal files whole, and tell of everything that is not as it was written'),
  ).action((instance: string, names: string[], flags: WhichFlags) => verify(context, instance, names, flags));
}

function of(made: Command): Command {
  return made.option('--mirror <mirror>', 'of the journal of this mirror').option('--local', 'of the local journal');
}

function natural(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Give a whole number.');
  return value;
}

function time(text: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('Give a time such as 2026-11-21T20:00 (local) or 2026-11-21T20:00:00Z.');
  return value;
}

function directoryOf({ home }: Context, instance: string): string {
  return instancePaths(findRegistered(home, instance).directory).journal;
}

/** The journals that are meant. Throws NOT_FOUND, USAGE. */
function chosen(directory: string, { mirror, local }: WhichFlags): JournalName[] {
  const names = journalsIn(realFiles, directory);
  if (mirror !== undefined && local === true) throw new GemelError('USAGE', 'Give --mirror or --local, not both.', '', 'Leave one out.');
  if (mirror === undefined && local !== true) return names;
  const wanted = mirror === undefined ? null : mirror.toUpperCase();
  if (names.includes(wanted)) return [wanted];
  const what = wanted === null ? 'no file of a local journal' : `no journal file of a mirror ${wanted}`;
  throw new GemelError('NOT_FOUND', `There is ${what} in ${directory}.`, '', 'gemel journal list shows the files there are.');
}

/** By name, path or number. Throws NOT_FOUND, USAGE. */
function oneFile(directory: string, file: string, which: WhichFlags): FoundFile {
  const all = chosen(directory, which).flatMap((name) => filesOf(realFiles, directory, name));
  const fits = all.filter(({ name, header }) => name === path.basename(file) || (/^\d+$/.test(file) && header?.number === Number(file)));
  const [found] = fits;
  if (fits.length > 1)
    throw new GemelError(
      'USAGE',
      `Journal file ${file} may be ${fits.map(({ name }) => name).join(' or ')}.`,
      '',
      'Give its name, or say which journal: --mirror NAME or --local.',
    );
  if (found !== undefined) return found;
  throw new GemelError(
    'NOT_FOUND',
    `There is no journal file ${file} in ${directory}.`,
    '',
    'gemel journal list shows the files there are.',
  );
}

/** Prints records until there are `count`. @returns gives false when it was the last one that is wanted */
function printer(
  { terminal }: Context,
  { json, count }: { readonly json?: boolean; readonly count: number },
): (view: RecordView) => boolean {
  let left = count;
  return (view) => {
    if (left === 0) {
      if (json !== true) terminal.out(`There are more: --count N shows more than ${count}.\n`);
      return false;
    }
    left -= 1;
    terminal.out(json === true ? `${JSON.stringify(view)}\n` : recordText(view));
    return true;
  };
}

function showFile(context: Context, instance: string, file: string, flags: ShowFlags): void {
  const { name, path: from, header, problem, closed } = oneFile(directoryOf(context, instance), file, flags);
  if (header === null) throw problem;
  const records = new RecordSearch(name, {});
  const print = printer(context, flags);
  walkFile(realFiles, from, header, { closed }, (block) => {
    if (block.start.offset >= (flags.from ?? 0)) return records.look(block, from, print);
    records.learn(block);
    return true;
  });
}

function searchAll(context: Context, instance: string, flags: SearchFlags): void {
  const directory = directoryOf(context, instance);
  const filter = filterOf(flags);
  const print = printer(context, flags);
  for (const name of chosen(directory, flags))
    for (const file of between(filesOf(realFiles, directory, name), filter)) if (!searchFile(context, file, filter, print)) return;
}

function filterOf({ global, from, to, session, process, transaction, database }: SearchFlags): RecordFilter {
  const ofSession = session ?? process;
  return {
    ...(global === undefined ? {} : { global: globalKey(global) }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
    ...(ofSession === undefined ? {} : { session: ofSession }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(database === undefined ? {} : { database }),
  };
}

/** Throws USAGE, and what parsing does. */
export function globalKey(text: string): string {
  const { environment, key } = parseReference(Buffer.from(text, 'utf8').latin1Slice());
  if (environment === null) return key;
  throw new GemelError('USAGE', 'A global of the journal is given without its namespace.', '', 'Choose the database with --database.');
}

/** Files that cannot hold what is looked for are not read. */
function between(files: readonly FoundFile[], { fromMs, toMs }: RecordFilter): FoundFile[] {
  return files.filter(({ header, closed }, n) => {
    if (header === null) return true;
    const next = files[n + 1]?.header;
    if (toMs !== undefined && header.createdMs - CLOCK_MS > toMs) return false;
    return fromMs === undefined || closed === null || next === undefined || next === null || next.createdMs + CLOCK_MS >= fromMs;
  });
}

/** @returns false: enough. Throws DAMAGED. */
function searchFile(
  { terminal }: Context,
  { name, path: from, header, problem, closed }: FoundFile,
  filter: RecordFilter,
  print: (view: RecordView) => boolean,
): boolean {
  if (header === null) throw problem;
  const records = new RecordSearch(name, filter);
  try {
    return walkFile(realFiles, from, header, { closed }, (block) => records.look(block, from, print)) !== null;
  } catch (error) {
    if (fs.existsSync(from)) throw error;
    terminal.err(`gemel: ${name} was purged meanwhile, and not read.\n`);
    return true;
  }
}

function verify(context: Context, instance: string, names: readonly string[], flags: WhichFlags): void {
  const directory = directoryOf(context, instance);
  const guids = guidsOf(findRegistered(context.home, instance).directory);
  const found = names.map((name) => oneFile(directory, name, flags).name);
  const all = chosen(directory, flags).map((name) => {
    const files = filesOf(realFiles, directory, name);
    const isWhole = names.length === 0;
    const wanted = isWhole ? files : files.filter((file) => found.includes(file.name));
    return verifyJournal({ files: realFiles, found: wanted, isWhole, guid: guids?.(name) ?? null });
  });
  const sum = (of: (each: JournalVerification) => number): number => all.reduce((total, each) => total + of(each), 0);
  const result: JournalVerification = {
    sound: all.every(({ sound }) => sound),
    files: sum(({ files }) => files),
    blocks: sum(({ blocks }) => blocks),
    bytes: sum((each) => each.bytes),
    findings: all.flatMap(({ findings }) => findings),
  };
  show(context, flags, result, verificationText);
  if (result.sound) return;
  const faults = result.findings.filter(({ isFault }) => isFault);
  throw new GemelError(
    'DAMAGED',
    `${faults.length} ${faults.length === 1 ? 'fault was' : 'faults were'} found in the journal files.`,
    'They were left as they are.',
    'Restore the files from another member or a backup, or rebuild this member.',
  );
}

/** GUIDs of the journals as the settings know them; null: they cannot be read. */
function guidsOf(directory: string): ((name: JournalName) => string | null) | null {
  try {
    const { settings } = checkInstanceDirectory(directory);
    return (name) => {
      if (name === null) return settings.Startup.InstanceGUID;
      const mirror = settings.Mirrors[name];
      return typeof mirror === 'object' ? (mirror['GUID'] ?? null) : null;
    };
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return null;
  }
}

function verificationText({ files, blocks, bytes: read, findings }: JournalVerification): string {
  const lines = findings.map(
    ({ file, offset, reason, isFault }) => `${isFault ? 'FAULT' : 'note '} ${file}${offset === null ? '' : ` at ${offset}`}: ${reason}\n`,
  );
  return `${lines.join('')}${files} files with ${blocks} blocks and ${bytes(read)} of journal were read.\n`;
}
