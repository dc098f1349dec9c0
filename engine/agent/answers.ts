import { GemelError } from '../api/errors.ts';
import type { DirectoryLock, Log, Look } from '../instance/host.ts';
import type { Journal } from '../journal/index.ts';
import { decideAdoption, failoverMembers, leaveWord, readRecord, writeRecord, type Adoption, type MirrorRecord } from '../mirror/index.ts';
import { decideGrant } from '../mirror/failover/agent.ts';
import { compareEpochs } from '../mirror/failover/epochs.ts';
import type { AgentAnswer, Durable, Epoch, JournalEnd, Refusal, Reign } from '../mirror/failover/index.ts';
import type { Hosted } from './hosted.ts';
import { findMember, openJournal, type HostedMember } from './members.ts';

/** What the agent of a host says of the mirror members on it, and the promises it gives for those that are down. */

export interface Question {
  readonly mirror: string;
  readonly member: string;
  readonly asker: string;
  /** Promise the asker that this member will not be primary in an epoch up to this; null: only asked how it is. */
  readonly grantAbove: Epoch | null;
  /** The asker will not take over by this any more: left for the member, which is running. */
  readonly gaveUp?: Reign | null | undefined;
}

interface Context {
  readonly hosted: Hosted;
  readonly log: Log;
}

