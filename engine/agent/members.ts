import { GemelError } from '../api/errors.ts';
import { instancePaths, type DirectoryLock, type InstancePaths } from '../instance/host.ts';
import type { Io } from '../io/index.ts';
import { Journal, type JournalReach } from '../journal/index.ts';
import { readRecord, writeRecord, type MirrorRecord } from '../mirror/index.ts';
import { decideGrant } from '../mirror/failover/agent.ts';
import type { AgentAnswer, Epoch, JournalEnd } from '../mirror/failover/index.ts';
import type { Hosted } from './hosted.ts';

/** The mirror members among a host's instances, as their agent answers for them. */

interface HostedMember {
  readonly instance: string;
  readonly paths: InstancePaths;
  readonly record: MirrorRecord;
}

function findMember(hosted: Hosted, mirror: string, member: string): HostedMember | null {
  const { io } = hosted;
  for (const { name, directory } of hosted.list()) {
    const paths = instancePaths(directory);
    if (!io.files.exists(paths.mgr)) continue;
    const record = readRecord(io.files, paths.mgr);
    if (record !== null && record.self === member && record.membership.guid === mirror) return { instance: name, paths, record };
  }
  return null;
}

function openJournal(io: Io, found: HostedMember): Journal {
  const { membership, self } = found.record;
  return Journal.open({
    io,
    directory: found.paths.journal,
    journal: { kind: 'mirror', name: membership.mirror, guid: membership.guid },
    member: self,
  });
}

function journalEnd(reach: JournalReach): JournalEnd {
  return { epoch: reach.lineage.at(-1)?.epoch ?? { major: 0, minor: 0, member: '' }, position: reach.end.position };
}

const nothing: AgentAnswer = {
  member: '',
  boot: '',
  reign: null,
  period: null,
  seen: { major: 0, minor: 0, member: '' },
  membership: 0,
  role: null,
  state: 'unknown',
  journal: null,
  grant: null,
  refused: null,
  noFailover: false,
};

/**
 * What the agent says of one of its instances, and, when asked and allowed, its promise that this instance will not be
 * primary up to that epoch. The promise is durable, and the instance's lock held, before it is given.
 */
export function answerFor(
  hosted: Hosted,
  question: { mirror: string; member: string; asker: string; grantAbove: Epoch | null },
): AgentAnswer {
  const none: AgentAnswer = { ...nothing, member: question.member };
  const { io } = hosted;
  const found = findMember(hosted, question.mirror, question.member);
  if (found === null) return { ...none, refused: { code: 'UNKNOWN', text: 'No instance of this host is that member.', facts: {} } };
  const held = hosted.probe(found.paths.run);
  if (held.held) return running(none, held.holder?.phase === 'starting');
  let lock: DirectoryLock;
  try {
    lock = hosted.acquire(found.paths.run);
  } catch (error) {
    if (error instanceof GemelError && error.code === 'LOCKED') return running(none, true);
    throw error;
  }
  try {
    // Under the lock nothing of the member can change.
    const record = readRecord(io.files, found.paths.mgr);
    if (record === null) return none;
    const journal = journalEnd(openJournal(io, { ...found, record }));
    const { durable } = record;
    const down: AgentAnswer = {
      ...none,
      boot: durable.boot,
      reign: durable.reign,
      period: durable.period,
      seen: durable.seen,
      membership: record.membership.version,
      state: 'down',
      journal,
      noFailover: durable.noFailover !== null,
    };
    if (question.grantAbove === null) return down;
    const decision = decideGrant({
      durable: record.durable,
      members: record.membership.members.map((m) => m.guid),
      self: record.self,
      asker: question.asker,
      above: question.grantAbove,
      journal,
    });
    if ('refused' in decision) return { ...down, refused: decision.refused };
    writeRecord(io.files, found.paths.mgr, { ...record, durable: { ...record.durable, grant: decision.grant } });
    return { ...down, grant: decision.grant };
  } finally {
    lock.release();
  }
}

function running(none: AgentAnswer, starting: boolean): AgentAnswer {
  return { ...none, state: starting ? 'starting' : 'operating', refused: { code: 'RUNNING', text: 'The instance is running.', facts: {} } };
}

/** The journal of a member that is down and has promised itself to the asker, for sending. Throws REFUSED. */
export function journalToServe(hosted: Hosted, question: { mirror: string; member: string; asker: string }): Journal {
  const found = findMember(hosted, question.mirror, question.member);
  if (found === null) throw new GemelError('NOT_FOUND', 'No instance of this host is that member.');
  if (hosted.probe(found.paths.run).held) throw new GemelError('REFUSED', 'The instance is running; ask it for its journal.');
  if (!found.record.membership.members.some((m) => m.guid === question.asker))
    throw new GemelError('REFUSED', 'Only members of the mirror get journal data.');
  return openJournal(hosted.io, found);
}
