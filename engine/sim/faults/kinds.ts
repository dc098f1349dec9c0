/**
 * The faults as plain data: what, where, when (virtual milliseconds since the start) and for how long. Each one heals by
 * itself, so that any of them can be left out when a failing list is made shorter.
 */

/** Hosts with a failover member and an agent, to begin with. */
export const memberHosts = ['A', 'B'] as const;
export type MemberHostName = (typeof memberHosts)[number];
/** Hosts with an async member, to begin with: D's is for disaster recovery, E's for read-only reporting. */
export const asyncHosts = ['D', 'E'] as const;
export type AsyncHostName = (typeof asyncHosts)[number];
/** Where an instance runs. */
export type SiteName = MemberHostName | AsyncHostName;
/** R: the arbiter's. C: where the clients are. */
export type HostName = MemberHostName | 'R' | 'C';
/** Hosts whose member may be primary, where roles change. */
export type FailoverHostName = MemberHostName | 'D';

/**
 * One direction of one link: who sends to whom, on the connections of which service: the members' own, each one's questions
 * to the other's agent, the arbiter's, the clients'.
 */
export const ways = [
  'A>B data',
  'B>A data',
  'A>B agent-of-B',
  'B>A agent-of-B',
  'B>A agent-of-A',
  'A>B agent-of-A',
  'A>R arbiter',
  'R>A arbiter',
  'B>R arbiter',
  'R>B arbiter',
  'C>A client',
  'A>C client',
  'C>B client',
  'B>C client',
] as const;
type PairWay = (typeof ways)[number];
/** The same, of the connections that asyncs make to whoever is or may be primary. */
export const asyncWays = ['D>A data', 'A>D data', 'D>B data', 'B>D data', 'E>A data', 'A>E data', 'E>B data', 'B>E data'] as const;
/** Where D may become a failover member: what it and the failover members ask each other's agents, its arbiter, its clients. */
export const roleWays = [
  'A>D agent-of-D',
  'D>A agent-of-D',
  'B>D agent-of-D',
  'D>B agent-of-D',
  'D>A agent-of-A',
  'A>D agent-of-A',
  'D>B agent-of-B',
  'B>D agent-of-B',
  'D>E data',
  'E>D data',
  'D>R arbiter',
  'R>D arbiter',
  'C>D client',
  'D>C client',
] as const;
export type Way = PairWay | (typeof asyncWays)[number] | (typeof roleWays)[number];
/** Of whoever makes the connections. */
export const dialledWays = [
  'A>B data',
  'B>A data',
  'A>B agent-of-B',
  'B>A agent-of-A',
  'A>R arbiter',
  'B>R arbiter',
] as const satisfies readonly Way[];
type DialledWay = (typeof dialledWays)[number];

export const operatorActs = ['hand-over', 'stop', 'stop-nofailover', 'set-no-failover', 'clear-no-failover', 'try-primary'] as const;
export type OperatorAct = (typeof operatorActs)[number];

/**
 * What a disk does to a journal file behind everybody's back: a bit turned, a sector of zeros, the newest block not there, or
 * standing somewhere else, the file cut.
 */
export const damages = ['bit', 'sector', 'lost-block', 'misdirected-block', 'cut'] as const;
export type Damage = (typeof damages)[number];

interface At {
  readonly at: number;
}
interface For extends At {
  readonly ms: number;
}
/** A host, or that of whoever is primary when it happens. */
export type Target = MemberHostName | 'primary';

interface OnMember {
  readonly host: Target;
}
/** An async's host; nothing happens where there is none of that name. */
interface OnAny {
  readonly host: Target | AsyncHostName;
}

