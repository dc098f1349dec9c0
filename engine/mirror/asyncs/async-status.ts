import { isStopped } from '../../api/dejournaling.ts';
import type { MemberLag, MemberStatus, MemberView, MirroredDatabaseView, MirrorStatus } from '../../api/status.ts';
import { databaseView } from '../database-status.ts';
import { addressesOf, at, dejournaling, dejournalMs, downView, IncomingRate, settingsView, time } from '../status-words.ts';
import { failoverMembers, type Member } from '../membership.ts';
import type { AsyncMember } from './async-member.ts';
import { transferMs, transferText } from './follower-view.ts';

/** The status word for an async member itself. */
export function asyncStatus({ stopped, crashed, refused, primary }: AsyncMember): MemberStatus {
  if (stopped) return 'Stopped';
  if (primary !== null) return primary.caughtUp ? 'Connected' : 'Synchronizing';
  if (crashed !== null) return 'Crashed';
  return refused === null ? 'Transition' : 'Waiting';
}

/** What an async member can say of its mirror: the failover members, as their primary sees them, and itself. */
export class AsyncStatusView {
  readonly #member: AsyncMember;
  readonly #incoming: IncomingRate;

  constructor(member: AsyncMember) {
    this.#member = member;
    this.#incoming = new IncomingRate(member.options.io.clock);
  }

  get #now(): number {
    return this.#member.options.io.clock.wallMs();
  }

  status(): MirrorStatus {
    const member = this.#member;
    const { membership, self, primary } = member;
    const told = primary?.beat?.failover ?? [];
    return {
      mirror: membership.mirror,
      thisMember: self.name,
      noFailover: primary?.beat?.noFailover ?? false,
      members: [...failoverMembers(membership).map((each) => this.#failover(each, told)), this.#self()],
      arbiter: {
        address: membership.arbiter === null ? null : membership.arbiter.replace(/:(\d+)$/, '|$1'),
        failoverMode: primary?.beat?.mode ?? 'Agent Controlled',
        connectionStatus: 'This member is not connected to the arbiter',
      },
      incomingRate: primary === null ? null : this.#incoming.of(member.following.received),
      databases: this.#databases(),
      missingDatabases: this.missing(),
      ...settingsView(member.membership, member.self),
    };
  }

  /** Mirrored databases of the mirror that are not here. A reporting member may carry a part of them. */
  missing(): string[] {
    if (this.#member.self.type !== 'Disaster Recovery') return [];
    return this.#member.missing();
  }

  #failover(member: Member, told: readonly MemberView[]): MemberView {
    const seen = told.find((each) => each.name === member.name);
    if (seen !== undefined) return seen;
    return downView(member, this.#member.following.lostAt);
  }

  #self(): MemberView {
    const member = this.#member;
    const end = member.journal.reach.end.position;
    const { host } = member.options;
    const doneMs = dejournalMs(host.dejournaled(), end, this.#now);
    const halt = member.dejournaler.halt;
    const done = isStopped(halt)
      ? 'Warning! Dejournaling is stopped.'
      : host.cannotTakeOver() === null
        ? dejournaling(doneMs)
        : 'Warning! Some databases need attention.';
    const base = { ...addressesOf(member.self), status: asyncStatus(member), position: at(end), dejournalLatencyMs: doneMs };
    if (member.primary === null) {
      const lost = `Disconnected on ${time(member.following.lostAt ?? this.#now)}`;
      return { ...base, journalTransfer: lost, journalLatencyMs: null, dejournaling: done };
    }
    const ms = member.following.hasAll ? 0 : transferMs(null, end, member.following.receivedTimeMs, this.#now);
    return { ...base, journalTransfer: transferText(ms), journalLatencyMs: ms, dejournaling: done };
  }

  #databases(): MirroredDatabaseView[] {
    const { host } = this.#member.options;
    const { journal } = this.#member.journal;
    const end = this.#member.journal.reach.end.position;
    const { halt } = this.#member.dejournaler;
    const at = { isPrimary: false, isStopped: isStopped(halt), end, files: journal.files, now: this.#now };
    return host.databases().map((d) => databaseView(d, at));
  }

  /** Only the primary knows how far others are. */
  lag(): MemberLag[] {
    return [];
  }

  /** An async takes part in no failover. */
  readiness(): { check: string; ok: boolean | null; reason: string }[] {
    return [];
  }
}
