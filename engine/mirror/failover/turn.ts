import { copyPlain } from './copy.ts';
import { compareEpochs, newerEpoch } from './epochs.ts';
import { nextWake, type Asking, type MemberState } from './state.ts';
import type { ActivePeriod, Details, Durable, Effect, Epoch, Facts, Hello, Ms, PeerMessage, Reign, RoleName, ToArbiter } from './types.ts';

/** One step's working copy: the new state and the effects so far. */
export class Turn {
  readonly state: MemberState;
  readonly facts: Facts;
  readonly effects: Effect[] = [];

  constructor(before: MemberState, facts: Facts) {
    this.state = copyPlain(before);
    this.facts = facts;
  }

  get now(): Ms {
    return this.facts.now;
  }

  /** How often to try again what did not answer. */
  get retryMs(): Ms {
    return Math.max(10, Math.min(this.state.qosMs / 8, 250));
  }

  /** @param bestEffort the disk may be the trouble: go on even if it cannot be written */
  persist(record: Partial<Durable>, bestEffort = false): void {
    this.state.durable = { ...this.state.durable, ...record };
    this.effects.push({ do: 'persist', record, ...(bestEffort ? { bestEffort: true } : {}) });
  }

  sawEpoch(epoch: Epoch): void {
    if (compareEpochs(epoch, this.state.durable.seen) > 0) this.persist({ seen: epoch });
  }

  tellPeer(message: PeerMessage): void {
    this.effects.push({ do: 'tell-peer', message });
  }

  tellArbiter(message: ToArbiter): void {
    if (this.state.arbiter.connected) this.effects.push({ do: 'tell-arbiter', message });
  }

  /** A primary whose journal failed keeps its gate closed whatever it learns. */
  gate(to: 'open' | 'remote' | 'hold'): void {
    const { role } = this.state;
    this.effects.push({ do: 'gate', to: role.is === 'primary' && role.frozen !== null ? 'hold' : to });
  }

  /** `facts`: what the decision was drawn from. */
  log(severity: 0 | 1 | 2 | 3, code: string, text: string, facts: Details = {}): void {
    this.effects.push({ do: 'log', severity, code, text, facts });
  }

  /** The answer to an operator's request; null: done. */
  answer(id: number, error: { code: string; text: string; facts?: Details } | null): void {
    this.effects.push({ do: 'answer-request', id, error: error === null ? null : { facts: {}, ...error } });
  }

  dialPeer(gaveUp: boolean): Asking {
    this.state.questions += 1;
    this.effects.push({ do: 'dial-peer', hello: this.hello(gaveUp), question: this.state.questions });
    return { whom: 'peer', question: this.state.questions };
  }

  askAgent(grant: boolean): Asking {
    this.state.questions += 1;
    if (this.state.partner !== null)
      this.effects.push({
        do: 'ask-agent',
        member: this.state.partner,
        grant,
        question: this.state.questions,
        gaveUp: this.#gaveUp(),
      });
    return { whom: 'agent', question: this.state.questions };
  }

  /** What a backup that lost its primary will not take over by: no verdict counts for it any more. */
  #gaveUp(): Reign | null {
    const { role } = this.state;
    return role.is === 'lost' && role.generation === null && role.had.n > 0 ? role.had : null;
  }

  /** The highest epoch this member knows of, from others or from its own journal. */
  get newestEpoch(): Epoch {
    return newerEpoch(this.state.durable.seen, this.facts.journal.epoch);
  }

  /** This member wrote the newest journal it has, and its own records may be believed. */
  get wasPrimary(): boolean {
    return this.state.durable.validated && this.facts.journal.epoch.member === this.state.self;
  }

  /** Whether to ask for the right at all. A last primary may restart in spite of no failover: its restart clears it. */
  get able(): boolean {
    if (this.state.role.is === 'stopped' || this.isHeld) return false;
    return this.facts.canTakeOver && (this.state.durable.noFailover === null || this.wasPrimary);
  }

  /** No failover was set at its promotion without a partner. No new epoch clears that. */
  get isHeld(): boolean {
    return this.state.durable.promotion?.isHeld === true;
  }

  /** Once for each incident, until this member is primary or sees one. */
  notifyFailed(): void {
    if (!this.state.failureNotified) this.effects.push({ do: 'notify', what: 'failed' });
    this.state.failureNotified = true;
  }

  /** A message that belongs to a state already left. */
  ignore(what: string): void {
    this.log(0, 'LATE_MESSAGE', `A message (${what}) arrived that no longer applies; it was ignored.`);
  }

  /** This member's hello. */
  hello(gaveUp: boolean): Hello {
    const { self, boot, membership } = this.state;
    return {
      member: self,
      boot,
      journal: this.facts.journal,
      wasPrimary: this.wasPrimary,
      membership,
      seen: this.newestEpoch,
      role: this.roleName(),
      able: this.able,
      gaveUp,
    };
  }

  /** Tells the partner at once what it needs for forming a generation; the runtime repeats it with every heartbeat. */
  beat(): void {
    this.tellPeer({ m: 'beat', arbiter: this.state.arbiter.connected, canTakeOver: this.facts.canTakeOver });
  }

  /** A dialer that is not the other failover member learns nothing. */
  refuseHello(): void {
    this.notPrimary();
  }

  notPrimary(): void {
    this.effects.push({
      do: 'answer-hello',
      answer: {
        is: 'not-primary',
        boot: this.state.boot,
        role: this.roleName(),
        journal: this.facts.journal,
        seen: this.newestEpoch,
        membership: this.state.membership,
      },
    });
  }

  roleName(): RoleName {
    const role = this.state.role;
    if (role.is === 'primary') return role.trouble !== null ? 'in-trouble' : 'primary';
    return role.is;
  }

  /** Ends the open active period, durably. */
  endPeriod(): void {
    const period: ActivePeriod | null = this.state.durable.period;
    if (period !== null && !period.ended) this.persist({ period: { ...period, ended: true } });
  }

  scheduleWake(): void {
    const at = nextWake(this.state, this.now);
    if (at !== null) this.effects.push({ do: 'wake', at });
  }
}
