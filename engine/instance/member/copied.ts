import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { compareJournals, Journal, journalFileNames, type JournalEnd, type Position } from '../../journal/index.ts';
import type { Io } from '../../io/index.ts';
import type { Membership, Mirror } from '../../mirror/index.ts';
import { requireOwnFiles } from './own-files.ts';

/** Journal files that a person copies to a member from another one whose host cannot be reached over the network. */

const at = ({ file, offset }: Position): string => `${file}:${offset}`;

/** What may be made primary by hand: neither it nor its journal is at work. */
function isWaiting({ state: { role } }: Mirror): boolean {
  return role.is === 'waiting' || role.is === 'lost';
}

/** Throws RIGHTS when a file of the mirror's journal is not this instance's own. */
export function requireOwnJournal({ files }: Io, directory: string, { mirror: name, guid }: Membership): void {
  const names = journalFileNames(files, directory, { kind: 'mirror', name, guid });
  requireOwnFiles(names.map((file) => path.join(directory, file)));
}

/**
 * Where the journal files of a waiting member end now, if that is beyond what it has received: verified, and a continuation of it.
 * null: there is nothing more. Throws REFUSED when they are no continuation, RIGHTS when they are not
 * this instance's own, and what `Journal.open` throws of files that cannot be read.
 */
export function copiedEnd(io: Io, directory: string, mirror: Mirror): JournalEnd | null {
  if (!isWaiting(mirror)) return null;
  requireOwnJournal(io, directory, mirror.membership);
  const known = mirror.journal.reach;
  const { mirror: name, guid } = mirror.membership;
  const { files, lineage, end, torn } = Journal.open({ io, directory, journal: { kind: 'mirror', name, guid }, member: mirror.self.guid });
  const { kind } = compareJournals(known, { lineage, end });
  if (kind === 'same') return null;
  if (kind === 'prefix') return end;
  const last = files.last?.fileName ?? 'none';
  const damage = torn === null ? '' : ` Behind ${at(end.position)} it is damaged: ${torn.detail}.`;
  throw new GemelError(
    'REFUSED',
    `The mirror journal files in ${directory} (newest: ${last}) do not go on from what this member has received, which ends at ${at(known.end.position)}.${damage}`,
    'This member is not made primary; its databases were not changed.',
    'Copy the files again, from the newest one that this member had on, all of them from one member, and see that owner and mode are those of the others.',
  );
}
