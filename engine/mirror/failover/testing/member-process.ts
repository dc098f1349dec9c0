import { step } from '../member.ts';
import { compareJournals } from '../epochs.ts';
import { initialState, type MemberState } from '../state.ts';
import type { Effect, Epoch, Facts, Input, PeerMessage, Position, RequestName } from '../types.ts';
import { askAgent } from './agent-side.ts';
import { ArbiterSide } from './arbiter-side.ts';
import type { Member } from './member.ts';
import { common, journalEnd, positionAtEnd, reaches, withBlock, type ModelJournal } from './model-journal.ts';
import { ModelWriter } from './model-writer.ts';
import type { Process } from './network.ts';
import { PartnerSide } from './partner-side.ts';
import type { Frame, PeerSide } from './peer-side.ts';
import { Q } from './events.ts';

const RESUME = { backupIsDown: true, backupNeverBecamePrimary: true, backupHasNoNewerJournalFile: true };

/** The runtime of a failover member, as simple as can be, around its decisions. */
export class MemberProcess implements Process {
  readonly member: Member;
  readonly boot: string;
  state: MemberState;
  alive = true;
  frozenUntil = 0;
  /** Opened for users. */
  open = false;
  epoch: Epoch | null = null;
  /** Effects left before the process is killed between two of them; null: it is not. */
  fuse: number | null = null;
  readonly partner = new PartnerSide(this);
  #writer: ModelWriter | null = null;
  #queue: Input[] = [];
  #running = false;
  #wake: { cancel(): void } | null = null;
  readonly #arbiter = new ArbiterSide(this);
  #requests = 0;
  #stopping = false;
  /** Which attempt to become primary counts. */
  #becoming = 0;

  constructor(member: Member) {
    this.member = member;
    this.boot = member.world.newBoot();
    this.state = initialState({
      self: member.name,
      boot: this.boot,
      qosMs: Q,
      membership: member.membership,
      partner: member.partner,
      arbiter: true,
      durable: member.durable,
    });
  }

  get host(): string {
    return this.member.name;
  }

  get frozen(): boolean {
    return this.frozenUntil > this.member.world.events.now;
  }

  get gate(): 'open' | 'remote' | 'hold' {
    return this.#writer?.gate ?? 'hold';
  }

  get now(): number {
    return this.member.world.events.now;
  }

  /** Its journal is carried on by a writer. */
  get writes(): boolean {
    return this.#writer !== null;
  }

  /** The block that is being written and perhaps not in the file. */
  get unsynced(): number | null {
    return this.#writer?.unsynced ?? null;
  }

  in(ms: number, fn: () => void): { cancel(): void } {
    const { events } = this.member.world;
    const due = (): void => {
      if (!this.alive) return;
      if (this.frozen) timer = events.at(this.frozenUntil, due);
      else fn();
    };
    let timer = events.in(ms, due);
    return { cancel: () => timer.cancel() };
  }

  begin(): void {
    this.#arbiter.dial();
    this.in(1, () => this.input({ on: 'start', byPerson: true }));
  }

