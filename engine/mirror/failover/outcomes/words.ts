/** The words in which outages and what follows from them are stated. P, B and Arb are the roles before the outage. */

/** The three links of the mirror, and the two over which a failover member asks the agent on the other's host. */
export const LINKS = ['P-B', 'P-Arb', 'B-Arb', 'P-agent(B)', 'B-agent(P)'] as const;
export type Link = (typeof LINKS)[number];

/** What of a link is lost: everything, or what travels one way. `to`: towards the end named second. */
export const WAYS = ['whole', 'to', 'from'] as const;
export type Way = (typeof WAYS)[number];

/**
 * What can fail: a link; an instance (its host and agent go on); a host with all on it; the arbiter; an instance that is
 * shut down, with or without failover; one that finds that it hung, and one that does not even find that; one that can no
 * longer write its journal.
 */
export type Failure =
  | Link
  | 'P instance'
  | 'B instance'
  | 'P host'
  | 'B host'
  | 'Arb'
  | 'P shut down'
  | 'P shut down, no failover'
  | 'P hung'
  | 'P unresponsive'
  | 'P storage';

/** The mirror before the outage: P is primary, B connected to it as backup. */
export interface Before {
  /** `lost`: configured, and lost, and the mirror had the time to notice. By whom: the arbiter itself, or one link to it. */
  readonly arbiter: 'none' | 'connected' | 'lost: Arb' | 'lost: P-Arb' | 'lost: B-Arb';
  readonly backup: 'active' | 'not active';
}

export const BEFORES: readonly Before[] = [
  { arbiter: 'connected', backup: 'active' },
  { arbiter: 'none', backup: 'active' },
  { arbiter: 'lost: Arb', backup: 'active' },
  { arbiter: 'lost: P-Arb', backup: 'active' },
  { arbiter: 'lost: B-Arb', backup: 'active' },
  { arbiter: 'connected', backup: 'not active' },
  { arbiter: 'none', backup: 'not active' },
];

/** What the mirror is in the end, as long as nothing else happens. */
export interface Outcome {
  /** Who is primary and able to write. */
  readonly primary: 'P' | 'B' | 'none';
  readonly p: 'primary' | 'in trouble without limit' | 'writes nothing' | 'not primary';
  readonly b: 'primary' | 'active backup' | 'backup, not active' | 'disconnected' | 'down';
  /** For how long at most nothing new becomes durable, in units of the QoS timeout; null: until something is repaired or a person acts. */
  readonly pauseQ: number | null;
  /** The rule it is drawn from, by its name in `RULES`. */
  readonly rule: string;
}

/** What happened: groups of failures, each group within one QoS timeout and noticed before the next. */
export type Story = readonly (readonly Failure[])[];
