import { LINKS, type Before, type Failure, type Link, type Outcome, type Story, type Way } from './words.ts';

/**
 * The documented response of a mirror to outages, written from the words of the documents and not from the code that
 * decides. A mode is a set of answers to a loss of contact; one event is answered as a whole, a later one in the mode
 * the first has left.
 */
export const RULES = {
  nothing: 'No contact that matters is lost: nothing changes.',
  'arbiter outage':
    'Only the arbiter is lost, by one member or both: the members agree to switch to agent controlled mode; no effect on availability.',
  'arbiter: both connected':
    'Arbiter controlled, the members lose each other, the arbiter has both: the primary is in trouble until the backup has given up through the arbiter, then goes on.',
  'arbiter: backup lost too':
    'Arbiter controlled, the arbiter has lost the backup too: the primary goes on and switches to agent controlled mode.',
  'arbiter: primary lost too': 'Arbiter controlled, the arbiter has lost the primary too: the active backup takes over.',
  'primary isolated':
    'Arbiter controlled, the primary is cut off from the backup and the arbiter: it stays in trouble without limit, and the active backup, told so by the arbiter, takes over.',
  'primary isolated and told':
    "As 'primary isolated'; the agent on the backup's host, which the former primary still reaches, says that the backup has become primary: the former primary goes down.",
  'primary isolated but heard leaving':
    "As 'primary isolated', but the primary noticed the loss of the arbiter first, and its word to leave arbiter controlled mode still reached the backup, whose answer did not come back: the backup has left. As when all lose each other, its give-up at the primary's agent ends the trouble.",
  'all lose each other':
    'Arbiter controlled, the primary has lost both and so has the backup: trouble without limit, no takeover, until the members are in contact or a person acts.',
  'give-up at the agent':
    "As 'all lose each other', but the backup reaches the agent on the primary's host and leaves its give-up there: the primary goes on.",
  'backup and arbiter at once':
    'Arbiter controlled, backup and arbiter fail at once: the primary must assume that it is isolated and stays in trouble without limit.',
  'agent says backup is down': "The agent on the backup's host states that the backup is down and took nothing: the primary goes on.",
  'trouble timeout':
    'Agent controlled, the active backup is lost: trouble until the backup has confirmed that it is not active, or for twice the QoS timeout.',
  'inactive backup lost': 'A backup that is not active is lost: the primary works on without trouble.',
  'agent confirms':
    "The agent on the primary's host confirms that the primary is down, or forces it down when it is hung: the backup takes over, fetching journal data it lacks.",
  'agent silent': "The primary is down and neither the arbiter's word nor its agent's can be had: no takeover; a person may force one.",
  'told to take over': 'The primary tells the active backup to take over: it was shut down, or found that it hung or cannot write.',
  'backup not active is not told':
    'A backup that is not active is not told to take over: a primary that goes on running stays primary, and one that cannot write freezes and never yields.',
  'no failover': 'The primary was shut down with no failover: nobody takes over.',
  'both members lost': 'Both failover members are lost: a total outage.',
} as const;
type Rule = keyof typeof RULES;

interface Standing {
  readonly mode: 'arbiter controlled' | 'agent controlled';
  /** Everything that has failed so far. */
  readonly failed: ReadonlySet<Failure>;
  readonly outcome: Outcome;
}

export function expectedOutcome(before: Before, story: Story): Outcome {
  let standing = standingBefore(before);
  for (const event of story) standing = respond(standing, event);
  return standing.outcome;
}

function standingBefore(before: Before): Standing {
  const failed = new Set<Failure>();
  if (before.arbiter === 'none') failed.add('Arb');
  else if (before.arbiter === 'lost: Arb' || before.arbiter === 'lost: P-Arb' || before.arbiter === 'lost: B-Arb')
    failed.add(before.arbiter === 'lost: Arb' ? 'Arb' : before.arbiter === 'lost: P-Arb' ? 'P-Arb' : 'B-Arb');
  const active = before.backup === 'active';
  return {
    // Both in contact with the arbiter and with each other, and the backup active: arbiter controlled.
    mode: active && before.arbiter === 'connected' ? 'arbiter controlled' : 'agent controlled',
    failed,
    outcome: { primary: 'P', p: 'primary', b: active ? 'active backup' : 'backup, not active', pauseQ: 0, rule: 'nothing' },
  };
}