  /** @param told whether the other sides learn that the connections are gone */
  end(told: boolean): void {
    this.alive = false;
    for (const end of [...this.partner.ends, this.#arbiter.end]) {
      if (told) end?.close();
      else end?.vanish();
    }
  }

  // ------------------------------------------------------------ decisions

  input(input: Input): void {
    if (!this.alive) return;
    this.#queue.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#queue.shift(); next !== undefined && this.alive; next = this.#queue.shift()) this.#decide(next);
    this.#running = false;
  }

  #decide(input: Input): void {
    const before = this.state.role.is;
    const { state, effects } = step(this.state, input, this.#facts());
    this.state = state;
    if (input.on !== 'tick' && !(input.on === 'peer' && input.message.m === 'beat'))
      this.member.world.log(
        `${this.host} ${JSON.stringify(input)} => ${state.role.is}: ${effects
          .filter((e) => e.do !== 'log')
          .map((e) => (e.do === 'tell-peer' || e.do === 'tell-arbiter' ? `${e.do} ${e.message.m}` : e.do))
          .join(', ')}`,
      );
    else if (before !== state.role.is) this.member.world.log(`${this.host} ${input.on} => ${state.role.is}`);
    this.#wake?.cancel();
    this.#wake = null;
    for (const effect of effects) {
      if (this.fuse !== null) {
        if (this.fuse === 0) return this.member.crash(false);
        this.fuse -= 1;
      }
      this.#carryOut(effect);
      if (!this.alive) return;
    }
  }

  #facts(): Facts {
    return {
      now: this.now,
      journal: journalEnd(this.member.journal),
      canTakeOver: this.member.able,
      cannotWhy: this.member.able ? '' : 'a database needs attention',
      hasAsyncs: false,
      hasDisasterRecovery: false,
      lastBeatFromPeer: this.partner.lastBeatAt,
      lastEchoedByPeer: this.partner.lastEchoedAt,
    };
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'persist':
        this.member.durable = { ...this.member.durable, ...effect.record };
        return;
      case 'gate':
        if (this.#writer !== null) this.#writer.gate = effect.to;
        return this.#writer?.settle();
      case 'tell-peer':
        return effect.message.m === 'beat' ? this.partner.link?.beat() : this.partner.link?.send({ t: 'peer', message: effect.message });
      case 'answer-hello':
        return this.partner.answerHello(effect.answer);
      case 'dial-peer':
        return this.partner.dial(effect);
      case 'hang-up-peer':
        return this.partner.hangUp();
      case 'tell-arbiter':
        return this.#arbiter.tell(effect.message);
      case 'ask-agent':
        return askAgent(this, effect);
      case 'become-primary':
        return this.#become(effect);
      case 'open':
        this.open = true;
        this.epoch = this.state.role.is === 'primary' ? this.state.role.epoch : null;
        return;
      case 'resume':
        return this.#writer?.resume();
      case 'drain':
        return this.#writer?.drain();
      case 'step-down':
        this.#detach();
        this.in(1, () => this.member.exited());
        return;
      case 'handed-over':
        return this.#handedOver();
      case 'wake':
        this.#wake = this.in(effect.at - this.now, () => this.input({ on: 'tick' }));
        return;
      case 'ask-hook':
        return void this.in(this.slow(), () =>
          this.input({ on: 'hook-answer', hook: effect.hook, ok: !this.member.ills.has('hook'), why: 'not today' }),
        );
      case 'bind-vip':
        return void this.in(this.slow(), () => this.input({ on: 'vip', bound: !this.member.ills.has('vip'), why: 'taken' }));
      case 'undo-become':
        this.#becoming += 1;
        return this.#detach();
      case 'change-membership':
        this.adopt(this.member.membership + 1);
        return this.#tellMembership();
      case 'tell-membership':
        return this.#tellMembership();
      case 'ask-around':
      case 'notify':
      case 'release-vip':
      case 'answer-request':
      case 'log':
        return;
    }
  }

  request(what: RequestName): void {
    this.#requests += 1;
    const id = this.#requests;
    if (what === 'stop' || what === 'stop-nofailover') this.#stopping = true;
    if (what === 'force-primary') this.input({ on: 'request', id, what, confirmed: true });
    else if (what === 'resume-primary') this.input({ on: 'request', id, what, confirmed: RESUME });
    else this.input({ on: 'request', id, what });
  }

