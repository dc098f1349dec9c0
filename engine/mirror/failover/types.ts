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
}

/** A generation: one active period placed under the arbiter's rules. */
export interface Generation {
  readonly g: string;
  readonly primary: Guid;
  readonly primaryBoot: string;
  readonly backup: Guid;
  readonly backupBoot: string;
  readonly membership: number;
}

export type Verdict = 'primary-continues' | 'backup-takes-over';

/** Why a member may become primary. */
export type Right =
  | { readonly by: 'only-member' }
  | { readonly by: 'verdict'; readonly g: string }
  | { readonly by: 'grant'; readonly from: Guid; readonly journal: JournalEnd }
  | { readonly by: 'promise'; readonly from: Guid }
  | { readonly by: 'request'; readonly from: Guid };

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

export type RoleName = 'starting' | 'waiting' | 'primary' | 'in-trouble' | 'yielded' | 'backup' | 'lost' | 'taking' | 'down';

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
  | { readonly is: 'not-primary'; readonly boot: string; readonly role: RoleName; readonly journal: JournalEnd; readonly seen: Epoch };

export type PeerMessage =
  | { readonly m: 'active'; readonly n: number; readonly epoch: Epoch }
  | { readonly m: 'beat'; readonly arbiter: boolean; readonly canTakeOver: boolean }
  | { readonly m: 'propose'; readonly gen: Generation }
  | { readonly m: 'hold'; readonly g: string }
  | { readonly m: 'formed'; readonly g: string }
  | { readonly m: 'leave'; readonly g: string }
  | { readonly m: 'leaving'; readonly g: string }
  | { readonly m: 'left'; readonly g: string }
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
  | { readonly m: 'pong'; readonly nonce: number };

export type FromArbiter =
  | { readonly m: 'hold'; readonly g: string }
  | { readonly m: 'verdict'; readonly g: string; readonly verdict: Verdict }
  | { readonly m: 'give-up'; readonly g: string }
  | { readonly m: 'unknown'; readonly g: string }
  | { readonly m: 'ping'; readonly nonce: number }
  | { readonly m: 'other'; readonly member: Guid; readonly connected: boolean };

/** What an agent says about an instance of its host. */
export interface AgentAnswer {
  readonly member: Guid;
  readonly state: 'down' | 'starting' | 'operating' | 'hung' | 'in-trouble' | 'unknown';
  readonly journal: JournalEnd | null;
  /** Present when a grant was asked for and given; durable at the agent before it was sent. */
  readonly grant: Grant | null;
  /** Why a grant that was asked for was refused, with its condition code. */
  readonly refused: { readonly code: string; readonly text: string } | null;
  readonly noFailover: boolean;
}

// ---------------------------------------------------------------- effects

export type Effect =
  /** Durable before anything later in the list happens. */
  | { readonly do: 'persist'; readonly record: Partial<Durable> }
  /** The commit rule: open = local sync alone, remote = the backup's acknowledgement too, hold = nothing. */
  | { readonly do: 'gate'; readonly to: 'open' | 'remote' | 'hold' }
  | { readonly do: 'tell-peer'; readonly message: PeerMessage }
  | { readonly do: 'answer-hello'; readonly answer: HelloAnswer }
  /** `question`: comes back with the answer, so that an answer to an older question is told from it. */
  | { readonly do: 'dial-peer'; readonly hello: Hello; readonly question: number }
  /** After an abandoned hand-over: take updates again. */
  | { readonly do: 'resume' }
  | { readonly do: 'hang-up-peer'; readonly why: string }
  | { readonly do: 'tell-arbiter'; readonly message: ToArbiter }
  /** Ask the partner's agent; `grant`: if the instance is down, promise it to me above this epoch. */
  | { readonly do: 'ask-agent'; readonly member: Guid; readonly grant: boolean; readonly question: number }
  /** Carry out "Becoming primary" from step 2 on, in an epoch above `above`. */
  | { readonly do: 'become-primary'; readonly right: Right; readonly above: Epoch }
  /** Everything passed: open for users. */
  | { readonly do: 'open' }
  /** Stop taking updates, make what was taken durable, then report `drained`. */
  | { readonly do: 'drain' }
  /** Stop being primary now: nothing more becomes durable, clients are let go. */
  | { readonly do: 'step-down'; readonly why: string }
  /** The hand-over ended; the process may stop, or start again as a backup. */
  | { readonly do: 'handed-over'; readonly accepted: boolean }
  | { readonly do: 'answer-request'; readonly id: number; readonly error: { readonly code: string; readonly text: string } | null }
  | { readonly do: 'log'; readonly severity: 0 | 1 | 2 | 3; readonly code: string; readonly text: string }
  /** Call again with `tick` no later than this. */
  | { readonly do: 'wake'; readonly at: Ms };

// ---------------------------------------------------------------- inputs

export type Input =
  | { readonly on: 'tick' }
  /** The local journals are recovered; decide what to be. */
  | { readonly on: 'start' }
  /** Someone dialled us. */
  | { readonly on: 'hello'; readonly hello: Hello }
  /** The member we dialled answered. */
  | { readonly on: 'hello-answer'; readonly answer: HelloAnswer; readonly question: number }
  | { readonly on: 'dial-failed'; readonly question: number }
  | { readonly on: 'peer-lost'; readonly why: string }
  | { readonly on: 'peer'; readonly message: PeerMessage }
  /** P: the backup has acknowledged everything that was written when it was asked. */
  | { readonly on: 'caught-up' }
  | { readonly on: 'arbiter-up' }
  | { readonly on: 'arbiter-lost' }
  | { readonly on: 'arbiter'; readonly message: FromArbiter }
  | { readonly on: 'agent'; readonly answer: AgentAnswer; readonly question: number }
  | { readonly on: 'agent-silent'; readonly member: Guid; readonly question: number }
  /** Steps 2-5 of becoming primary are done; the new epoch is durable. */
  | { readonly on: 'became'; readonly epoch: Epoch }
  | { readonly on: 'become-failed'; readonly why: string }
  | { readonly on: 'drained'; readonly end: Position }
  | {
      readonly on: 'request';
      readonly id: number;
      readonly what: 'hand-over' | 'stop' | 'stop-nofailover' | 'set-no-failover' | 'clear-no-failover';
    }
  /** The membership changed (a second failover member joined or left). */
  | { readonly on: 'membership'; readonly version: number; readonly partner: Guid | null; readonly arbiter: boolean };

/** What the runtime knows at the moment of the input; facts, not decisions. */
export interface Facts {
  readonly now: Ms;
  readonly journal: JournalEnd;
  /** Every database that must be mounted is, and is activated and caught up. */
  readonly canTakeOver: boolean;
  readonly cannotWhy: string;
  /** When the last message was handed to the connection to the partner. */
  readonly lastSentToPeer: Ms;
}
