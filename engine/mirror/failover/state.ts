import type {
  ActivePeriod,
  Details,
  Durable,
  Effect,
  Epoch,
  Facts,
  Generation,
  Guid,
  Hello,
  JournalEnd,
  Ms,
  PeerMessage,
  Right,
  RoleName,
  ToArbiter,
} from './types.ts';

/** A failover member's whole knowledge for its decisions. Plain data; `Turn` changes a copy. */
export interface MemberState {
  readonly self: Guid;
  /** New at each process start. */
  readonly boot: string;
  /** Q, the quality of service timeout. */
  qosMs: Ms;
  membership: number;
  /** The other failover member; null in a mirror with one. */
  partner: Guid | null;
  durable: Durable;
  /** Number of the last question to the partner or its agent. */
  questions: number;
  arbiter: { configured: boolean; connected: boolean; /** the arbiter says it is connected to the partner */ otherConnected: boolean };
  role: Role;
}

export type Role =
  | { is: 'starting' | 'waiting'; why: string; /** one question at a time: when to ask again */ askAt: Ms; asking: Asking | null }
  | PrimaryRole
  | { is: 'yielded'; epoch: Epoch; until: Ms }
  | BackupRole
  | LostRole
  | TakingRole
  | { is: 'down'; why: string };

/** The question under way: an answer with another number is too late to count. */
export interface Asking {
  readonly whom: 'peer' | 'agent';
  readonly question: number;
}

export interface PrimaryRole {
  is: 'primary';
  epoch: Epoch;
  /** The connected backup. */
  backup: { member: Guid; boot: string; active: boolean; arbiter: boolean; canTakeOver: boolean; caughtUp: boolean } | null;
  trouble: Trouble | null;
  generation: { gen: Generation; phase: 'proposed' | 'bound' | 'leaving'; heldByBackup: boolean; heldByArbiter: boolean } | null;
  /** Number of the last active period of this epoch. */
  periods: number;
  generations: number;
  /** A hand-over under way. */
  yielding: { id: number; then: 'hand-over' | 'stop' } | null;
  /** A no-failover change waiting for the backup's word. */
  pendingNoFailover: { id: number; thenStop: boolean } | null;
  dialAt: Ms;
}

/** Nothing becomes durable until the active backup is known not to take over. */
export interface Trouble {
  readonly since: Ms;
  /** Agent controlled: when it ends by itself; null: only by an answer. */
  readonly until: Ms | null;
  /** Answers to questions asked before it began prove nothing about it. */
  readonly firstQuestion: number;
}

export interface BackupRole {
  is: 'backup';
  primary: Guid;
  primaryBoot: string;
  epoch: Epoch;
  /** n of the active period; null: not active. */
  active: number | null;
  generation: { gen: Generation; phase: 'held' | 'formed' | 'leaving' } | null;
  pendingNoFailover: { id: number } | null;
}

/** Was the backup of a primary it no longer hears. */
export interface LostRole {
  is: 'lost';
  epoch: Epoch;
  since: Ms;
  primary: Guid;
  /** In a formed generation and not yet given up: the arbiter may be asked. */
  generation: Generation | null;
  askAt: Ms;
  asking: Asking | null;
}

export interface TakingRole {
  is: 'taking';
  right: Right;
  above: Epoch;
  epoch: Epoch | null;
  /** Not open for users before this (read rule); 0: at once, the former primary is proven down. */
  openAt: Ms;
  askAt: Ms;
  firstQuestion: number;
}

/** What a failover member that never was one has on disk. */
export const newDurable: Durable = {
  period: null,
  grant: null,
  noFailover: null,
  stoppedNoFailover: false,
  yielded: null,
  seen: { major: 0, minor: 0, member: '' },
  boot: '',
  reign: null,
  forcedDown: false,
  validated: true,
  mirroringStopped: false,
  lastSeenPrimary: null,
};

