import { step } from '../member.ts';
import { compareJournals } from '../epochs.ts';
import { initialState, type MemberState } from '../state.ts';
import type {
  Effect,
  Epoch,
  Facts,
  FromArbiter,
  Hello,
  HelloAnswer,
  Input,
  PeerMessage,
  Position,
  RequestName,
  ToArbiter,
} from '../types.ts';
import type { Member } from './member.ts';
import { common, journalEnd, positionAtEnd, reaches, withBlock, type ModelJournal } from './model-journal.ts';
import type { End, Process } from './network.ts';
import { PeerSide, type Frame } from './peer-side.ts';
import { Q } from './events.ts';

const RESUME = { backupIsDown: true, backupNeverBecamePrimary: true, backupHasNoNewerJournalFile: true };

interface Writer {
  gate: 'open' | 'remote' | 'hold';
  /** Updates not yet in a block. */
  waiting: number;
  inFlight: { readonly block: number; synced: boolean; readonly end: Position } | null;
  /** The backup has acknowledged everything before. */
  remote: Position;
}

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
  link: PeerSide | null = null;
  #writer: Writer | null = null;
  #draining = false;
  #queue: Input[] = [];
  #running = false;
  #wake: { cancel(): void } | null = null;
  #arbiter: { end: End; connected: boolean; heardAt: number } | null = null;
  #answerHello: ((answer: HelloAnswer) => void) | null = null;
  #dialling: End | null = null;
  #lastSent = 0;
  #lastEchoed = Number.NEGATIVE_INFINITY;
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

  /** The block that is being written and perhaps not in the file. */
  get unsynced(): number | null {
    const inFlight = this.#writer?.inFlight ?? null;
    return inFlight === null || inFlight.synced ? null : inFlight.block;
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
    this.#dialArbiter();
    this.in(1, () => this.input({ on: 'start', byPerson: true }));
  }

  /** @param told whether the other sides learn that the connections are gone */
  end(told: boolean): void {
    this.alive = false;
    for (const end of [this.link?.end, this.#arbiter?.end, this.#dialling]) {
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
      lastSentToPeer: Math.max(this.#lastSent, this.link?.sentAt ?? 0),
      lastEchoedByPeer: this.link?.echoedAt ?? this.#lastEchoed,
    };
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'persist':
        this.member.durable = { ...this.member.durable, ...effect.record };
        return;
      case 'gate':
        if (this.#writer !== null) this.#writer.gate = effect.to;
        return this.#settle();
      case 'tell-peer':
        return effect.message.m === 'beat' ? this.link?.beat() : this.link?.send({ t: 'peer', message: effect.message });
      case 'answer-hello':
        return this.#answerHello?.(effect.answer);
      case 'dial-peer':
        return this.#dial(effect);
      case 'hang-up-peer':
        return this.#hangUp();
      case 'tell-arbiter':
        return this.#arbiter?.end.send({ t: 'arb', message: effect.message satisfies ToArbiter });
      case 'ask-agent':
        return this.#askAgent(effect);
      case 'become-primary':
        return this.#become(effect);
      case 'open':
        this.open = true;
        this.epoch = this.state.role.is === 'primary' ? this.state.role.epoch : null;
        return;
      case 'resume':
        this.#draining = false;
        return;
      case 'drain':
        this.#draining = true;
        return this.#settle();
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
        return void this.in(this.#slow(), () =>
          this.input({ on: 'hook-answer', hook: effect.hook, ok: !this.member.ills.has('hook'), why: 'not today' }),
        );
      case 'bind-vip':
        return void this.in(this.#slow(), () => this.input({ on: 'vip', bound: !this.member.ills.has('vip'), why: 'taken' }));
      case 'undo-become':
        this.#becoming += 1;
        return this.#detach();
      case 'change-membership':
        this.adopt(this.member.membership + 1);
        return this.#tellMembership();
      case 'tell-membership':
        return this.#tellMembership();
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
    this.link?.send({ t: 'membership', version: this.member.membership });
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
    this.#writer = null;
    this.open = false;
    this.epoch = null;
    this.#draining = false;
  }

  #handedOver(): void {
    this.#detach();
    this.#hangUp();
    if (this.#stopping) return void this.in(1, () => this.member.exited());
    this.in(1, () => {
      this.input({ on: 'start', byPerson: true });
    });
  }

  // ------------------------------------------------------------ becoming primary

  #become(effect: Extract<Effect, { do: 'become-primary' }>): void {
    const { member } = this;
    this.#hangUp();
    // One that resumes has been primary until now.
    this.#detach();
    this.#becoming += 1;
    const attempt = this.#becoming;
    const step = (fn: () => void): void =>
      void this.in(this.#slow(), () => {
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
          this.#writer = { gate: 'hold', waiting: 0, inFlight: null, remote: { file: 0, offset: 0 } };
          this.input({ on: 'became', epoch });
        });
      });
    });
  }

  #slow(): number {
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

  #dial(effect: Extract<Effect, { do: 'dial-peer' }>): void {
    this.#dialling?.close();
    const { member } = this;
    const { world } = member;
    const partner = world.member(member.partner);
    this.#lastSent = this.now;
    const end = world.network.connect(
      this,
      () => partner.process,
      partner.name,
      'data',
      (far) => partner.process?.accept(far),
    );
    this.#dialling = end;
    let answered = false;
    const fail = (): void => {
      if (answered) return;
      answered = true;
      end.close();
      this.input({ on: 'dial-failed', question: effect.question });
    };
    const timer = this.in(Q / 2, fail);
    end.onClose = fail;
    end.onMessage = (raw) => {
      if (answered) return;
      answered = true;
      timer.cancel();
      if (this.#dialling === end) this.#dialling = null;
      this.#answered(end, effect, raw as { answer: HelloAnswer; journal: ModelJournal });
    };
    end.send(effect.hello);
  }

  #answered(
    end: End,
    { question }: Extract<Effect, { do: 'dial-peer' }>,
    { answer, journal }: { answer: HelloAnswer; journal: ModelJournal },
  ): void {
    const role = this.state.role.is;
    if (answer.is !== 'primary' || role === 'primary' || role === 'taking' || role === 'down' || role === 'yielded') {
      end.close();
      return this.input({ on: 'hello-answer', answer, question });
    }
    let lost = false;
    end.onClose = () => {
      lost = true;
    };
    this.in(this.#slow(), () => {
      if (lost) return this.input({ on: 'dial-failed', question });
      if (this.state.role.is !== 'taking' && this.#writer === null) this.member.journal = common(this.member.journal, journal);
      this.adopt(answer.membership);
      this.input({ on: 'hello-answer', answer, question });
      if (this.state.role.is !== 'backup' || this.link !== null) return end.close();
      const link = this.#establish(end);
      link.beat();
      link.send({ t: 'ready', from: positionAtEnd(this.member.journal) });
    });
  }

  accept(end: End): void {
    end.onMessage = (raw) => {
      const hello = raw as Hello;
      let reply: HelloAnswer | null = null;
      this.#answerHello = (answer) => {
        this.#answerHello = null;
        reply = answer;
        this.#lastSent = this.now;
        end.onMessage = () => undefined;
        end.send({ answer, journal: this.member.journal });
        if (answer.is === 'primary' && hello.role !== 'in-trouble' && hello.role !== 'primary') this.#establish(end);
      };
      this.input({ on: 'hello', hello });
      if (reply === null) end.close();
    };
  }

  #establish(end: End): PeerSide {
    this.#hangUp();
    const made = new PeerSide(end, this, {
      lost: (link, why) => {
        if (this.link !== link) return;
        this.#lastSent = Math.max(this.#lastSent, link.sentAt);
        this.#lastEchoed = link.echoedAt;
        this.link = null;
        this.input({ on: 'peer-lost', why });
      },
      frame: (link, frame) => {
        if (this.link === link) this.#frame(link, frame);
      },
      arbiter: () => this.state.arbiter.connected,
      canTakeOver: () => this.member.able,
    });
    this.link = made;
    return made;
  }

  #hangUp(): void {
    const { link } = this;
    if (link === null) return;
    this.#lastSent = Math.max(this.#lastSent, link.sentAt);
    this.#lastEchoed = link.echoedAt;
    this.link = null;
    link.close();
  }

  #frame(link: PeerSide, frame: Frame): void {
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
        link.target = positionAtEnd(this.#sealed());
        link.sendJournal(this.#sealed(), this.now);
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
    if (this.#writer !== null && !reaches(this.#writer.remote, end)) this.#writer.remote = end;
    this.#settle();
    if (link.target === null || !reaches(end, link.target)) return;
    link.target = null;
    this.input({ on: 'caught-up' });
  }

  // ------------------------------------------------------------ the commit rule

  /** Clients send this many updates. */
  write(updates: number): void {
    if (!this.open || this.#writer === null || this.#draining || this.frozen) return;
    this.#writer.waiting = Math.min(20, this.#writer.waiting + updates);
    this.#settle();
  }

  #sealed(): ModelJournal {
    const block = this.unsynced;
    return block === null ? this.member.journal : withBlock(this.member.journal, block);
  }

  #settle(): void {
    const writer = this.#writer;
    if (writer === null) return;
    const { inFlight } = writer;
    if (inFlight?.synced === true && (writer.gate === 'open' || (writer.gate === 'remote' && reaches(writer.remote, inFlight.end)))) {
      writer.inFlight = null;
      this.member.world.durable(this.host, inFlight.block, this.member.journal.at(-1)?.epoch ?? { major: 0, minor: 0, member: '' });
    }
    if (writer.inFlight === null && writer.waiting > 0) this.#seal(writer);
    if (this.#draining && writer.inFlight === null && writer.waiting === 0) this.in(0, () => this.#drained());
  }

  #drained(): void {
    if (this.#draining && this.#writer !== null && this.#writer.inFlight === null)
      this.input({ on: 'drained', end: positionAtEnd(this.member.journal) });
  }

  #seal(writer: Writer): void {
    writer.waiting -= 1;
    const block = this.member.world.newBlock();
    const inFlight = { block, synced: false, end: positionAtEnd(withBlock(this.member.journal, block)) };
    writer.inFlight = inFlight;
    this.in(1 + 8 * this.member.world.random(), () => {
      if (this.#writer !== writer) return;
      if (this.member.ills.has('disk'))
        return this.input({ on: 'journal-failed', why: 'no space', end: positionAtEnd(this.member.journal) });
      this.member.journal = withBlock(this.member.journal, block);
      inFlight.synced = true;
      this.#settle();
    });
    if (this.link?.ready === true) this.link.sendJournal(this.#sealed(), this.now);
  }

  /** The read rule, as the runtime has it. */
  mayRead(leaseMs: number): boolean {
    const { role } = this.state;
    if (!this.open || role.is !== 'primary' || role.trouble !== null) return false;
    if (role.backup?.active !== true) return true;
    return this.link !== null && this.now - this.link.echoedAt < leaseMs;
  }

  // ------------------------------------------------------------ the arbiter

  #dialArbiter(): void {
    const { world } = this.member;
    const again = (): void => void this.in(Q / 4, () => this.#dialArbiter());
    const end = world.network.connect(
      this,
      () => world.arbiter,
      'R',
      'arb',
      (far) => world.arbiter?.accept(far),
    );
    const link = { end, connected: false, heardAt: this.now };
    this.#arbiter = link;
    let gone = false;
    const lost = (): void => {
      if (gone) return;
      gone = true;
      end.close();
      this.#arbiter = null;
      if (link.connected) this.input({ on: 'arbiter-lost' });
      again();
    };
    end.onClose = lost;
    end.onMessage = (raw) => {
      if (gone) return;
      link.heardAt = this.now;
      const message = raw as { t: 'welcome' } | { t: 'arb'; message: FromArbiter } | { t: 'beat' };
      if (message.t === 'arb') return this.input({ on: 'arbiter', message: message.message });
      if (link.connected) return;
      link.connected = true;
      this.input({ on: 'arbiter-up' });
    };
    end.send({ t: 'hello', member: this.host, boot: this.boot });
    const watch = (): void => {
      if (gone) return;
      if (this.now - link.heardAt > Q * 0.75) return lost();
      end.send({ t: 'beat' });
      this.in(Q / 4, watch);
    };
    this.in(Q / 4, watch);
  }

  // ------------------------------------------------------------ agents

  #askAgent(effect: Extract<Effect, { do: 'ask-agent' }>): void {
    const { world } = this.member;
    const asked = world.member(effect.member);
    const agent: Process = { host: asked.name, alive: true, in: (ms, fn) => world.events.in(ms, () => (asked.hostUp ? fn() : undefined)) };
    const above = !effect.grant
      ? null
      : this.member.durable.seen.major > 0
        ? this.member.durable.seen
        : journalEnd(this.member.journal).epoch;
    let answered = false;
    const silent = (): void => {
      if (answered) return;
      answered = true;
      end.close();
      this.input({ on: 'agent-silent', member: effect.member, question: effect.question });
    };
    const end = world.network.connect(
      this,
      () => agent,
      asked.name,
      'agent',
      (far) => {
        far.onMessage = () => {
          if (effect.gaveUp !== null) asked.process?.input({ on: 'gave-up', member: this.host, had: effect.gaveUp });
          const answer = asked.ask(this.host, above);
          if (answer !== null) far.send(answer);
        };
      },
    );
    end.onClose = silent;
    end.onMessage = (raw) => {
      if (answered) return;
      answered = true;
      end.close();
      this.input({ on: 'agent', answer: raw as Extract<Input, { on: 'agent' }>['answer'], question: effect.question });
    };
    end.send({ t: 'ask' });
    this.in(Q / 2, silent);
  }
}
