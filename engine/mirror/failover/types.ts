/**
 * The vocabulary of the failover decisions (MIRROR-PROTOCOL.md, "Words"). Everything here is plain data: the same
 * values travel in messages, lie in the durable record and are printed in transcripts.
 */

export type Guid = string;
/** Milliseconds of a monotonic clock of one process. */
export type Ms = number;

/** (major, minor) orders epochs; the member says who was primary in it. */
export interface Epoch {
  readonly major: number;
  readonly minor: number;
  readonly member: Guid;
}

export interface Position {
  readonly file: number;
  readonly offset: number;
}

/** How new a member's journal is: its last epoch, then its end. */
export interface JournalEnd {
  readonly epoch: Epoch;
  readonly position: Position;
}

/** A promise not to be primary before `to` has been, or gives the promise back. Durable before it is told. */
export interface Grant {
  readonly to: Guid;
  /** The holder's epoch will be higher than this. */
  readonly above: Epoch;
}

/** P's record of the time during which it waits for B: the n-th of its epoch. */
export interface ActivePeriod {
  readonly epoch: Epoch;
  readonly n: number;
  readonly backup: Guid;
  readonly ended: boolean;
}

/** One member's time as primary: what an answer about it must match to count (clones, moved addresses). */
export interface Reign {
  readonly epoch: Epoch;
  /** The process that was primary. */
  readonly boot: string;
  /** Number of its newest active period; 0: none yet. */
  readonly n: number;
}

/** How a member stood to the primary when it was last connected to one; only informs an operator. */
export interface LastSeenPrimary {
  readonly primary: Guid;
  readonly epoch: Epoch;
  readonly active: boolean;
}

/** The facts that a decision was drawn from, by name. */
export type Details = Readonly<Record<string, string | number>>;

/** Why something is not done, with its condition code. */
export interface Refusal {
  readonly code: string;
  readonly text: string;
  readonly facts: Details;
}

/**
 * What a failover member must find again after a crash. `persist` effects replace fields of it, durably, before the
 * next effect is carried out.
 */
export interface Durable {
  readonly period: ActivePeriod | null;
  /** A promise this member gave. Written by the instance itself or, while it is down, by its agent under its lock. */
  readonly grant: Grant | null;
  /** No failover was set in this epoch; null: failover is allowed. */
  readonly noFailover: Epoch | null;
  /** Stopped with `--nofailover`: the agent refuses grants until this member is primary again. */
  readonly stoppedNoFailover: boolean;
  /** This member asked its backup to take over from it in this epoch: it never acts as primary in it again. */
  readonly yielded: Epoch | null;
  /** Highest epoch this member has seen anywhere. */
  readonly seen: Epoch;
  /** The newest process of this member; '': none yet. */
  readonly boot: string;
  /** This member's newest time as primary. */
  readonly reign: Reign | null;
  /** It ended because it may not go on (forced down, superseded, journal failed): only a person starts it again. */
  readonly forcedDown: boolean;
  /** false (ValidatedMember=0): what its own records say of its role does not count; the others are asked first. */
  readonly validated: boolean;
  /** A person stopped mirroring on this member; it stays stopped until one starts it. */
  readonly mirroringStopped: boolean;
  readonly lastSeenPrimary: LastSeenPrimary | null;
  /** Promoted without a partner, and not primary since; null: not so. */
  readonly promotion: LonePromotion | null;
}

/** An operator promoted this member to be primary with the journal that it can get, whatever the former failover members have beyond it. */
export interface LonePromotion {
  /** It prepares, and does not become primary before an operator clears this. */
  readonly isHeld: boolean;
}

/** A generation: one active period placed under the arbiter's rules. */
export interface Generation {
  readonly g: string;
  readonly primary: Guid;
  readonly primaryBoot: string;
  readonly backup: Guid;
  readonly backupBoot: string;
  readonly membership: number;
  readonly epoch: Epoch;
}

export type Verdict = 'primary-continues' | 'backup-takes-over';

/** Why a member may become primary. */
export type Right =
  | { readonly by: 'only-member' }
  | { readonly by: 'verdict'; readonly g: string }
  /** `journal` null: the agent cannot read it, but this member is certain to hold everything acknowledged. */
  | { readonly by: 'grant'; readonly from: Guid; readonly journal: JournalEnd | null }
  | { readonly by: 'promise'; readonly from: Guid }
  | { readonly by: 'request'; readonly from: Guid }
  /** An operator's word that nobody else is primary; may fork the journal, so the epoch's major is raised. */
  | { readonly by: 'force' }
  /** An operator promoted this member without a partner; may fork as well. What the other members that can be reached have more of the journal is collected first. */
  | { readonly by: 'promotion' }
  /** An operator's word that the backup of a primary in trouble never took over: this same process goes on in a new epoch with its major raised. */
  | { readonly by: 'resume' };

