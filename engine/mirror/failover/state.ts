import type { ActivePeriod, Durable, Epoch, Generation, Guid, Ms, Position, Reign, Right } from './types.ts';

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
  /** An operator's wish to make this member primary, under way while it is not. */
  wish: Wish | null;
  /** `notify failed` was sent for this incident. */
  failureNotified: boolean;
  /** How often this member had the right and gave it back in this incident. */
  gaveBack: number;
}

interface Wish {
  readonly id: number;
  readonly what: 'try' | 'force';
  /** Until then the ordinary way is tried. */
  readonly until: Ms;
  /** When the other member or its agent last answered, and what. */
  answeredAt: Ms | null;
  answered: string;
}

export type Role =
  | UndecidedRole
  | PrimaryRole
  | { is: 'yielded'; epoch: Epoch; until: Ms; /** its journal failed: the process ends for good */ ends: boolean }
  | BackupRole
  | LostRole
  | TakingRole
  /** A person stopped mirroring here. */
  | { is: 'stopped'; why: string }
  | { is: 'down'; why: string };

export interface UndecidedRole {
  is: 'starting' | 'waiting';
  why: string;
  /** One question at a time: when to ask again. */
  askAt: Ms;
  asking: Asking | null;
  /** It does not try again by itself. */
  forOperator: boolean;
}

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
  /** A hand-over under way; `id` null: by its own decision. */
  yielding: { id: number | null; then: 'hand-over' | 'stop' } | null;
  /** A no-failover change waiting for the backup's word. */
  pendingNoFailover: { id: number; thenStop: boolean } | null;
  /** A change of arbiter, members or Q under way. */
  changing: { readonly id: number; phase: 'leaving' | 'ending' | 'applying' } | null;
  /** Why its journal cannot be written: nothing becomes durable any more in this process. */
  frozen: string | null;
  /** Everything before it is durable here. */
  frozenAt: Position | null;
  vip: 'bound' | 'released' | 'binding';
  /** Primary by an operator's word and without a word from the other member since: that one may be primary too, and is asked. */
  unmet: boolean;
  /** When all other members are told next who the failover members are since a promotion or a force; null: all of them know. */
  tellAt: Ms | null;
  dialAt: Ms;
}

/** Nobody else begins the talk with a former primary that works on alone, and does not know that it has been followed. */
export function seeksPartner(role: PrimaryRole): boolean {
  return role.unmet && role.backup === null && role.trouble === null;
}

/** Nothing becomes durable until the active backup is known not to take over. */
export interface Trouble {
  readonly since: Ms;
  /** Agent controlled: when it ends by itself; null: only by an answer. */
  readonly until: Ms | null;
  /** Answers to questions asked before it began prove nothing about it. */
  readonly firstQuestion: number;
  /** The process of the backup that was lost. */
  readonly backupBoot: string;
}

interface BackupRole {
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
  /** What it last had from the primary; `n` 0: it was not active. */
  readonly had: Reign;
  /** From its confirmation of a generation until it has left it, the primary may have gone on without it. */
  readonly passedOver: boolean;
  /** Why it has not taken over yet, as last logged. */
  why: string;
  /** In a formed generation and not yet given up: the arbiter may be asked. */
  generation: Generation | null;
  askAt: Ms;
  asking: Asking | null;
}

type TakingStep = 'claim' | 'can-start' | 'becoming' | 'vip' | 'read-rule' | 'check';

export interface TakingRole {
  is: 'taking';
  right: Right;
  above: Epoch;
  /** The new epoch once it is durable. */
  epoch: Epoch | null;
  step: TakingStep;
  /** Why it cannot finish now; null: it is on its way. */
  stuck: string | null;
  /** When the step that failed is tried again. */
  retryAt: Ms;
  /** Whose word is awaited during `claim`: who knows of a newer primary or membership forbids. */
  readonly awaits: {
    arbiter: boolean;
    others: boolean;
    /** Without anybody's word it does not go on. */
    anybody: boolean;
  };
  /** When the silence of those that are awaited stops counting, and until when binding the address is tried. */
  until: Ms;
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
  promotion: null,
};

/** The state of a process that has just started; `start` is its first input. */
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
    role: { is: 'starting', why: 'The instance is starting.', askAt: 0, asking: null, forOperator: false },
    wish: null,
    failureNotified: false,
    gaveBack: 0,
  };
}

/** The newest active period of a reign, as far as the record tells. */
export function periodOf(reign: Reign, period: ActivePeriod | null): number {
  return period !== null && period.epoch.major === reign.epoch.major && period.epoch.minor === reign.epoch.minor ? period.n : reign.n;
}

/** When to call again with `tick`; null: nothing is due by itself. */
export function nextWake(state: MemberState, now: Ms): Ms | null {
  const due = roleWake(state, now);
  if (state.wish === null) return due;
  return Math.min(due ?? state.wish.until, state.wish.until);
}

function roleWake({ role }: MemberState, now: Ms): Ms | null {
  switch (role.is) {
    case 'starting':
    case 'waiting':
      return role.asking === null && !role.forOperator ? role.askAt : null;
    case 'lost':
      return role.asking === null ? role.askAt : null;
    case 'primary':
      return primaryWake(role);
    case 'yielded':
      return role.until;
    case 'taking':
      return takingWake(role, now);
    default:
      return null;
  }
}

function primaryWake(role: PrimaryRole): Ms | null {
  const at = dialWake(role);
  return role.tellAt === null ? at : Math.min(role.tellAt, at ?? role.tellAt);
}

function dialWake(role: PrimaryRole): Ms | null {
  if (role.trouble === null) return role.vip === 'binding' || seeksPartner(role) ? role.dialAt : null;
  return role.trouble.until === null ? role.dialAt : Math.min(role.trouble.until, role.dialAt);
}

function takingWake(role: TakingRole, now: Ms): Ms | null {
  if (role.stuck !== null) return Math.max(now, Math.min(role.retryAt, role.askAt));
  switch (role.step) {
    case 'claim':
      return Math.max(now, role.until);
    case 'read-rule':
      return Math.max(now, Math.min(role.openAt, role.askAt));
    // While it is still becoming primary the time to open does not matter yet; with a proof that the former primary is down it is there at once.
    case 'becoming':
      return role.openAt === 0 ? null : Math.max(now, role.askAt);
    default:
      return null;
  }
}