/** The mirror's answer to what happens within one QoS timeout. */
function respond(before: Standing, event: readonly Failure[]): Standing {
  const failed = new Set([...before.failed, ...event]);
  const now = contacts(failed);
  const next = (outcome: Outcome, mode: Standing['mode'] = 'agent controlled'): Standing => ({ mode, failed, outcome });
  if (before.outcome.primary === 'B') return next(before.outcome);
  if (!now.pRuns && !now.bRuns) return next(outcome('none', 'not primary', 'down', null, 'both members lost'));
  const ended = now.pRuns ? null : primaryEnded(before, failed);
  if (ended !== null) return next(ended);
  if (!now.pb) return next(contactLost(before, failed));
  if (failed.has('P hung') || failed.has('P storage')) return next(unwell(before, failed));
  const agent = before.mode === 'agent controlled' || !now.pArb || !now.bArb;
  if (!agent || before.mode === 'agent controlled') return { ...before, failed };
  return next({ ...before.outcome, rule: 'arbiter outage' });
}

interface Contacts {
  /** Instances that run. */
  readonly pRuns: boolean;
  readonly bRuns: boolean;
  readonly pb: boolean;
  readonly pArb: boolean;
  readonly bArb: boolean;
  /** The agent on the primary's host answers the backup, and the other way round. */
  readonly agentOfP: boolean;
  readonly agentOfB: boolean;
}

const PRIMARY_ENDS: readonly Failure[] = ['P instance', 'P shut down', 'P shut down, no failover', 'P unresponsive'];

function contacts(failed: ReadonlySet<Failure>): Contacts {
  const link = (l: Link): boolean => !failed.has(l);
  const pHost = !failed.has('P host');
  const bHost = !failed.has('B host');
  const pRuns = pHost && !PRIMARY_ENDS.some((f) => failed.has(f));
  const bRuns = bHost && !failed.has('B instance');
  const arb = !failed.has('Arb');
  return {
    pRuns,
    bRuns,
    pb: link('P-B') && pRuns && bRuns,
    pArb: link('P-Arb') && pRuns && arb,
    bArb: link('B-Arb') && bRuns && arb,
    agentOfP: link('B-agent(P)') && pHost && bRuns,
    agentOfB: link('P-agent(B)') && bHost && pRuns,
  };
}

/** The primary instance is gone or does nothing any more; the backup runs. */
function primaryEnded(before: Standing, failed: ReadonlySet<Failure>): Outcome {
  const now = contacts(failed);
  const inContact = !failed.has('P-B');
  const active = before.outcome.b === 'active backup';
  const taken = (pauseQ: number, rule: Rule): Outcome => outcome('B', 'not primary', 'primary', pauseQ, rule);
  if (failed.has('P shut down, no failover')) return outcome('none', 'not primary', 'disconnected', null, 'no failover');
  if (failed.has('P shut down') && active && inContact) return taken(1, 'told to take over');
  // What a connection was closed for is noticed at once; what is only silent, within the QoS timeout.
  const pauseQ = inContact && !failed.has('P host') && !failed.has('P unresponsive') ? 1 : 2;
  if (before.mode === 'arbiter controlled' && now.bArb && before.outcome.p === 'primary') return taken(pauseQ, 'arbiter: primary lost too');
  return now.agentOfP ? taken(pauseQ, 'agent confirms') : outcome('none', 'not primary', 'disconnected', null, 'agent silent');
}