// ---------------------------------------------------------------- messages between the failover members

/** First message on a data channel, from the member that dials. */
export interface Hello {
  readonly member: Guid;
  readonly boot: string;
  readonly journal: JournalEnd;
  readonly wasPrimary: boolean;
  readonly membership: number;
  readonly seen: Epoch;
  readonly role: RoleName;
  /** It could become primary: its databases are well, and no failover does not bind it. */
  readonly able: boolean;
  /** Periods and generations of this epoch and before are left for good: the sender will not take over by them. */
  readonly gaveUp: boolean;
}

export type RoleName = 'starting' | 'waiting' | 'primary' | 'in-trouble' | 'yielded' | 'backup' | 'lost' | 'taking' | 'stopped' | 'down';

/** The answer to a hello. */
export type HelloAnswer =
  /** The answerer is primary: stay connected, the journal follows. */
  | {
      readonly is: 'primary';
      readonly boot: string;
      readonly epoch: Epoch;
      readonly membership: number;
      readonly noFailover: Epoch | null;
      readonly qosMs: Ms;
    }
  /** Not primary; the dialer's journal is the newer one and the answerer has durably promised to let it go on. */
  | { readonly is: 'promise'; readonly boot: string; readonly grant: Grant }
  /** Not primary, nothing promised: the answerer is in this role with this journal. */
  | {
      readonly is: 'not-primary';
      readonly boot: string;
      readonly role: RoleName;
      readonly journal: JournalEnd;
      readonly seen: Epoch;
      readonly membership: number;
    };

export type PeerMessage =
  | { readonly m: 'active'; readonly n: number; readonly epoch: Epoch }
  | { readonly m: 'beat'; readonly arbiter: boolean; readonly canTakeOver: boolean }
  | { readonly m: 'propose'; readonly gen: Generation }
  | { readonly m: 'hold'; readonly g: string }
  | { readonly m: 'formed'; readonly g: string }
  | { readonly m: 'leave'; readonly g: string }
  | { readonly m: 'leaving'; readonly g: string }
  | { readonly m: 'left'; readonly g: string }
  /** P ends the active period by agreement, for a change that must not happen during one. */
  | { readonly m: 'end-period'; readonly n: number }
  | { readonly m: 'period-ended'; readonly n: number }
  | { readonly m: 'take-over'; readonly epoch: Epoch; readonly end: Position }
  | { readonly m: 'taking-over'; readonly epoch: Epoch }
  | { readonly m: 'cannot-take-over'; readonly why: string }
  | { readonly m: 'no-failover'; readonly epoch: Epoch | null }
  | { readonly m: 'no-failover-done'; readonly epoch: Epoch | null }
  | { readonly m: 'ask-no-failover'; readonly set: boolean };

export type ToArbiter =
  | { readonly m: 'propose'; readonly gen: Generation }
  | { readonly m: 'hold'; readonly g: string }
  | { readonly m: 'lost'; readonly g: string; readonly who: Guid }
  | { readonly m: 'gave-up'; readonly g: string }
  | { readonly m: 'pong'; readonly nonce: number }
  /** Does the arbiter know of a newer primary or membership? Asked before becoming primary by another right than its own. */
  | { readonly m: 'claim'; readonly epoch: Epoch; readonly membership: number };

export type FromArbiter =
  | { readonly m: 'hold'; readonly g: string }
  | { readonly m: 'verdict'; readonly g: string; readonly verdict: Verdict }
  | { readonly m: 'give-up'; readonly g: string }
  | { readonly m: 'unknown'; readonly g: string }
  | { readonly m: 'ping'; readonly nonce: number }
  | { readonly m: 'other'; readonly member: Guid; readonly connected: boolean }
  /** The answer to a claim or a proposal: the newest the arbiter knows of; null: nothing. It can only forbid. */
  | { readonly m: 'known'; readonly epoch: Epoch | null; readonly membership: number };

