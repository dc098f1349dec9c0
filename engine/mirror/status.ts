import type { MemberLag, MemberStatus, MemberView, MirroredDatabaseView, MirrorStatus } from '../api/status.ts';
import { comparePositions, type Position } from '../journal/index.ts';
import type { RoleName } from './failover/index.ts';
import { followerLag, followerView } from './asyncs/follower-view.ts';
import type { ForAsyncs } from './asyncs/protocol.ts';
import { failoverMembers, isAsync, missingDatabases, type Member } from './membership.ts';
import type { Mirror } from './mirror.ts';
import { databaseView } from './database-status.ts';
import { addressesOf, at, behind, dejournaling, dejournalMs, IncomingRate, settingsView, time } from './status-words.ts';

/** What this member can say of the mirror, in the words of the Mirror Monitor. */

const noPosition: Position = { file: 0, offset: 0 };

/** The status word for this member itself. */
export function ownStatus({ state: { role }, crashed }: Pick<Mirror, 'state' | 'crashed'>): MemberStatus {
  switch (role.is) {
    case 'primary':
      return role.trouble === null && role.frozen === null ? 'Primary' : 'In Trouble';
    case 'backup':
      return role.active === null ? 'Synchronizing' : 'Backup';
    case 'taking':
    case 'yielded':
      return 'Transition';
    case 'starting':
      return crashed === null ? 'Transition' : 'Crashed';
    case 'lost':
    case 'waiting':
      return crashed === null ? 'Waiting' : 'Crashed';
    case 'stopped':
      return 'Stopped';
    case 'down':
      return 'Down';
  }
}

/** The status word for a member that is not connected, by what it or its agent last said of it. */
function heardStatus(role: RoleName | null): MemberStatus {
  switch (role) {
    case 'primary':
      return 'Primary';
    case 'in-trouble':
      return 'In Trouble';
    case 'starting':
    case 'taking':
    case 'yielded':
      return 'Transition';
    case 'waiting':
    case 'lost':
    case 'backup':
      return 'Waiting';
    case 'stopped':
      return 'Stopped';
    case 'down':
    case null:
      return 'Down';
  }
}

/** Also when it was set at this member's promotion. */
function isNoFailover({ durable }: Mirror['state']): boolean {
  return durable.noFailover !== null || durable.promotion?.isHeld === true;
}

