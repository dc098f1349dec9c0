import { conditionLine, conditions, type ConditionCode, type Facts as ConditionFacts } from '../api/conditions.ts';
import { GemelError } from '../api/errors.ts';
import type { MemberView } from '../api/status.ts';
import { VERSION } from '../api/version.ts';
import type { Io } from '../io/io.ts';
import type { Connection, Net } from '../io/net.ts';
import { Followers } from './asyncs/followers.ts';
import { Changes } from './changes.ts';
import { Effects } from './effects.ts';
import { FormerMembers } from './asyncs/promotion/former.ts';
import { Collector } from './asyncs/promotion/collect.ts';
import {
  compareEpochs,
  initialState,
  step,
  type Durable,
  type Epoch,
  type Facts,
  type Input,
  type MemberState,
  type RoleName,
} from './failover/index.ts';
import type { EditWish } from './editing/wishes.ts';
import type { HookAnswer, Hooks } from './hooks/index.ts';
import type { MirrorHost } from './host.ts';
import { MemberJournal, type MemberJournalOptions } from './member-journal.ts';
import { isAsync, memberOf, partnerOf, writeRecord, type Member, type Membership, type MirrorRecord } from './membership.ts';
import { Outside } from './outside.ts';
import { requireOwnEpoch } from './own-journal.ts';
import { PeerConnections } from './peers.ts';
import { mayRead, peersForClients, type PeerForClients } from './reading.ts';
import { Inconsistency } from './rejoin/inconsistency.ts';
import { Requests } from './requests.ts';
import { Roles } from './roles.ts';
import { StatusView } from './status.ts';

/** The administrator's part in becoming primary. */
export type MirrorHooks = Pick<Hooks, 'notify' | 'cancel' | 'close'> & { ask(which: 'canStart' | 'check'): Promise<HookAnswer> };

export interface MirrorOptions {
  readonly io: Io;
  readonly net: Net;
  readonly host: MirrorHost;
  readonly hooks: MirrorHooks;
  /** Called before anything is decided on what has arrived: whoever stood still for long is to know that first. */
  readonly beforeDeciding?: () => void;
  /** The instance's mgr directory: the mirror record lies there. */
  readonly mgr: string;
  readonly record: MirrorRecord;
  readonly journal: Pick<MemberJournalOptions, 'directory' | 'logs' | 'fileBytesMax' | 'newDisk' | 'alternate' | 'cuts'>;
}

/**
 * A failover member at work: feeds what happens to the decisions in `failover` and carries out their effects, in order.
 */
export class Mirror {
  readonly options: MirrorOptions;
  readonly boot: string;
  readonly journal: MemberJournal;
  readonly peers: PeerConnections;
  readonly outside: Outside;
  readonly roles: Roles;
  readonly requests: Requests;
  readonly followers: Followers;
  readonly collector: Collector;
  readonly changes: Changes;
  readonly former: FormerMembers;
  membership: Membership;
  state: MemberState;
  /** ms since the epoch: when the partner was last heard, while it is not connected. */
  partnerLostAt: number | null = null;
  readonly inconsistency: Inconsistency;
  readonly #effects: Effects;
  #heard: { role: RoleName | null; at: number } = { role: null, at: Number.NEGATIVE_INFINITY };
  #durable: Durable;
  #queue: Input[] = [];
  #running = false;
  #wake: { at: number; timer: { cancel(): void } } | null = null;
  #closed = false;

