import type { MemberLag, MemberStatus, MemberView, MirroredDatabaseView, MirrorStatus } from '../api/status.ts';
import { comparePositions, type Position } from '../journal/index.ts';
import type { RoleName } from './failover/index.ts';
import type { Dejournaled } from './host.ts';
import type { Member } from './membership.ts';
import type { Mirror } from './mirror.ts';

/** What this member can say of the mirror, in the words of the Mirror Monitor. */

/** Dejournaling that is behind by less than this is in step: the next commit of it is under way. */
const IN_STEP_MS = 1500;

const noPosition: Position = { file: 0, offset: 0 };

function time(wallMs: number): string {
  const at = new Date(wallMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function behind(ms: number): string {
  const s = Math.max(1, Math.round(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)} behind`;
}

/** The status word for this member itself. */
export function ownStatus({ state: { role }, crashed }: Pick<Mirror, 'state' | 'crashed'>): MemberStatus {
  switch (role.is) {
    case 'primary':
      return role.trouble === null && role.frozen === null ? 'Primary' : 'In Trouble';
    case 'backup':
      return role.active === null ? 'Synchronizing' : 'Backup';
    case 'starting':
    case 'taking':
    case 'yielded':
      return 'Transition';
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

function at(position: Position): Position | null {
  return position.file === 0 ? null : position;
}

/** Milliseconds by which dejournaling is behind what was received; null: behind, by a time that is not known. */
function dejournalMs(done: Dejournaled | null, received: Position, now: number): number | null {
  if (done === null || comparePositions(done.position, received) >= 0) return 0;
  return done.timeMs === null ? null : Math.max(1, now - done.timeMs);
}

function dejournaling(ms: number | null): string {
  return ms !== null && ms < IN_STEP_MS ? 'Caught up' : behind(ms ?? 0);
}

export class StatusView {
  readonly #mirror: Mirror;
  #rate = { at: 0, networkBytes: 0, journalBytes: 0, view: null as MirrorStatus['incomingRate'] };

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
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
      noFailover: state.durable.noFailover !== null,
      members: membership.members.map((m) => (m.guid === self.guid ? mine : this.#other(m))),
      arbiter: {
        address: membership.arbiter === null ? null : membership.arbiter.replace(/:(\d+)$/, '|$1'),
        failoverMode: this.#mode(),
        connectionStatus: !state.arbiter.connected
          ? 'This member is not connected to the arbiter'
          : this.#partnerAtArbiter(partner)
            ? 'Both failover members are connected to the arbiter'
            : 'Only this member is connected to the arbiter',
      },
      incomingRate: state.role.is === 'backup' ? this.#incoming() : null,
      databases: this.#databases(),
      missingDatabases: this.missing(),
    };
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
    const here = new Set(this.#mirror.options.host.databases().map((d) => d.name));
    return this.#mirror.membership.databases.map((d) => d.name).filter((name) => !here.has(name));
  }

  #base(
    member: Member,
  ): Omit<MemberView, 'status' | 'journalTransfer' | 'dejournaling' | 'journalLatencyMs' | 'dejournalLatencyMs' | 'position'> {
    return {
      name: member.name,
      type: member.type,
      dn: null,
      superserverAddress: member.superserverAddress,
      privateAddress: member.privateAddress,
      agentAddress: member.agentAddress,
    };
  }

  /** While nothing durable is known beyond what this backup has, it has everything. */
  #behindDurable(): boolean {
    return comparePositions(this.#mirror.journal.reach.end.position, this.#mirror.peers.knownDurable) < 0;
  }

  #self(): MemberView {
    const mirror = this.#mirror;
    const { role } = mirror.state;
    const end = mirror.journal.writer?.end ?? mirror.journal.reach.end.position;
    const base = { ...this.#base(mirror.self), position: at(end) };
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
    const base = this.#base(member);
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
      dejournaling: dejournaling(ms),
      dejournalLatencyMs: ms,
    };
  }

  /** Journal arriving, over the time since it was last asked for (at least half a second). */
  #incoming(): MirrorStatus['incomingRate'] {
    const now = this.#mirror.options.io.clock.monotonicMs();
    const { networkBytes, journalBytes } = this.#mirror.peers.received;
    const before = this.#rate;
    const seconds = (now - before.at) / 1000;
    if (seconds < 0.5) return before.view;
    const network = (networkBytes - before.networkBytes) / 1024 / seconds;
    const journal = (journalBytes - before.journalBytes) / 1024 / seconds;
    const view =
      before.at === 0
        ? null
        : {
            networkKBs: Math.round(network),
            journalKBs: Math.round(journal),
            ratio: network === 0 ? 1 : Math.round((journal / network) * 100) / 100,
            intervalS: Math.round(seconds * 10) / 10,
          };
    this.#rate = { at: now, networkBytes, journalBytes, view };
    return view;
  }

  #databases(): MirroredDatabaseView[] {
    const mirror = this.#mirror;
    const primary = mirror.state.role.is === 'primary';
    const end = mirror.journal.reach.end.position;
    const files = mirror.journal.journal.files;
    return mirror.options.host.databases().map((d) => {
      const stopped = mirror.options.host.cannotTakeOver() !== null;
      const status = !d.mounted ? 'Database Dismounted' : primary ? 'Normal' : stopped ? 'Dejournaling Stopped' : 'Dejournaling';
      const current = d.position !== null && comparePositions(d.position, end) >= 0;
      const nextRecord =
        primary || d.position === null
          ? ('N/A' as const)
          : current
            ? ('Current' as const)
            : {
                time: time(mirror.options.host.dejournaled()?.timeMs ?? this.#now),
                file: files.get(d.position.file)?.fileName ?? String(d.position.file),
                offset: d.position.offset,
              };
      return { name: d.name, directory: d.directory, status, nextRecord, failoverDB: true };
    });
  }

  /** The four stages of journal data on its way to the other member, as the primary knows them; unknown stays null. */
  lag(): MemberLag[] {
    const mirror = this.#mirror;
    const { writer } = mirror.journal;
    const link = mirror.peers.link;
    const { partner } = mirror;
    if (writer === null || partner === null) return [];
    const end = writer.end;
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