/** What an agent says about an instance of its host. */
export interface AgentAnswer {
  readonly member: Guid;
  /** The member's newest process, its newest time as primary and that time's newest active period, from its durable record. */
  readonly boot: string;
  readonly reign: Reign | null;
  readonly period: ActivePeriod | null;
  readonly seen: Epoch;
  readonly membership: number;
  /** What the running instance is, as it last told its agent. */
  readonly role: RoleName | null;
  readonly state: 'down' | 'starting' | 'operating' | 'hung' | 'in-trouble' | 'unknown';
  /** null: running, or not readable. */
  readonly journal: JournalEnd | null;
  /** Present when a grant was asked for and given; durable at the agent before it was sent. */
  readonly grant: Grant | null;
  /** Why a grant that was asked for was refused, with its condition code. */
  readonly refused: Refusal | null;
  readonly noFailover: boolean;
}

// ---------------------------------------------------------------- effects

export type Effect =
  /** Durable before anything later in the list happens. */
  | {
      readonly do: 'persist';
      readonly record: Partial<Durable>;
      /** The disk may be the trouble: if it cannot be written, the rest of the list is carried out all the same. */
      readonly bestEffort?: true;
    }
  /** The commit rule: open = local sync alone, remote = the backup's acknowledgement too, hold = nothing. */
  | { readonly do: 'gate'; readonly to: 'open' | 'remote' | 'hold' }
  | { readonly do: 'tell-peer'; readonly message: PeerMessage }
  /** The membership as it is now, again, before what stands behind it in the list: the backup takes a generation of this one only. */
  | { readonly do: 'tell-membership' }
  | { readonly do: 'answer-hello'; readonly answer: HelloAnswer }
  /** `question`: comes back with the answer, so that an answer to an older question is told from it. */
  | { readonly do: 'dial-peer'; readonly hello: Hello; readonly question: number }
  /** After an abandoned hand-over: take updates again. */
  | { readonly do: 'resume' }
  | { readonly do: 'hang-up-peer'; readonly why: string }
  | { readonly do: 'tell-arbiter'; readonly message: ToArbiter }
  /** Exchange the membership with every member but the partner: one of them may know of a change that this member missed. Answered `asked-around`; a newer membership comes before that as `membership`. */
  | { readonly do: 'ask-around' }
  /** Ask the partner's agent; `grant`: if the instance is down, promise it to me above this epoch. */
  | {
      readonly do: 'ask-agent';
      readonly member: Guid;
      readonly grant: boolean;
      readonly question: number;
      /** To be left with the agent for its instance: what this member had from it, and will not take over by any more. */
      readonly gaveUp: Reign | null;
    }
  /** Carry out "Becoming primary", steps 4 and 5 (databases are looked at again first): answered `became` or `become-failed`. With the right `resume` this member has been primary until now: its writer ends first. */
  | { readonly do: 'become-primary'; readonly right: Right; readonly epoch: Epoch }
  /** Ends an attempt whose epoch is durable already: the writer is detached, databases are read-only again. */
  | { readonly do: 'undo-become'; readonly why: string }
  /** Answered `hook-answer`. During `check` only the hook writes. */
  | { readonly do: 'ask-hook'; readonly hook: HookName }
  /** For information; nothing is answered. */
  | { readonly do: 'notify'; readonly what: 'became' | 'failed' }
  /** Answered `vip`; without one configured it is bound at once. */
  | { readonly do: 'bind-vip' }
  | { readonly do: 'release-vip' }
  /** The active period and the generation have ended: the change of arbiter, members or Q that was asked for as request `id` is made durable and told to the others; then comes `membership`. */
  | { readonly do: 'change-membership'; readonly id: number }
  /** Everything passed: open for users. */
  | { readonly do: 'open' }
  /** Stop taking updates, make what was taken durable, then report `drained`. */
  | { readonly do: 'drain' }
  /** Stop now: nothing more becomes durable, clients are let go, the process ends. */
  | { readonly do: 'step-down'; readonly why: string }
  /** The hand-over ended; the process may stop, or start again as a backup. */
  | { readonly do: 'handed-over'; readonly accepted: boolean }
  | { readonly do: 'answer-request'; readonly id: number; readonly error: Refusal | null }
  | { readonly do: 'log'; readonly severity: 0 | 1 | 2 | 3; readonly code: string; readonly text: string; readonly facts: Details }
  /** Call again with `tick` no later than this. */
  | { readonly do: 'wake'; readonly at: Ms };

export type HookName = 'can-start' | 'check';

// ---------------------------------------------------------------- inputs

/** So many of the other members, or their agents, have said what they know; so many members could not be asked themselves. */
export interface HeardAround {
  readonly answered: number;
  readonly silent: number;
  /** Members that have not said that they have the membership that they were told. */
  readonly unaware: number;
  /** The epoch of the primary that they were told this member is, is about to be, or follows; null: of none. */
  readonly told: Epoch | null;
  /** The newest epoch of a primary that one of them is, is about to be, or follows; null: of none. */
  readonly committed: Epoch | null;
}

