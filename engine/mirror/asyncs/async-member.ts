import { GemelError } from '../../api/errors.ts';
import { conditionLine, conditions, type ConditionCode, type Facts as ConditionFacts } from '../../api/conditions.ts';
import { VERSION } from '../../api/version.ts';
import { compressionsTaken } from '../../io/compression.ts';
import type { Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { compareEpochs, newDurable, type Durable, type Epoch } from '../failover/index.ts';
import { noteNotTaken } from '../compression.ts';
import { EditWishes, type EditWish } from '../editing/wishes.ts';
import { MemberJournal, type MemberJournalOptions } from '../member-journal.ts';
import { Inconsistency } from '../rejoin/inconsistency.ts';
import { isAsync, memberOf, missingDatabases, writeRecord, type Member, type Membership, type MirrorRecord } from '../membership.ts';
import { noPrimary } from '../requests.ts';
import { untold } from '../told-error.ts';
import type { Channel } from '../wire.ts';
import type { AsyncHost } from './async-host.ts';
import { AsyncChanges } from './async-changes.ts';
import { Alignment } from './alignment.ts';
import { Asking } from './asking.ts';
import { Dejournaler } from './dejournaler.ts';
import { continuous } from './dejournaling.ts';
import { Filtering } from './filtering.ts';
import { Finder } from './finder.ts';
import { Following } from './following.ts';
import { askOthers, type News } from './news.ts';
import type { AsyncControl } from './protocol.ts';
import { requireAll, requirePrivateWay } from './require-all.ts';

export interface AsyncMemberOptions {
  readonly io: Io;
  readonly net: Net;
  readonly host: AsyncHost;
  /** mgr directory of the instance. */
  readonly mgr: string;
  readonly record: MirrorRecord;
  readonly journal: Omit<MemberJournalOptions, 'io' | 'mirror' | 'self' | 'synced' | 'cutting' | 'failed' | 'warn'>;
}

/**
 * An async member at work: finds the primary, makes its journal a beginning of the primary's, takes what is durable in the mirror
 * and dejournals it. It decides nothing: it may be away at any time, and nobody waits for it.
 */
export class AsyncMember {
  readonly options: AsyncMemberOptions;
  readonly journal: MemberJournal;
  membership: Membership;
  #durable: Durable;
  readonly following: Following;
  readonly #finder: Finder;
  readonly #alignment: Alignment;
  readonly asking: Asking;
  readonly changes: AsyncChanges;
  readonly #inconsistency: Inconsistency;
  #isAskingAround = false;
  readonly dejournaler: Dejournaler;
  readonly wishes: EditWishes;
  readonly filtering: Filtering;
  #closed = false;

  constructor(options: AsyncMemberOptions) {
    const { io, record } = options;
    this.options = options;
    this.wishes = new EditWishes(io.clock);
    this.changes = new AsyncChanges(this, {
      isOver: () => this.#closed,
      take: (change) => {
        this.#save(change);
        this.membership = change.membership;
      },
      end: () => {
        this.#closed = true;
        this.#finder.stop();
      },
    });
    this.membership = record.membership;
    this.#durable = record.durable;
    this.journal = new MemberJournal({
      ...options.journal,
      io,
      mirror: { name: record.membership.mirror, guid: record.membership.guid },
      self: record.self,
      synced: () => this.dejournaler.apply(),
      // Nothing it has written itself is in it.
      cutting: () => undefined,
      failed: (error) => {
        this.note('JOURNAL_NOT_KEPT', `Journal data from the primary cannot be kept here: ${error.message}`, { why: error.what });
        this.following.end('the journal cannot be written');
      },
      warn: (error) => this.note('JOURNAL_LOG_ERROR', 'A journal log could not be written.', { why: String(error) }),
    });
    this.dejournaler = new Dejournaler({
      clock: io.clock,
      host: options.host,
      journal: this.journal,
      setting: record.dejournaling ?? continuous,
      type: () => this.self.type,
      filterStops: () => this.filtering.stops,
      save: (dejournaling) => this.#save({ dejournaling }),
      note: (code, text, facts) => this.note(code, text, facts),
    });
    this.#inconsistency = new Inconsistency({
      found: record.inconsistent ?? null,
      mirror: record.membership.mirror,
      save: (found) => this.#save({ inconsistent: found ?? undefined }),
      barReads: (why) => options.host.barReads(why),
      note: (code, text, facts) => this.note(code, text, facts),
    });
    this.#alignment = new Alignment({
      journal: this.journal,
      inconsistency: this.#inconsistency,
      dejournaler: this.dejournaler,
      note: (code, text, facts) => this.note(code, text, facts),
      adopt: (membership) => this.changes.adopt(membership),
      aligned: () => this.#forgetFailover(),
    });
    this.#finder = this.#newFinder();
    this.following = new Following({
      clock: io.clock,
      host: options.host,
      journal: this.journal,
      dejournaler: this.dejournaler,
      alignment: this.#alignment,
      membership: () => this.membership,
      note: (code, text, facts) => this.note(code, text, facts),
      told: (message) => this.#told(message),
      believe: (primary) => (this.#finder.believed = primary),
      lost: (isPaced) => {
        this.#unanswered();
        this.#look(isPaced);
      },
      isOver: () => this.#closed,
      isQuiet: () => this.stopped,
    });
    this.asking = new Asking(io.clock, (message) => this.following.say(message));
    this.filtering = new Filtering({
      io,
      host: options.host,
      identity: () => ({ mirror: this.membership.mirror, member: this.self.name, instance: this.self.instance }),
      file: record.filter ?? null,
      save: (filter) => this.#save({ filter }),
      note: (code, text, facts) => this.note(code, text, facts),
      mended: () => {
        this.dejournaler.apply();
        options.host.changed();
      },
    });
  }

  get self(): Member {
    const self = memberOf(this.membership, this.options.record.self) ?? memberOf(this.options.record.membership, this.options.record.self);
    if (self === undefined) throw new GemelError('INTERNAL', 'This member is not in its own membership.');
    return self;
  }

  /** Why this member can follow no primary until it is rebuilt; null: it can. */
  get crashed(): string | null {
    return this.#inconsistency.found;
  }

  /** Something it was refused, which it asks for again and again; null: nothing. */
  get refused(): string | null {
    return this.#alignment.refused;
  }

  get stopped(): boolean {
    return this.#durable.mirroringStopped;
  }

  /** null: not connected. */
  get primary(): Following['primary'] {
    return this.following.primary;
  }

  get #clock() {
    return this.options.io.clock;
  }

  note(code: ConditionCode, text: string, facts: ConditionFacts = {}): void {
    const { severity } = conditions[code];
    this.options.host.log(severity === 'refusal' ? 1 : severity, conditionLine(code, text, facts));
  }

  start(): void {
    this.#inconsistency.begin();
    this.journal.receive();
    void this.filtering.load();
    // What an async has received is durable in the mirror: once it is synced the databases are to get it.
    if (!this.#wasFailover) this.dejournaler.learn(this.journal.reach.end.position);
    if (this.stopped) this.note('MIRRORING_STOPPED', 'Mirroring is stopped on this member; start it to go on.', { role: 'async' });
    else this.#look();
  }

  /** It has been a failover member since it followed a primary as an async: how much of its journal is durable in the mirror is not known. */
  get #wasFailover(): boolean {
    return this.#durable.boot !== newDurable.boot;
  }

  /** Its journal is a beginning of the primary's: what it was as a failover member does not count any more. */
  #forgetFailover(): void {
    if (!this.#wasFailover) return;
    this.#record({ ...newDurable, seen: this.seen, mirroringStopped: this.stopped });
  }

  #record(durable: Durable): void {
    this.#save({ durable });
    this.#durable = durable;
  }

  /** Survives restarts. Durable when it returns. */
  stopMirroring(): void {
    this.#setStopped(true);
    this.#finder.stop();
    this.following.end('mirroring is stopped');
    this.note('MIRRORING_STOPPED', 'Mirroring is stopped on this member.', { role: 'async' });
    this.options.host.changed();
  }

  startMirroring(): void {
    this.#setStopped(false);
    this.note('MIRRORING_STARTED', 'Mirroring is started on this member.');
    this.#look();
    this.options.host.changed();
  }

  #setStopped(stopped: boolean): void {
    if (this.stopped === stopped)
      throw new GemelError('REFUSED', `Mirroring is ${stopped ? 'stopped' : 'started'} on this member already.`, 'Nothing was changed.');
    this.#record({ ...this.#durable, mirroringStopped: stopped });
  }

  /** Durable when it returns. Whoever changes something saves it first: what a disk did not take is not so. */
  #save(change: Partial<MirrorRecord> = {}): void {
    const { io, mgr, record } = this.options;
    writeRecord(io.files, mgr, {
      self: record.self,
      membership: this.membership,
      durable: this.#durable,
      dejournaling: this.dejournaler.setting,
      filter: this.filtering.file,
      inconsistent: this.crashed ?? undefined,
      ...change,
    });
  }

  /** Nobody is left who would answer what was asked of the primary. */
  #unanswered(): void {
    this.asking.lost();
    this.wishes.lost();
  }

  // ------------------------------------------------------------ finding the primary

  /** @param isPaced not at once */
  #look(isPaced = false): void {
    if (!this.#closed && !this.stopped && this.primary === null) this.#finder.start(isPaced);
  }

  #newFinder(): Finder {
    const { net, record } = this.options;
    return new Finder({
      net,
      clock: this.#clock,
      membership: () => this.membership,
      follow: () => ({
        t: 'follow',
        mirror: this.membership.guid,
        version: VERSION,
        member: record.self,
        reach: this.journal.reach,
        takes: compressionsTaken(),
      }),
      malformed: (channel, why) =>
        this.note('PEER_MALFORMED', `${channel.connection.remote} sent something that is no message; the connection was closed.`, {
          from: channel.connection.remote,
          why,
        }),
      nobody: () => void this.#askAround(),
      answered: (channel, answer, isWanted) => this.#answered(channel, answer, isWanted),
    });
  }

  /** No failover member that it knows of is primary: another member may have been promoted, and somebody know of it. */
  async #askAround(): Promise<void> {
    if (this.#isAskingAround || this.#closed) return;
    this.#isAskingAround = true;
    const { io, net, record } = this.options;
    const { members, qosMs } = this.membership;
    const others = members.filter((other) => isAsync(other) && other.guid !== record.self);
    const env = { net, clock: io.clock, timeoutMs: Math.max(100, qosMs / 2) };
    await askOthers(
      env,
      others,
      () => this.news,
      (news) => this.changes.heard(news),
    );
    this.#isAskingAround = false;
  }

  /** @returns whether this member follows now */
  async #answered(channel: Channel, answer: AsyncControl, isWanted: () => boolean): Promise<boolean> {
    if (answer.t === 'elsewhere') {
      this.#finder.believed = answer.primary ?? this.#finder.believed;
      this.changes.learn(answer.membership);
    } else if (answer.t === 'refused') this.#refusedBy(answer);
    if (answer.t !== 'follow-answer' || !(await this.#alignment.align(answer)) || channel.closed || !isWanted()) return false;
    this.following.begin(channel, answer);
    noteNotTaken('async', { membership: this.membership, self: this.self, note: (...said) => this.note(...said) });
    return true;
  }

  #refusedBy({ code, text, membership }: Extract<AsyncControl, { t: 'refused' }>): void {
    this.changes.learn(membership);
    if (this.#closed || !isAsync(this.self)) return;
    this.#alignment.refusedBy(code, text);
    this.options.host.changed();
  }

  /** By the primary it follows. @returns false: nothing that a primary says */
  #told(message: AsyncControl): boolean {
    switch (message.t) {
      case 'membership':
        this.changes.adopt(message.membership);
        return true;
      case 'refused':
        this.#refusedBy(message);
        return true;
      case 'promote-refused':
      case 'type-refused':
        this.asking.refused(untold(message.error));
        return true;
      case 'edit-answer':
        this.wishes.answered(message.id, message.error);
        return true;
      default:
        return false;
    }
  }

  // ------------------------------------------------------------ changes of the mirror

  /** The newest epoch that this member knows of. */
  get seen(): Epoch {
    const { seen } = this.#durable;
    const { epoch } = this.journal.end;
    return compareEpochs(seen, epoch) >= 0 ? seen : epoch;
  }

  /** What others are told of the mirror while they find no primary. */
  get news(): News {
    return { membership: this.membership, committed: this.primary?.epoch ?? null, role: 'async', seen: this.seen };
  }

  /** This member is none from now on, whatever the others know. Durable when it returns. */
  leave(): void {
    this.changes.leave();
  }

  /** Addresses corrected here alone, while no primary is followed: the next one that is, says what they are. */
  correct(change: (membership: Membership) => Membership): void {
    this.changes.correct(change);
  }

  /** Asks the primary for a change of the membership. Rejects when that is refused. */
  wish(wish: EditWish): Promise<void> {
    if (this.primary === null) return Promise.reject(noPrimary());
    return this.wishes.ask(wish, (id) => void this.following.say({ t: 'ask-edit', id, wish }));
  }

  /** Asks the primary to be its failover partner. Rejects when that is refused; resolves with the change, which ends this member as it is. */
  async askToBePromoted(vipInterface?: string): Promise<void> {
    this.requireAll();
    const primary = this.primary === null ? undefined : memberOf(this.membership, this.primary.guid);
    if (primary !== undefined) await requirePrivateWay(this.options.net, primary);
    await this.asking.toBePromoted(vipInterface);
  }

  /** Throws when it lacks mirrored databases of the mirror, or has some that are updated here too. */
  requireAll(): void {
    requireAll(this.missing(), this.options.host.databases());
  }

  /** Mirrored databases of the mirror that are not here. */
  missing(): string[] {
    return missingDatabases(this.membership, this.options.host.databases());
  }

  async stop(): Promise<void> {
    this.#closed = true;
    this.#unanswered();
    this.#finder.stop();
    this.dejournaler.close();
    this.filtering.close();
    this.options.host.close();
    this.following.end('the instance stops');
    await this.journal.close();
  }
}