export function initialState(init: {
  self: Guid;
  boot: string;
  qosMs: Ms;
  membership: number;
  partner: Guid | null;
  arbiter: boolean;
  durable: Durable;
}): MemberState {
  return {
    self: init.self,
    boot: init.boot,
    qosMs: init.qosMs,
    membership: init.membership,
    partner: init.partner,
    durable: init.durable,
    questions: 0,
    arbiter: { configured: init.arbiter, connected: false, otherConnected: false },
    role: { is: 'starting', why: 'The instance is starting.', askAt: 0, asking: null },
  };
}

/** (major, minor) only: epochs of equal rank and different members are a conflict, see `sameEpoch`. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  return a.major - b.major || a.minor - b.minor;
}

export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return compareEpochs(a, b) === 0 && a.member === b.member;
}

export function newerEpoch(a: Epoch, b: Epoch): Epoch {
  return compareEpochs(a, b) >= 0 ? a : b;
}

/** Newer = higher last epoch, then further position. */
export function compareJournals(a: JournalEnd, b: JournalEnd): number {
  return compareEpochs(a.epoch, b.epoch) || a.position.file - b.position.file || a.position.offset - b.position.offset;
}

/**
 * Who of two members that are both starting goes on: the newer journal, then the last primary, then the lower GUID.
 * Positive: `a`.
 */
export function rank(a: Pick<Hello, 'member' | 'journal' | 'wasPrimary'>, b: Pick<Hello, 'member' | 'journal' | 'wasPrimary'>): number {
  return compareJournals(a.journal, b.journal) || Number(a.wasPrimary) - Number(b.wasPrimary) || (a.member < b.member ? 1 : -1);
}

/** One step's working copy: the new state and the effects so far. */
export class Turn {
  readonly state: MemberState;
  readonly facts: Facts;
  readonly effects: Effect[] = [];

  constructor(before: MemberState, facts: Facts) {
    this.state = structuredClone(before);
    this.facts = facts;
  }

  get now(): Ms {
    return this.facts.now;
  }

  /** How often to try again what did not answer. */
  get retryMs(): Ms {
    return Math.max(10, Math.min(this.state.qosMs / 8, 250));
  }

  persist(record: Partial<Durable>): void {
    this.state.durable = { ...this.state.durable, ...record };
    this.effects.push({ do: 'persist', record });
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

  gate(to: 'open' | 'remote' | 'hold'): void {
    this.effects.push({ do: 'gate', to });
  }

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
      this.effects.push({ do: 'ask-agent', member: this.state.partner, grant, question: this.state.questions });
    return { whom: 'agent', question: this.state.questions };
  }

  /** The highest epoch this member knows of, from others or from its own journal. */
  get newestEpoch(): Epoch {
    return newerEpoch(this.state.durable.seen, this.facts.journal.epoch);
  }

  /** Whether to ask for the right at all. A last primary may restart in spite of no failover: its restart clears it. */
  get able(): boolean {
    return this.facts.canTakeOver && (this.state.durable.noFailover === null || this.facts.journal.epoch.member === this.state.self);
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
      wasPrimary: this.facts.journal.epoch.member === self,
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
      answer: { is: 'not-primary', boot: this.state.boot, role: this.roleName(), journal: this.facts.journal, seen: this.newestEpoch, membership: this.state.membership },
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

function nextWake(state: MemberState, now: Ms): Ms | null {
  const role = state.role;
  switch (role.is) {
    case 'starting':
    case 'waiting':
    case 'lost':
      return role.asking === null ? role.askAt : null;
    case 'primary': {
      if (role.trouble === null) return null;
      return role.trouble.until === null ? role.dialAt : Math.min(role.trouble.until, role.dialAt);
    }
    case 'yielded':
      return role.until;
    case 'taking':
      // While it is still becoming primary the time to open does not matter yet.
      return role.openAt === 0 ? null : Math.max(now, role.epoch === null ? role.askAt : Math.min(role.openAt, role.askAt));
    default:
      return null;
  }
}