  constructor(options: MirrorOptions) {
    const { io, record } = options;
    this.options = options;
    this.boot = io.random.guid();
    this.membership = record.membership;
    this.#durable = record.durable;
    this.journal = new MemberJournal({
      ...options.journal,
      io,
      mirror: { name: record.membership.mirror, guid: record.membership.guid },
      self: record.self,
      synced: () => this.peers.applyDurable(),
      cutting: (newest) => this.#saw(newest),
      failed: (error) => {
        this.note('JOURNAL_NOT_KEPT', `Journal data from the primary cannot be kept here: ${error.message}`, { why: error.what });
        this.peers.link?.channel.close('the journal cannot be written');
      },
      warn: (error) => this.note('JOURNAL_LOG_ERROR', 'A journal log could not be written.', { why: textOf(error) }),
    });
    this.inconsistency = new Inconsistency({
      found: record.inconsistent ?? null,
      mirror: record.membership.mirror,
      save: (found) => this.save(found),
      barReads: (why) => options.host.barReads(why),
      note: (code, text, facts) => this.note(code, text, facts),
    });
    requireOwnEpoch(record.durable, this.journal.end.epoch, options.journal.directory);
    this.peers = new PeerConnections(this);
    this.outside = new Outside(this);
    this.roles = new Roles(this);
    this.requests = new Requests(this);
    this.collector = new Collector(this);
    this.changes = new Changes(this);
    this.former = new FormerMembers(this);
    this.#effects = new Effects(this, {
      persist: (change, bestEffort) => this.#persist(change, bestEffort),
      wakeAt: (at) => this.#wakeAt(at),
    });
    this.followers = new Followers(this, () => new StatusView(this).forAsyncs());
    this.state = initialState({
      self: record.self,
      boot: this.boot,
      qosMs: this.membership.qosMs,
      membership: this.membership.version,
      partner: partnerOf(this.membership, record.self)?.guid ?? null,
      arbiter: this.membership.arbiter !== null,
      durable: record.durable,
    });
  }

  get self(): Member {
    const { record } = this.options;
    // Who has been removed is shown as it was until its instance has taken it away.
    const self = memberOf(this.membership, record.self) ?? memberOf(record.membership, record.self);
    if (self === undefined) throw new GemelError('INTERNAL', 'This member is not in its own membership.');
    return self;
  }

  get partner(): Member | null {
    return partnerOf(this.membership, this.options.record.self);
  }

  /** Why this member can follow no primary until it is rebuilt; null: it can. */
  get crashed(): string | null {
    return this.inconsistency.found;
  }

  get durable(): Durable {
    return this.#durable;
  }

  /** It is closed, or no failover member now: nothing of it may change the record or the journal any more. */
  get hasEnded(): boolean {
    return this.#closed || this.changes.isOver;
  }

  /** The other member, or its agent, has said what it is. */
  hear(role: RoleName | null): void {
    this.#heard = { role, at: this.options.io.clock.monotonicMs() };
  }

  /** What the other member is while it is not connected, if it was heard of within 2 Q; null: down, or nothing is known. */
  get heardOfPartner(): RoleName | null {
    return this.options.io.clock.monotonicMs() - this.#heard.at <= 2 * this.membership.qosMs ? this.#heard.role : null;
  }

  /** A condition of the runtime's own, with the severity of the table. */
  note(code: ConditionCode, text: string, facts: ConditionFacts = {}): void {
    const { severity } = conditions[code];
    this.say(severity === 'refusal' ? 1 : severity, code, text, facts);
  }

  /** A condition, with the facts it was drawn from. */
  say(severity: 0 | 1 | 2 | 3, code: string, text: string, facts: ConditionFacts = {}): void {
    this.options.host.log(severity, conditionLine(code, text, facts));
  }

  /** @param byPerson whether a person started the instance: a member that was forced down starts for nobody else */
  start(byPerson: boolean): void {
    this.inconsistency.begin();
    this.outside.connectArbiter();
    this.former.start();
    this.input({ on: 'start', byPerson });
  }

  /** A connection that began with the mirror's magic on the superserver port. */
  accept(connection: Connection): void {
    this.peers.accept(connection);
  }

  // ------------------------------------------------------------ decisions

  /**
   * The executor did nothing for so long. The backup is asked to take over once it is heard again: if it was stopped too,
   * perhaps with the same host, its loss decides, and asking it would only leave the mirror without a primary.
   */
  stoodStill(stalledMs: number): void {
    const decide = (): void => this.input({ on: 'hung', stalledMs });
    const { link } = this.peers;
    if (link === null) decide();
    else link.onceHeard(decide);
  }

  input(input: Input): void {
    if (this.hasEnded) return;
    // What it reports comes before what has arrived.
    if (!this.#running) this.options.beforeDeciding?.();
    this.#queue.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#decide(next);
    } catch (error) {
      // Half of a decision is carried out: this process must end. Whoever asked for it may take the error for an answer.
      this.#closed = true;
      this.options.io.turns.atEndOfTurn(() => {
        throw error;
      });
      throw error;
    } finally {
      this.#running = false;
    }
    this.#waiting = this.#waiting.filter((w) => !w());
    this.options.host.changed();
  }

  #waiting: (() => boolean)[] = [];

  /** Resolves once the state is as wanted; false after `timeoutMs`. */
  until(wanted: (state: MemberState) => boolean, timeoutMs: number): Promise<boolean> {
    if (wanted(this.state)) return Promise.resolve(true);
    return new Promise((resolve) => {
      let done = false;
      const timer = this.options.io.clock.timer(timeoutMs, () => {
        done = true;
        resolve(false);
      });
      this.#waiting.push(() => {
        if (done) return true;
        if (!wanted(this.state)) return false;
        timer.cancel();
        resolve(true);
        return true;
      });
    });
  }

  #decide(input: Input): void {
    const before = this.state.role.is;
    const { state, effects } = step(this.state, input, this.#facts());
    this.state = state;
    this.#wake?.timer.cancel();
    this.#wake = null;
    for (const effect of effects) this.#effects.carryOut(effect);
    if (state.durable.promotion?.isHeld === true) this.collector.keepCollecting();
    const now = state.role.is;
    if (before === 'taking' && now !== 'taking') this.roles.dropHooks();
    // A member on which mirroring is stopped is nobody's: the arbiter is not to count on it either.
    if (now === 'stopped' && before !== 'stopped') this.changeArbiter();
    else if (before === 'stopped' && now !== 'stopped') this.outside.connectArbiter();
  }

  #facts(): Facts {
    const why = this.options.host.cannotTakeOver() ?? this.journal.unsound;
    return {
      now: this.options.io.clock.monotonicMs(),
      journal: this.journal.end,
      canTakeOver: why === null,
      cannotWhy: why ?? '',
      hasAsyncs: this.membership.members.some(isAsync),
      hasDisasterRecovery: this.membership.members.some(({ type }) => type === 'Disaster Recovery'),
      lastBeatFromPeer: this.peers.lastBeatAt,
      lastEchoedByPeer: this.peers.lastEchoedAt,
    };
  }

  #persist(record: Partial<Durable>, bestEffort: boolean): void {
    this.#durable = { ...this.#durable, ...record };
    try {
      this.save();
    } catch (error) {
      // What stands behind it in the decision must not happen: the process ends as in a crash, and the others decide. Unless the
      // disk is why this member gives its place away: then that goes on.
      this.note('RECORD_ERROR', `The durable record of this member cannot be written${bestEffort ? '' : '; the instance ends'}.`, {
        why: textOf(error),
      });
      if (!bestEffort) throw error;
    }
  }

  /** Journal is given up for a newer epoch's: known before, or a journal without its own epochs would be taken for a lost one after a crash. */
  #saw(epoch: Epoch): void {
    if (compareEpochs(epoch, this.#durable.seen) > 0) this.#persist({ seen: epoch }, false);
  }

  /** Writes membership and durable state; durable when it returns. */
  save(inconsistent = this.crashed): void {
    writeRecord(this.options.io.files, this.options.mgr, {
      self: this.options.record.self,
      membership: this.membership,
      durable: this.#durable,
      ...(inconsistent === null ? {} : { inconsistent }),
    });
  }

  #wakeAt(at: number): void {
    if (this.#wake !== null && this.#wake.at <= at) return;
    this.#wake?.timer.cancel();
    const delay = Math.max(0, at - this.options.io.clock.monotonicMs());
    this.#wake = { at, timer: this.options.io.clock.timer(Math.ceil(delay), () => this.input({ on: 'tick' })) };
  }

  /** Hands over if a backup can take over (unless `nofailover`), then closes everything. */
  async stop(nofailover: boolean): Promise<void> {
    if (this.changes.isOver) await this.roles.leave();
    else await this.#stopInOrder(nofailover);
    this.#closed = true;
    this.requests.end();
    this.#wake?.timer.cancel();
    this.former.close();
    this.options.hooks.close();
    this.peers.close();
    this.followers.hangUp('the instance stops');
    this.outside.close();
    await this.journal.close();
  }

  async #stopInOrder(nofailover: boolean): Promise<void> {
    const ended = this.roles.stopping();
    // Whatever it is refused for: the member ends.
    void this.requests.ask(nofailover ? 'stop-nofailover' : 'stop').catch(() => undefined);
    await ended;
  }

  /** A changed membership or list of databases: durable here, then told to the others. */
  changeMembership(change: (membership: Membership) => Membership): void {
    this.changes.make(change);
  }

  /** Asks the primary, which this member may be itself, for a change of the membership. Rejects when that is refused. */
  wish(wish: EditWish): Promise<void> {
    return this.changes.wish(wish);
  }

  /** Addresses corrected here alone, while no primary is followed. */
  correct(change: (membership: Membership) => Membership): void {
    this.changes.correct(change);
  }

  /** This member is none from now on, whatever the others know. Durable when it returns. */
  leave(): void {
    this.changes.leave();
  }

  /** The connection to the arbiter is made anew, unless mirroring is stopped; what ends with the old one ends, but nobody is to be alarmed. */
  changeArbiter(): void {
    if (this.state.arbiter.connected) {
      this.#effects.isLeavingArbiter = true;
      this.input({ on: 'arbiter-lost' });
    }
    if (this.state.role.is === 'stopped') this.outside.close();
    else this.outside.connectArbiter();
  }

  /** Whether durable reads may be answered here now. */
  mayRead(): boolean {
    return mayRead(this);
  }

  /** Connected other members, for clients that ask. */
  peerView(): PeerForClients[] {
    return peersForClients(this);
  }

  asyncViews(): MemberView[] {
    return new StatusView(this).asyncs();
  }

  get version(): string {
    return VERSION;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