export class StatusView {
  readonly #mirror: Mirror;
  readonly #incoming: IncomingRate;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.#incoming = new IncomingRate(mirror.options.io.clock);
  }

  get #now(): number {
    return this.#mirror.options.io.clock.wallMs();
  }

  status(): MirrorStatus {
    const mirror = this.#mirror;
    const { membership, state, self, partner } = mirror;
    const mine = this.#self();
    return {
      mirror: membership.mirror,
      thisMember: self.name,
      noFailover: isNoFailover(state),
      members: membership.members.map((m) => (m.guid === self.guid ? mine : isAsync(m) ? this.#async(m) : this.#other(m))),
      arbiter: {
        address: membership.arbiter === null ? null : membership.arbiter.replace(/:(\d+)$/, '|$1'),
        failoverMode: this.#mode(),
        connectionStatus: !state.arbiter.connected
          ? 'This member is not connected to the arbiter'
          : this.#partnerAtArbiter(partner)
            ? 'Both failover members are connected to the arbiter'
            : 'Only this member is connected to the arbiter',
      },
      incomingRate: state.role.is === 'backup' ? this.#incoming.of(mirror.peers.received) : null,
      databases: this.#databases(),
      missingDatabases: this.missing(),
      ...settingsView(membership, self),
    };
  }

  /** What asyncs are told: the failover members, and what the mirror is set to. */
  forAsyncs(): ForAsyncs {
    const { membership, self, state } = this.#mirror;
    return {
      failover: failoverMembers(membership).map((m) => (m.guid === self.guid ? this.#self() : this.#other(m))),
      mode: this.#mode(),
      noFailover: isNoFailover(state),
    };
  }

  /** The async members, for the other failover member. */
  asyncs(): MemberView[] {
    return this.#mirror.membership.members.filter(isAsync).map((m) => this.#async(m));
  }

  /** The primary knows of it by its connection; the backup what the primary tells. */
  #async(member: Member): MemberView {
    const mirror = this.#mirror;
    const told =
      mirror.state.role.is === 'primary' ? undefined : mirror.peers.link?.seen?.asyncs?.find((each) => each.name === member.name);
    if (told !== undefined) return told;
    const { writer } = mirror.journal;
    const durable = writer?.durable ?? mirror.journal.reach.end.position;
    return followerView(member, mirror.followers.state(member.guid), durable, this.#now);
  }

  #partnerAtArbiter(partner: Member | null): boolean {
    return partner !== null && (this.#mirror.peers.link?.seen?.arbiter ?? this.#mirror.state.arbiter.otherConnected);
  }

  #mode(): MirrorStatus['arbiter']['failoverMode'] {
    const { role } = this.#mirror.state;
    const bound = role.is === 'primary' ? role.generation?.phase === 'bound' : role.is === 'backup' && role.generation?.phase === 'formed';
    return bound ? 'Arbiter Controlled' : 'Agent Controlled';
  }

  /** Mirrored databases of the mirror that are not on this member. */
  missing(): string[] {
    return missingDatabases(this.#mirror.membership, this.#mirror.options.host.databases());
  }

  /** While nothing durable is known beyond what this backup has, it has everything. */
  #behindDurable(): boolean {
    return comparePositions(this.#mirror.journal.reach.end.position, this.#mirror.peers.knownDurable) < 0;
  }

  #self(): MemberView {
    const mirror = this.#mirror;
    const { role } = mirror.state;
    const end = mirror.journal.writer?.end ?? mirror.journal.reach.end.position;
    const base = { ...addressesOf(mirror.self), position: at(end) };
    const status = ownStatus(mirror);
    if (role.is === 'primary')
      return { ...base, status, journalTransfer: 'N/A', dejournaling: 'N/A', journalLatencyMs: null, dejournalLatencyMs: null };
    const disconnected = `Disconnected on ${time(mirror.partnerLostAt ?? this.#now)}`;
    if (role.is !== 'backup')
      return {
        ...base,
        status,
        journalTransfer: disconnected,
        dejournaling: this.#dejournaling(),
        journalLatencyMs: null,
        dejournalLatencyMs: this.#dejournalMs(),
      };
    const journalTransfer = role.active !== null ? 'Active' : this.#behindDurable() ? behind(1000) : 'Caught up';
    return {
      ...base,
      status,
      journalTransfer,
      dejournaling: this.#dejournaling(),
      journalLatencyMs: role.active !== null ? 0 : null,
      dejournalLatencyMs: this.#dejournalMs(),
    };
  }

  #dejournalMs(): number | null {
    return dejournalMs(this.#mirror.options.host.dejournaled(), this.#mirror.journal.reach.end.position, this.#now);
  }

  #dejournaling(): string {
    const why = this.#mirror.options.host.cannotTakeOver();
    return why !== null ? 'Warning! Some databases need attention.' : dejournaling(this.#dejournalMs());
  }

  #other(member: Member): MemberView {
    const mirror = this.#mirror;
    const link = mirror.peers.link;
    const base = addressesOf(member);
    const { role } = mirror.state;
    if (link === null || link.member !== member.guid) {
      const since = mirror.partnerLostAt;
      const lost = since === null ? 'N/A' : `Disconnected on ${time(since)}`;
      return {
        ...base,
        position: null,
        status: heardStatus(mirror.heardOfPartner),
        journalTransfer: lost,
        dejournaling: lost,
        journalLatencyMs: null,
        dejournalLatencyMs: null,
      };
    }
    if (role.is === 'backup')
      return {
        ...base,
        position: null,
        status: 'Primary',
        journalTransfer: 'N/A',
        dejournaling: 'N/A',
        journalLatencyMs: null,
        dejournalLatencyMs: null,
      };
    const active = role.is === 'primary' && role.backup?.active === true;
    const received = link.sender?.acknowledged ?? link.seen?.received ?? noPosition;
    const done = link.seen?.dejournaled ?? null;
    const ms = link.seen === null ? null : dejournalMs(done, received, this.#now);
    return {
      ...base,
      position: at(received),
      status: active ? 'Backup' : 'Synchronizing',
      journalTransfer: active
        ? 'Active'
        : mirror.journal.writer !== null && comparePositions(received, mirror.journal.writer.durable) >= 0
          ? 'Caught up'
          : behind(1000),
      journalLatencyMs: active ? 0 : null,
      dejournaling: link.seen?.canTakeOver === false ? 'Warning! Some databases need attention.' : dejournaling(ms),
      dejournalLatencyMs: ms,
    };
  }

  #databases(): MirroredDatabaseView[] {
    const mirror = this.#mirror;
    const { host } = mirror.options;
    const isPrimary = mirror.state.role.is === 'primary';
    const end = mirror.journal.writer?.end ?? mirror.journal.reach.end.position;
    const { files } = mirror.journal.journal;
    return host.databases().map((d) => databaseView(d, { isPrimary, isStopped: false, end, files, now: this.#now }));
  }

  /** The four stages of journal data on its way to the other member, as the primary knows them; unknown stays null. */
  lag(): MemberLag[] {
    const mirror = this.#mirror;
    const { writer } = mirror.journal;
    const link = mirror.peers.link;
    const { partner, membership, followers } = mirror;
    if (writer === null) return [];
    const end = writer.end;
    const asyncs = membership.members
      .filter(isAsync)
      .map((m) => followerLag(m, followers.state(m.guid), writer.written, writer.durable, this.#now));
    if (partner === null) return asyncs;
    const stage = (position: Position | null, ms: number | null) => ({
      position: position === null ? null : at(position),
      behindBytes: position === null || position.file !== end.file ? null : end.offset - position.offset,
      behindMs: ms,
    });
    const done = link?.seen?.dejournaled ?? null;
    const received = link?.sender?.acknowledged ?? null;
    const doneMs = received === null || link?.seen === null || link === null ? null : dejournalMs(done, received, this.#now);
    const since = link?.sender?.unacknowledgedSince ?? null;
    const receivedMs = received === null ? null : since === null ? 0 : Math.round(mirror.options.io.clock.monotonicMs() - since);
    return [
      {
        member: partner.name,
        written: stage(writer.written, 0),
        sent: stage(link?.sender?.sent ?? null, link?.sender === null ? null : 0),
        received: stage(received, receivedMs),
        dejournaled: stage(done?.position ?? null, doneMs),
      },
      ...asyncs,
    ];
  }

  /** Each precondition of a failover now, with its reason. */
  readiness(): { check: string; ok: boolean | null; reason: string }[] {
    const mirror = this.#mirror;
    const { role, arbiter, durable } = mirror.state;
    const { membership, partner } = mirror;
    if (partner === null)
      return [
        { check: 'A second failover member exists', ok: false, reason: 'The mirror has one failover member only: nobody could take over.' },
      ];
    const active = role.is === 'primary' ? role.backup?.active === true : role.is === 'backup' && role.active !== null;
    const connected = mirror.peers.link !== null;
    const other = mirror.peers.link?.seen?.canTakeOver ?? null;
    const missing = this.missing();
    return [
      {
        check: 'The failover members are connected',
        ok: connected,
        reason: connected ? 'The data channel is up.' : 'The two members have no connection to each other.',
      },
      {
        check: 'The backup is active',
        ok: active,
        reason: active ? 'Every acknowledged update is on both members.' : 'The backup does not have everything yet, or is not connected.',
      },
      {
        check: 'Arbiter controlled mode',
        ok: this.#mode() === 'Arbiter Controlled',
        reason:
          membership.arbiter === null
            ? 'No arbiter is configured: if the host of the primary fails, nobody can take over by itself.'
            : this.#mode() === 'Arbiter Controlled'
              ? 'Both members are connected to the arbiter.'
              : arbiter.connected
                ? 'The other member is not connected to the arbiter, or the backup is not active.'
                : 'This member is not connected to the arbiter.',
      },
      {
        check: 'Failover is allowed',
        ok: durable.noFailover === null,
        reason: durable.noFailover === null ? 'No failover is not set.' : 'No failover is set: the backup will not take over.',
      },
      role.is === 'primary'
        ? {
            check: 'The databases of the backup can take over',
            ok: connected ? other : null,
            reason: other === false ? 'The backup reports a database that needs attention.' : 'As the backup reports.',
          }
        : {
            check: 'The databases of this member can take over',
            ok: mirror.options.host.cannotTakeOver() === null,
            reason: mirror.options.host.cannotTakeOver() ?? 'All mirrored databases are dejournaled.',
          },
      {
        check: 'No mirrored database is missing here',
        ok: missing.length === 0,
        reason: missing.length === 0 ? 'This member has them all.' : `Missing: ${missing.join(', ')}.`,
      },
    ];
  }
}
