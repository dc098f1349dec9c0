import { GemelError } from '../api/errors.ts';
import { instancePaths, type InstancePaths } from '../instance/host.ts';
import { Journal } from '../journal/index.ts';
import { readRecords, requireOwnEpoch, type Membership, type MirrorRecord } from '../mirror/index.ts';
import type { Hosted } from './hosted.ts';

/** The mirror members among a host's instances. */

export interface HostedMember {
  readonly instance: string;
  readonly paths: InstancePaths;
  /** As it was read; the member may change it while it runs. */
  readonly record: MirrorRecord;
}

export function findMember(hosted: Hosted, mirror: string, member: string): HostedMember | null {
  const { io } = hosted;
  for (const { name, directory } of hosted.list()) {
    const paths = instancePaths(directory);
    if (!io.files.exists(paths.mgr)) continue;
    const record = readRecords(io.files, paths.mgr).find(({ self, membership }) => self === member && membership.guid === mirror);
    if (record !== undefined) return { instance: name, paths, record };
  }
  return null;
}

/** The membership as the member asked about has it, also for who is a member no more: so it finds that out. null: it is not here. */
export function membershipFor(hosted: Hosted, question: { mirror: string; member: string }): Membership | null {
  return findMember(hosted, question.mirror, question.member)?.record.membership ?? null;
}

/** The journal of a member that is down. Throws what keeps it from being read. */
export function openJournal(hosted: Hosted, found: HostedMember): Journal {
  const { membership, self, durable } = found.record;
  const journal = Journal.open({
    io: hosted.io,
    directory: found.paths.journal,
    journal: { kind: 'mirror', name: membership.mirror, guid: membership.guid },
    member: self,
  });
  requireOwnEpoch(durable, journal.lineage.at(-1)?.epoch, found.paths.journal);
  return journal;
}

/** The journal of a member that is down, for sending to another member of its mirror. Throws NOT_FOUND, REFUSED. */
export async function journalToServe(hosted: Hosted, question: { mirror: string; member: string; asker: string }): Promise<Journal> {
  const found = findMember(hosted, question.mirror, question.member);
  if (found === null) throw new GemelError('NOT_FOUND', 'No instance of this host is that member.');
  if (!found.record.membership.members.some((m) => m.guid === question.asker))
    throw new GemelError('REFUSED', 'Only members of the mirror get journal data.');
  if ((await hosted.look(found.paths.directory)).state !== 'down')
    throw new GemelError('REFUSED', 'The instance is running; ask it for its journal.');
  return openJournal(hosted, found);
}