  #tellMembership(): void {
    this.partner.link?.send({ t: 'membership', version: this.member.membership });
  }

  /** A membership told by the primary, or changed here as primary. */
  adopt(version: number): void {
    if (version === this.member.membership) return;
    this.member.membership = version;
    this.input({ on: 'membership', version, partner: this.member.partner, arbiter: true, qosMs: Q });
  }

  /** It stood still for a while. */
  freeze(ms: number): void {
    this.frozenUntil = this.now + ms;
    if (ms > Q / 2) this.in(0, () => this.input({ on: 'hung', stalledMs: ms }));
  }

  #detach(): void {
    const { member } = this;
    const writing = this.unsynced;
    if (writing !== null && member.world.random() < 0.5) member.journal = withBlock(member.journal, writing);
    this.#writer?.end();
    this.#writer = null;
    this.open = false;
    this.epoch = null;
  }

  #handedOver(): void {
    this.#detach();
    this.partner.hangUp();
    if (this.#stopping) return void this.in(1, () => this.member.exited());
    this.in(1, () => {
      this.input({ on: 'start', byPerson: true });
    });
  }

  // ------------------------------------------------------------ becoming primary

  #become(effect: Extract<Effect, { do: 'become-primary' }>): void {
    const { member } = this;
    this.partner.hangUp();
    // One that resumes has been primary until now.
    this.#detach();
    this.#becoming += 1;
    const attempt = this.#becoming;
    const step = (fn: () => void): void =>
      void this.in(this.slow(), () => {
        if (attempt === this.#becoming) fn();
      });
    const fail = (why: string): void => this.input({ on: 'become-failed', why });
    step(() => {
      if (!member.able) return fail('a database needs attention');
      if (effect.right.by === 'grant' && effect.right.journal !== null && !this.#fetch()) return fail('the journal cannot be fetched');
      step(() => {
        if (member.ills.has('disk')) return fail('the journal cannot be written');
        const { epoch } = effect;
        member.journal = [...member.journal, { epoch, blocks: [] }];
        member.world.log(`${member.name} begins epoch ${epoch.major}.${epoch.minor} by ${effect.right.by}`);
        member.world.epochWritten(member.name, epoch, effect.right);
        step(() => {
          if (!member.able) return fail('a database needs attention');
          this.#writer = new ModelWriter(this);
          this.input({ on: 'became', epoch });
        });
      });
    });
  }

  /** How long something of this host takes, in ms. */
  slow(): number {
    return 1 + 20 * this.member.world.random();
  }

  #fetch(): boolean {
    const { member } = this;
    const other = member.world.member(member.partner);
    if (
      !other.hostUp ||
      other.process !== null ||
      other.ills.has('unreadable') ||
      member.world.blocked.has(`${member.name}>${other.name}:agent`)
    )
      return false;
    if (compareJournals(journalEnd(other.journal), journalEnd(member.journal)) > 0) {
      common(other.journal, member.journal);
      member.journal = other.journal;
    }
    return true;
  }

  // ------------------------------------------------------------ the other member

  /** From the connection that counts. */
  frame(link: PeerSide, frame: Frame): void {
    switch (frame.t) {
      case 'beat':
        return this.input({ on: 'peer', message: { m: 'beat', arbiter: frame.arbiter, canTakeOver: frame.canTakeOver } });
      case 'peer':
        return this.input({ on: 'peer', message: frame.message satisfies PeerMessage });
      case 'membership':
        return this.adopt(frame.version);
      case 'ready':
        if (this.#writer === null) return;
        link.ready = true;
        link.target = positionAtEnd(this.#writer.sealed);
        link.sendJournal(this.#writer.sealed, this.now);
        return this.#acknowledged(link, frame.from);
      case 'journal':
        if (this.#writer !== null || common(this.member.journal, frame.journal).length < this.member.journal.length)
          this.member.world.fail(`${this.host} is sent a journal that does not continue its own`);
        this.member.journal = frame.journal;
        return link.send({ t: 'ack', end: positionAtEnd(frame.journal) });
      case 'ack':
        return this.#acknowledged(link, frame.end);
    }
  }

  #acknowledged(link: PeerSide, end: Position): void {
    link.acknowledged(end, this.now);
    this.#writer?.acknowledged(end);
    this.#writer?.settle();
    if (link.target === null || !reaches(end, link.target)) return;
    link.target = null;
    this.input({ on: 'caught-up' });
  }

  // ------------------------------------------------------------ the commit rule

  /** Clients send this many updates. */
  write(updates: number): void {
    if (this.open && !this.frozen) this.#writer?.take(updates);
  }

  /** The writer has given a block its place: a backup that follows is sent it. */
  blockSealed(journal: ModelJournal): void {
    if (this.partner.link?.ready === true) this.partner.link.sendJournal(journal, this.now);
  }

  /** The read rule, as the runtime has it. */
  mayRead(leaseMs: number): boolean {
    const { role } = this.state;
    if (!this.open || role.is !== 'primary' || role.trouble !== null) return false;
    if (role.backup?.active !== true) return true;
    return this.partner.link !== null && this.now - this.partner.link.echoedAt < leaseMs;
  }
}