export type Fault =
  /** SIGKILL; started again after `ms`. */
  | (For & OnAny & { readonly kind: 'kill' })
  /** SIGKILL in the middle of what it does: at its n-th operation on files from then on. */
  | (At & OnAny & { readonly kind: 'kill-inside'; readonly operations: number })
  | (For & OnAny & { readonly kind: 'kill-agent' })
  | (For & { readonly kind: 'kill-arbiter' })
  /** The whole host: what was not synced is gone, nobody says good-bye. */
  | (For & OnAny & { readonly kind: 'power-cut' })
  | (For & { readonly kind: 'power-cut-both' })
  /** SIGSTOP, then SIGCONT. */
  | (For & OnAny & { readonly kind: 'pause' })
  /** Instance and agent together: the machine is stunned. */
  | (For & OnMember & { readonly kind: 'pause-host' })
  | (For & OnMember & { readonly kind: 'pause-agent' })
  | (For & { readonly kind: 'pause-arbiter' })
  /** Nothing passes: connections stall and nobody is told. */
  | (For & { readonly kind: 'cut'; readonly ways: readonly Way[] })
  /** Cut and joined again and again. */
  | (For & { readonly kind: 'flap'; readonly ways: readonly Way[]; readonly everyMs: number })
  /** Everything takes longer, each message by another time, so that connections overtake each other; some is lost at first and sent again. */
  | (For & { readonly kind: 'slow'; readonly ways: readonly Way[]; readonly upToMs: number; readonly loss: number })
  /** Connections are reset. */
  | (At & { readonly kind: 'reset'; readonly ways: readonly Way[] })
  /** The wall clock is set. */
  | (At & OnMember & { readonly kind: 'clock-step'; readonly byMs: number })
  /** All clocks of the host run too quick or too slow. */
  | (For & OnMember & { readonly kind: 'clock-drift'; readonly ppm: number })
  /** Somebody connects and sends what the one who dials there sent on an earlier connection; gone after `ms`. */
  | (For & { readonly kind: 'replay'; readonly way: DialledWay })
  | (For & OnAny & { readonly kind: 'disk-full' })
  | (For & OnAny & { readonly kind: 'disk-error' })
  /** The next sync fails, once. */
  | (At & OnAny & { readonly kind: 'sync-fails' })
  /** Each operation takes up to so long. */
  | (For & OnAny & { readonly kind: 'disk-slow'; readonly upToMs: number })
  | (At & OnMember & { readonly kind: 'operator'; readonly act: OperatorAct })
  /** Of one member at most, and while the other one has everything: `place` says where, from 0 to 1. */
  | (At & OnMember & { readonly kind: 'journal-damaged'; readonly how: Damage; readonly place: number })
  /** As `journal-damaged`, of the database's file: whoever reads it next finds out. */
  | (At & OnMember & { readonly kind: 'database-damaged' })
  /** The host, or the mirror's record there alone, is put back to what it was `ms` before, while the other one has everything. */
  | (For & OnMember & { readonly kind: 'reverted'; readonly what: 'host' | 'record' })
  /** The host comes back with an empty disk, while the other one has everything: its member is gone for good. */
  | (At & OnMember & { readonly kind: 'wiped' })
  /** An operator stops mirroring there, and starts it again. */
  | (For & OnAny & { readonly kind: 'mirroring-stopped' })
  /** An operator takes the arbiter away, and gives it back. */
  | (For & { readonly kind: 'arbiter-changed' })
  /** An operator changes Q, and changes it back. */
  | (For & { readonly kind: 'qos-changed'; readonly times: number })
  /**
   * Whoever is primary is left alone: the other host is without power, and the arbiter is not there. An operator sees that and
   * resumes it.
   */
  | (For & { readonly kind: 'resumed' })
  /** The primary's host is gone, or cut off from all but its clients, and an operator forces the other member at once. */
  | (For & { readonly kind: 'forced'; readonly how: 'power' | 'isolated' })
  /** An operator promotes D's member while a primary operates; later whoever it has replaced is promoted again. Where roles change. */
  | (For & { readonly kind: 'promoted' })
  /** An operator demotes the failover member that is not primary, by its own wish or the primary's; later there are two again. */
  | (For & { readonly kind: 'demoted'; readonly by: 'backup' | 'primary' })
  /**
   * Both failover members are gone, with their hosts or only their instances, and an operator promotes D's member: `partner` is
   * chosen by itself (all agents answer), is the last primary by the operator's word, or is none, which gives up what nobody
   * there has. `isHeld`: it prepares, and becomes primary by another word.
   */
  | (For & { readonly kind: 'promoted-alone'; readonly partner: 'itself' | 'chosen' | 'none'; readonly isHeld: boolean });

/** What changes members' roles. */
export type RoleFault = Extract<Fault, { kind: 'promoted' | 'demoted' | 'promoted-alone' }>;

export type FaultKind = Fault['kind'];

/** In one line, for transcripts. */
export function describeFault(fault: Fault): string {
  const { kind, at: _at, ...rest } = fault;
  const said = Object.entries(rest).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`);
  return `${kind}${said.length === 0 ? '' : `: ${said.join('; ')}`}`;
}
