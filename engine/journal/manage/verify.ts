import type { JournalFinding, JournalVerification } from '../../api/journals.ts';
import { GemelError } from '../../api/errors.ts';
import type { Files } from '../../io/files.ts';
import { continues } from '../lineage.ts';
import { comparePositions, sameEpoch } from '../position.ts';
import { forEachRecord } from '../record.ts';
import type { JournalHeader } from '../types.ts';
import { readHeader } from '../files.ts';
import { restOfFile } from '../torn-tail.ts';
import { JournalDamage, walkFile, type WalkEnd } from './walk.ts';

export interface VerifyOptions {
  readonly files: Files;
  /** All of one journal by their names, oldest first. */
  readonly found: readonly { readonly name: string; readonly path: string }[];
  /** These are all files of their journal: what lies between them must not be missing, and each is checked against the next. */
  readonly isWhole: boolean;
  /** GUID of the journal that they must be of; null: that of most of them. */
  readonly guid: string | null;
  readonly progress?: (bytes: number) => void;
}

interface Found {
  readonly name: string;
  readonly path: string;
  readonly header: JournalHeader;
}

/** Reads files of one journal and tells of everything in them that is not as it was written. It changes nothing. */
export function verifyJournal(options: VerifyOptions): JournalVerification {
  const findings: JournalFinding[] = [];
  const found = headersOf(options, findings);
  let blocks = 0;
  let bytes = 0;
  for (const [n, { name, path, header }] of found.entries()) {
    const next = found[n + 1];
    const follows = next?.header.number === header.number + 1 ? next : undefined;
    if (next !== undefined && follows === undefined) findings.push(...missing(header, next.header, options));
    if (follows !== undefined) findings.push(...lineageFaults(follows, header));
    const counted = { blocks: 0 };
    const end = walk(options, { name, path, header }, follows?.header, counted, findings);
    blocks += counted.blocks;
    if (end === null) continue;
    bytes += end.offset;
    if (follows !== undefined && follows.header.chain !== end.chain)
      findings.push(
        fault(follows.name, 0, `it does not continue ${name}: its chain begins with ${follows.header.chain}, not ${end.chain}`),
      );
    if (end.torn !== null)
      findings.push({
        file: name,
        offset: end.offset,
        reason: `the last write did not come through, or is under way (${end.torn}); it is not durable`,
        isFault: false,
      });
  }
  return { sound: findings.every(({ isFault }) => !isFault), files: options.found.length, blocks, bytes, findings };
}

function fault(file: string, offset: number | null, reason: string): JournalFinding {
  return { file, offset, reason, isFault: true };
}

/** Those of the journal that most of the files belong to, by number. */
function headersOf({ files, found: given, guid }: VerifyOptions, findings: JournalFinding[]): Found[] {
  const found: Found[] = [];
  for (const { name, path } of given) {
    try {
      found.push({ name, path, header: readHeader(files, path) });
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      findings.push(fault(name, 0, error.what));
    }
  }
  const own = guid ?? mostFrequent(found.map(({ header }) => header.journal.guid));
  const belongs = found.filter(({ name, header: { journal } }) => {
    const isOwn = journal.guid === own;
    if (!isOwn) findings.push(fault(name, 0, `it belongs to another journal (GUID ${journal.guid}, not ${own ?? ''})`));
    return isOwn;
  });
  const byNumber = belongs.toSorted((a, b) => a.header.number - b.header.number);
  return byNumber.filter((each, n) => {
    const before = byNumber[n - 1];
    if (before?.header.number !== each.header.number) return true;
    findings.push(fault(each.name, 0, `it claims to be journal file ${each.header.number}, as ${before.name} does`));
    return false;
  });
}

function mostFrequent(guids: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const guid of guids) counts.set(guid, (counts.get(guid) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function missing(before: JournalHeader, next: JournalHeader, { isWhole }: VerifyOptions): JournalFinding[] {
  if (!isWhole) return [];
  const [first, last] = [before.number + 1, next.number - 1];
  return [fault(next.fileName, null, `before it, journal file${first === last ? ` ${first} is` : `s ${first} to ${last} are`} missing`)];
}

/** What a header says of the epochs must be what the one before says, and more. */
function lineageFaults({ name, header }: Found, before: JournalHeader): JournalFinding[] {
  if (!continues(header.lineage, before.lineage))
    return [fault(name, 0, `it is of another lineage than the file before it: its epochs do not continue those of ${before.fileName}`)];
  const own = header.lineage.at(-1);
  if (own === undefined || !sameEpoch(own.epoch, header.epoch)) return [fault(name, 0, 'its own epoch is not the last one of its lineage')];
  const isNewEpoch = !sameEpoch(header.epoch, before.epoch);
  const place = { file: before.number, offset: header.previousEnd };
  if (isNewEpoch && comparePositions(own.previousEnd, place) !== 0)
    return [fault(name, 0, 'it says that the epoch before ended elsewhere than the file before does')];
  return [];
}

function hasOnlyZeros(files: VerifyOptions['files'], path: string, from: number): boolean {
  const file = files.open(path, 'read');
  try {
    return restOfFile(file, { file: 0, offset: from }, file.size()).isZeros;
  } finally {
    file.close();
  }
}

function walk(
  { files, progress }: VerifyOptions,
  { name, path, header }: Found,
  next: JournalHeader | undefined,
  counted: { blocks: number },
  findings: JournalFinding[],
): WalkEnd | null {
  try {
    const end = walkFile(files, path, header, { closed: next?.previousEnd ?? null }, (block) => {
      counted.blocks += 1;
      forEachRecord(block.bytes, () => undefined);
      progress?.(block.length);
      const { major, minor } = header.epoch;
      if (block.major !== major || block.minor !== minor)
        findings.push(fault(name, block.start.offset, `a block of epoch ${block.major}.${block.minor} in a file of ${major}.${minor}`));
      return true;
    });
    const size = files.size(path);
    if (end !== null && next !== undefined && size > next.previousEnd) {
      // Its disk failed when it was to be cut there: nobody reads them.
      const isFault = !hasOnlyZeros(files, path, next.previousEnd);
      findings.push({
        ...fault(name, next.previousEnd, `${size - next.previousEnd} bytes stand behind the length at which it was closed`),
        isFault,
      });
    }
    return end;
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    findings.push(error instanceof JournalDamage ? fault(name, error.offset, error.reason) : fault(name, null, error.what));
    return null;
  }
}