/** The primary runs and has no contact with the backup any more. */
function contactLost(before: Standing, failed: ReadonlySet<Failure>): Outcome {
  const now = contacts(failed);
  const b = now.bRuns ? 'disconnected' : 'down';
  const alone = (pauseQ: number, rule: Rule): Outcome => outcome('P', 'primary', b, pauseQ, rule);
  const forEver = (rule: Rule): Outcome => outcome('none', 'in trouble without limit', b, null, rule);
  const { outcome: was } = before;
  if (was.p === 'in trouble without limit') return !now.bRuns && now.agentOfB ? alone(1, 'agent says backup is down') : { ...was, b };
  if (was.b === 'backup, not active') return alone(0, 'inactive backup lost');
  if (was.b !== 'active backup') return { ...was, b };
  if (before.mode === 'agent controlled') return alone(3, 'trouble timeout');
  if (now.pArb) return now.bArb ? alone(2, 'arbiter: both connected') : alone(now.bRuns ? 2 : 1, 'arbiter: backup lost too');
  if (now.bArb)
    return now.agentOfB
      ? outcome('B', 'not primary', 'primary', 2, 'primary isolated and told')
      : outcome('B', 'in trouble without limit', 'primary', 2, 'primary isolated');
  if (now.bRuns) return now.agentOfP ? alone(2, 'give-up at the agent') : forEver('all lose each other');
  return now.agentOfB ? alone(1, 'agent says backup is down') : forEver('backup and arbiter at once');
}

/** The primary runs, is in contact with the backup, and finds that it hung or cannot write its journal. */
function unwell(before: Standing, failed: ReadonlySet<Failure>): Outcome {
  const active = before.outcome.b === 'active backup';
  if (failed.has('P storage'))
    return active
      ? outcome('B', 'not primary', 'primary', 1, 'told to take over')
      : outcome('none', 'writes nothing', 'backup, not active', null, 'backup not active is not told');
  return active
    ? outcome('B', 'not primary', 'primary', 1, 'told to take over')
    : outcome('P', 'primary', 'backup, not active', 0, 'backup not active is not told');
}

function outcome(primary: Outcome['primary'], p: Outcome['p'], b: Outcome['b'], pauseQ: number | null, rule: Rule): Outcome {
  return { primary, p, b, pauseQ, rule };
}

/** Links that exist and still work before the outage. */
export function linksBefore(before: Before): Link[] {
  const standing = standingBefore(before);
  return LINKS.filter((l) => !standing.failed.has(l) && !(l.endsWith('Arb') && standing.failed.has('Arb')));
}

/**
 * What losses may lead to that follow each other within one QoS timeout: any run of them may be noticed as one event,
 * since the members test their other connections whenever one is lost.
 */
export function possibleOutcomes(before: Before, order: readonly Failure[]): Outcome[] {
  const [first, ...rest] = order;
  if (first === undefined) return [expectedOutcome(before, [])];
  return partitions(first, rest).map((story) => expectedOutcome(before, story));
}

function partitions(first: Failure, rest: readonly Failure[]): Failure[][][] {
  const [second, ...others] = rest;
  if (second === undefined) return [[[first]]];
  return partitions(second, others).flatMap(([head = [], ...tail]) => [
    [[first, ...head], ...tail],
    [[first], head, ...tail],
  ]);
}

/**
 * What may also be because a link that is lost one way still carries words the other way: the backup's give-up to the agent
 * on the primary's host, and the word of a primary that notices the loss of the arbiter first that it leaves the arbiter's rules.
 */
export function heardOneWay(before: Before, losses: readonly { readonly what: Failure; readonly way?: Way }[]): Outcome[] {
  const lost = losses.map((l) => l.what);
  const wayOf = (link: Link): Way | null => losses.find((l) => l.what === link)?.way ?? (lost.includes(link) ? 'whole' : null);
  const agentHears = wayOf('B-agent(P)') === null || wayOf('B-agent(P)') === 'from';
  const { primary, rule } = expectedOutcome(before, [lost]);
  if (rule === ('all lose each other' satisfies Rule))
    return agentHears ? [outcome('P', 'primary', 'disconnected', 2, 'give-up at the agent')] : [];
  if (primary !== 'B' || wayOf('P-B') !== 'from') return [];
  return agentHears
    ? [outcome('P', 'primary', 'disconnected', 2, 'primary isolated but heard leaving')]
    : [outcome('none', 'in trouble without limit', 'disconnected', null, 'primary isolated but heard leaving')];
}