export type Input =
  | { readonly on: 'tick' }
  /** The local journals are recovered; decide what to be. */
  | { readonly on: 'start'; /** a person started the instance, or it goes on after having been primary */ readonly byPerson?: boolean }
  /** Someone dialled us. Without an `answer-hello` the connection is closed: it has to dial again. */
  | { readonly on: 'hello'; readonly hello: Hello }
  /** The member we dialled answered. */
  | { readonly on: 'hello-answer'; readonly answer: HelloAnswer; readonly question: number }
  | { readonly on: 'dial-failed'; readonly question: number }
  | { readonly on: 'peer-lost'; readonly why: string }
  | { readonly on: 'peer'; readonly message: PeerMessage }
  /** P: the backup has acknowledged everything that was written when it was asked. */
  | { readonly on: 'caught-up' }
  | ({ readonly on: 'asked-around' } & HeardAround)
  | { readonly on: 'arbiter-up' }
  | { readonly on: 'arbiter-lost' }
  | { readonly on: 'arbiter'; readonly message: FromArbiter }
  | { readonly on: 'agent'; readonly answer: AgentAnswer; readonly question: number }
  | { readonly on: 'agent-silent'; readonly member: Guid; readonly question: number }
  /** Steps 4 and 5 of becoming primary are done; the new epoch is durable. */
  | { readonly on: 'became'; readonly epoch: Epoch }
  | { readonly on: 'become-failed'; readonly why: string }
  | { readonly on: 'drained'; readonly end: Position }
  | { readonly on: 'hook-answer'; readonly hook: HookName; readonly ok: boolean; readonly why: string }
  | { readonly on: 'vip'; readonly bound: boolean; readonly why: string }
  /** The journal cannot be written: everything before `end` is durable here, nothing behind it is acknowledged. */
  | { readonly on: 'journal-failed'; readonly why: string; readonly end: Position }
  /** The backup has left word with this member's agent that it will not take over by what it had from this primary. */
  | { readonly on: 'gave-up'; readonly member: Guid; readonly had: Reign }
  /** That member is no failover member any more, and can be primary by no promise that it has; the newest epoch that it knows of. */
  | { readonly on: 'no-partner'; readonly member: Guid; readonly seen: Epoch }
  /** The executor stood still for longer than Q/2 and goes on. */
  | { readonly on: 'hung'; readonly stalledMs: Ms }
  | { readonly on: 'request'; readonly id: number; readonly what: Exclude<RequestName, 'force-primary' | 'resume-primary'> }
  /** Without `confirmed` it is refused with what it would mean, as facts. */
  | { readonly on: 'request'; readonly id: number; readonly what: 'force-primary'; readonly confirmed: boolean }
  | { readonly on: 'request'; readonly id: number; readonly what: 'resume-primary'; readonly confirmed: ResumeConfirmations }
  /** The membership changed (a second failover member joined or left). */
  | { readonly on: 'membership'; readonly version: number; readonly partner: Guid | null; readonly arbiter: boolean; readonly qosMs: Ms };

export type RequestName =
  | 'hand-over'
  | 'stop'
  | 'stop-nofailover'
  | 'set-no-failover'
  | 'clear-no-failover'
  | 'try-primary'
  | 'force-primary'
  | 'resume-primary'
  | 'stop-mirroring'
  | 'start-mirroring'
  | 'change-membership';

/** What an operator has to have made sure of before a primary in trouble without limit is resumed. */
export interface ResumeConfirmations {
  readonly backupIsDown: boolean;
  readonly backupNeverBecamePrimary: boolean;
  readonly backupHasNoNewerJournalFile: boolean;
}

/** What the runtime knows at the moment of the input; facts, not decisions. */
export interface Facts {
  readonly now: Ms;
  readonly journal: JournalEnd;
  /** Every database that must be mounted is, and is activated and caught up. */
  readonly canTakeOver: boolean;
  readonly cannotWhy: string;
  /** The mirror has members besides the failover members: they can be asked. */
  readonly hasAsyncs: boolean;
  /** One of them may be promoted. */
  readonly hasDisasterRecovery: boolean;
  /** When the newest heartbeat of the partner came in: whatever this member has echoed was sent before. 0: none came. */
  readonly lastBeatFromPeer: Ms;
  /** When the newest message was sent that the partner has echoed; -Infinity: none. */
  readonly lastEchoedByPeer: Ms;
}