const noEpoch: Epoch = { major: 0, minor: 0, member: '' };
const unknown: Omit<AgentAnswer, 'member'> = {
  boot: '',
  reign: null,
  period: null,
  seen: noEpoch,
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
 * primary up to that epoch. One that hangs, with proof, or that has durably yielded, is forced down first when a promise is
 * asked for. The promise is durable, and the instance's lock held, before it is given.
 */
export async function answerFor(context: Context, question: Question): Promise<AgentAnswer> {
  const { hosted } = context;
  const found = findMember(hosted, question.mirror, question.member);
  if (found === null)
    return { ...unknown, member: question.member, refused: refusal('UNKNOWN', 'No instance of this host is that member.') };
  const look = await hosted.look(found.paths.directory);
  if (look.state === 'down') return underLock(hosted, found, (record) => downAnswer(hosted, found, record, question));
  const running = runningAnswer(hosted, found, look);
  if (question.gaveUp !== undefined && question.gaveUp !== null) leaveWordFor(hosted, found, question.asker, question.gaveUp);
  if (question.grantAbove === null || !mayForceDown(running, found)) return running;
  // The journal of a process that lives is not looked into; what it has seen is at least as new.
  const would = decide(found.record, question, question.grantAbove, { epoch: found.record.durable.seen, position: { file: 0, offset: 0 } });
  if ('refused' in would) return { ...running, refused: would.refused };
  try {
    await forceDown(context, found, look);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    // It may be down all the same: another question was quicker, or it has ended by itself.
    if ((await hosted.look(found.paths.directory)).state !== 'down')
      return { ...running, refused: refusal('NOT_FORCED_DOWN', `It could not be forced down: ${error.what}`) };
  }
  return underLock(hosted, found, (record) => {
    const marked = { ...record, durable: { ...record.durable, forcedDown: true, validated: false } };
    writeRecord(hosted.io.files, found.paths.mgr, marked);
    return downAnswer(hosted, found, marked, question);
  });
}

/** Only a member's word is taken; the primary itself sees whether it is about its present trouble. */
function leaveWordFor({ io }: Hosted, { paths, record }: HostedMember, asker: string, had: Reign): void {
  if (asker !== record.self && failoverMembers(record.membership).some((m) => m.guid === asker)) leaveWord(io.files, paths.mgr, asker, had);
}

/** Only these: it has been proven to hang, or it has itself given up its newest epoch for good and does not do anything else yet. */
function mayForceDown({ state, role, seen }: AgentAnswer, { record }: HostedMember): boolean {
  if (state === 'hung') return true;
  const { yielded } = record.durable;
  return role === 'yielded' && yielded !== null && compareEpochs(yielded, seen) >= 0;
}

async function forceDown({ hosted, log }: Context, { instance, paths }: HostedMember, look: Look): Promise<void> {
  log(2, `[FORCING_DOWN] Instance ${instance} is forced down, for the other failover member asks to take over: ${look.why}.`);
  await hosted.forceDown(paths.directory);
  log(2, `[FORCED_DOWN] Instance ${instance} has been forced down. It stays down until a person starts it.`);
}

function underLock(hosted: Hosted, found: HostedMember, act: (record: MirrorRecord) => AgentAnswer): AgentAnswer {
  const done = locked(hosted, found, act);
  if (done === 'running') return runningAnswer(hosted, found, { state: 'starting', why: 'its lock has just been taken', member: null });
  return done ?? { ...unknown, member: found.record.self };
}

/** Under the lock nothing of the member can change. `act` may not wait for anything. null: it is no member any more. */
function locked<T>(hosted: Hosted, found: HostedMember, act: (record: MirrorRecord) => T): T | 'running' | null {
  let lock: DirectoryLock;
  try {
    lock = hosted.acquire(found.paths.run);
  } catch (error) {
    if (!(error instanceof GemelError) || error.code !== 'LOCKED') throw error;
    return 'running';
  }
  try {
    const record = readRecord(hosted.io.files, found.paths.mgr, found.record.membership.mirror);
    return record === null ? null : act(record);
  } finally {
    lock.release();
  }
}

/** Roles changed by a promotion, for a member that is down: durable in its record before it is answered. null: they are. */
export async function adoptFor({ hosted, log }: Context, adoption: Adoption & { mirror: string; member: string }): Promise<Refusal | null> {
  const found = findMember(hosted, adoption.mirror, adoption.member);
  if (found === null) return refusal('UNKNOWN', 'No instance of this host is that member.');
  const isDown = (await hosted.look(found.paths.directory)).state === 'down';
  const decision = isDown ? locked(hosted, found, (record) => store(hosted, found, decideAdoption(record, adoption))) : 'running';
  if (decision === 'running') return refusal('RUNNING', 'The instance is running.');
  if (decision === null) return refusal('UNKNOWN', 'No instance of this host is that member.');
  if ('refused' in decision) return decision.refused;
  log(2, `[ROLE_STORED] ${adoption.asker} was promoted: the instance ${found.instance} gets its new role in the mirror when it starts.`);
  return null;
}

function store(hosted: Hosted, found: HostedMember, decision: ReturnType<typeof decideAdoption>): ReturnType<typeof decideAdoption> {
  if ('record' in decision) writeRecord(hosted.io.files, found.paths.mgr, decision.record);
  return decision;
}

/** What the member's durable record says, whether it runs or not. */
function recorded({ self, membership, durable }: MirrorRecord): AgentAnswer {
  return {
    ...unknown,
    member: self,
    boot: durable.boot,
    reign: durable.reign,
    period: durable.period,
    seen: durable.seen,
    membership: membership.version,
    noFailover: durable.noFailover !== null || durable.stoppedNoFailover,
  };
}

function runningAnswer(hosted: Hosted, { paths, record }: HostedMember, look: Look): AgentAnswer {
  // Read after the look: a record that is older than what the process has told would tell of an earlier reign.
  const answer = recorded(readRecord(hosted.io.files, paths.mgr, record.membership.mirror) ?? record);
  const role = look.member?.role ?? null;
  const state = look.state === 'operating' && role === 'in-trouble' ? 'in-trouble' : look.state;
  return {
    ...answer,
    boot: look.member?.boot ?? answer.boot,
    role,
    state,
    refused: refusal('RUNNING', `The instance is running: ${look.why}.`),
  };
}

function downAnswer(hosted: Hosted, found: HostedMember, record: MirrorRecord, question: Question): AgentAnswer {
  const journal = readableEnd(hosted, { ...found, record });
  const down: AgentAnswer = { ...recorded(record), state: 'down', journal };
  if (question.grantAbove === null) return down;
  const decision = decide(record, question, question.grantAbove, journal);
  if ('refused' in decision) return { ...down, refused: decision.refused };
  const { grant } = decision;
  const durable: Durable = { ...record.durable, grant, validated: false };
  writeRecord(hosted.io.files, found.paths.mgr, { ...record, durable });
  return { ...down, grant };
}

function decide(record: MirrorRecord, { asker }: Question, above: Epoch, journal: JournalEnd | null): ReturnType<typeof decideGrant> {
  return decideGrant({
    durable: record.durable,
    members: failoverMembers(record.membership).map((m) => m.guid),
    self: record.self,
    asker,
    above,
    journal,
  });
}

/** null: it cannot be read; whoever asks has to know by itself whether it lacks anything. */
function readableEnd(hosted: Hosted, found: HostedMember): JournalEnd | null {
  let journal: Journal;
  try {
    journal = openJournal(hosted, found);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return null;
  }
  return { epoch: journal.lineage.at(-1)?.epoch ?? noEpoch, position: journal.end.position };
}

function refusal(code: string, text: string): Refusal {
  return { code, text, facts: {} };
}
