import { compareEpochs, epochText, newerEpoch } from './epochs.ts';
import type { TakingRole } from './state.ts';
import type { Turn } from './turn.ts';
import type { AgentAnswer, Details, Epoch, HeardAround, HookName, Ms, Right } from './types.ts';
import { fulfilWish, wait, waitForOperator } from './waiting.ts';

/**
 * What a member decides that has the right to be primary and becomes it. The steps, each with its question to the runtime:
 * does the arbiter know better, may it start (hook), become (journal), address, read rule, check (hook), open.
 */

/** Hooks that said no are asked again after this. */
export const HOOK_RETRY_MS = 30_000;

function takingRole(turn: Turn): TakingRole | null {
  return turn.state.role.is === 'taking' ? turn.state.role : null;
}

/**
 * The right is there; accepting it counts as having become primary.
 *
 * @param openAt not open for users before this; 0: the former primary is proven not to answer reads
 * @param known the newest epoch that whoever gave the right knows of
 */
export function takeOver(turn: Turn, right: Right, openAt: Ms, known: Epoch = turn.newestEpoch): void {
  const above = newerEpoch(turn.newestEpoch, known);
  const blocked = blockedBy(turn, right, above);
  if (blocked !== null) {
    // Whoever has the promise may have another role by now.
    if (blocked.code === 'GRANT_OUTSTANDING' && turn.facts.hasAsyncs) turn.effects.push({ do: 'ask-around' });
    return wait(turn, blocked.code, blocked.why, blocked.facts);
  }
  const { configured, connected } = turn.state.arbiter;
  const anybody = needsWord(turn, right);
  const asks = !isOwnRight(right) && configured && (connected || anybody || !turn.state.durable.validated);
  const role: TakingRole = {
    is: 'taking',
    right,
    above,
    epoch: null,
    step: 'claim',
    stuck: null,
    retryAt: 0,
    awaits: { arbiter: asks, others: asksAround(turn, right), anybody },
    // A promotion without a partner is in no hurry, and nobody but the others can forbid it.
    until: turn.now + (right.by === 'promotion' ? 2 * turn.state.qosMs : turn.state.qosMs / 4),
    openAt,
    askAt: turn.now + turn.retryMs,
    firstQuestion: turn.state.questions + 1,
  };
  turn.state.role = role;
  fulfilWish(turn);
  if (role.awaits.arbiter) tellClaim(turn, role);
  if (role.awaits.others) turn.effects.push({ do: 'ask-around' });
  heard(turn, role);
}

/** Rights that do not come from the arbiter, or from a primary that operates, are shown to it, if it can be reached: it can only forbid. */
function isOwnRight({ by }: Right): boolean {
  return by === 'verdict' || by === 'request';
}

/**
 * A member that was down may have missed a promotion: it asks whoever is there. Not one that has just lost its primary, which would
 * have had to agree to any change; nor one that an operator forces, perhaps because it missed the change.
 */
function asksAround(turn: Turn, { by }: Right): boolean {
  if (!turn.facts.hasAsyncs) return false;
  return by === 'promotion' || (turn.state.role.is !== 'lost' && (by === 'only-member' || by === 'promise' || by === 'grant'));
}

/** Its own records say nothing, and there is no other failover member: one of the others has to have said what it is. */
function needsAnswer(turn: Turn, { right }: TakingRole): boolean {
  return right.by === 'only-member' && !turn.state.durable.validated;
}

/**
 * No other failover member could have been asked to agree to a promotion: a member that was down asks whoever may know of one, the
 * arbiter too, and waits where nobody can be reached.
 */
function needsWord(turn: Turn, { by }: Right): boolean {
  return by === 'only-member' && turn.facts.hasDisasterRecovery;
}

/** An operator's word that may leave behind what others have: such an epoch is above all that any of them can begin by itself. */
function mayFork({ by }: Right): boolean {
  return by === 'force' || by === 'resume' || by === 'promotion';
}

/** What forbids becoming primary in spite of the right. */
function blockedBy(turn: Turn, right: Right, above: Epoch): { code: string; why: string; facts: Details } | null {
  if (!turn.facts.canTakeOver)
    return { code: 'CANNOT_TAKE_OVER', why: turn.facts.cannotWhy, facts: { right: right.by, why: turn.facts.cannotWhy } };
  if (mayFork(right)) return null;
  const { grant } = turn.state.durable;
  const standing = grant !== null && compareEpochs(turn.newestEpoch, grant.above) <= 0;
  const giver = 'from' in right ? right.from : turn.state.partner;
  if (standing && grant.to !== giver)
    return {
      code: 'GRANT_OUTSTANDING',
      why: 'This member has promised another one not to be primary before it, and that one has not given the promise back.',
      facts: { promisedTo: grant.to, above: epochText(grant.above) },
    };
  // Somebody was primary in an epoch whose journal neither this member nor the giver of the right has.
  const journal =
    right.by === 'grant' && right.journal !== null ? newerEpoch(turn.facts.journal.epoch, right.journal.epoch) : turn.facts.journal.epoch;
  if (compareEpochs(above, journal) > 0)
    return {
      code: 'NEWER_EPOCH_KNOWN',
      why: `A newer primary (epoch ${epochText(above)}) is known whose journal this member does not have.`,
      facts: { known: epochText(above), journal: epochText(journal) },
    };
  return null;
}

function tellClaim(turn: Turn, role: TakingRole): void {
  turn.tellArbiter({ m: 'claim', epoch: role.above, membership: turn.state.membership });
}

/** Goes on once nobody is awaited any more. */
function heard(turn: Turn, role: TakingRole): void {
  if (role.awaits.arbiter || role.awaits.others) return;
  if (role.awaits.anybody) nobodyAnswers(turn);
  else mayStart(turn, role);
}

/** The arbiter became reachable, or is lost, while this member waits for its word. */
export function arbiterChanged(turn: Turn): void {
  const role = takingRole(turn);
  if (role?.step !== 'claim' || isOwnRight(role.right)) return;
  // Where anybody's word is needed it is waited for until the time is over.
  role.awaits.arbiter = turn.state.arbiter.connected || (role.awaits.anybody && turn.state.arbiter.configured);
  if (role.awaits.arbiter) tellClaim(turn, role);
  heard(turn, role);
}

/** The others have said what they know; what was newer has been taken over before this. */
export function askedAround(turn: Turn, { answered, silent, committed }: HeardAround): void {
  const role = takingRole(turn);
  if (role?.step !== 'claim') return;
  role.awaits.others = false;
  if (role.awaits.anybody && (answered > 0 || silent === 0)) {
    role.awaits.anybody = false;
    role.awaits.arbiter &&= turn.state.arbiter.connected || !turn.state.durable.validated;
  }
  if (role.right.by === 'promotion' && committed !== null) return primaryOperates(turn, committed);
  if (needsAnswer(turn, role) && answered === 0 && silent > 0) return nobodyAnswers(turn);
  heard(turn, role);
}

/** It was promoted where it could not reach that one, which gives up its own membership only for a primary of a higher epoch. */
function primaryOperates(turn: Turn, epoch: Epoch): void {
  const why = `Another member is primary, or follows one (epoch ${epochText(epoch)}), which this member could not reach when it was promoted.`;
  abandon(turn, 'VETOED', why, { known: epochText(epoch), mine: epochText(turn.newestEpoch), by: 'another member' });
}

function nobodyAnswers(turn: Turn): void {
  const why = turn.state.durable.validated
    ? 'This is the only failover member that it knows of, and nobody can be asked whether another member was promoted while it was down.'
    : 'The records of this member do not count (ValidatedMember=0), and no other member of the mirror can be asked what it is.';
  abandon(turn, 'NOBODY_ANSWERS', why, { journal: epochText(turn.facts.journal.epoch), partner: '' });
}

/** The newest that the arbiter knows of. */
export function arbiterKnows(turn: Turn, epoch: Epoch | null, membership: number): void {
  if (epoch !== null && vetoed(turn, epoch, 'the arbiter')) return;
  const role = takingRole(turn);
  if (role?.step !== 'claim') return;
  // An operator who forces may have to do it on the member that missed the change.
  if (membership > turn.state.membership && role.right.by !== 'force')
    return abandon(turn, 'VETOED', 'The arbiter knows a newer membership of the mirror than this member.', {
      known: membership,
      mine: turn.state.membership,
    });
  role.awaits.arbiter = role.awaits.anybody = false;
  heard(turn, role);
}

/** An operator's word stands above the hook that leaves the decision to operators. */
function mayStart(turn: Turn, role: TakingRole): void {
  if (role.right.by === 'force' || role.right.by === 'resume') return begin(turn, role);
  role.step = 'can-start';
  turn.effects.push({ do: 'ask-hook', hook: 'can-start' });
}

/** Carries out steps 4 and 5. */
export function begin(turn: Turn, role: TakingRole): void {
  const above = newerEpoch(role.above, turn.newestEpoch);
  const epoch = { major: Math.max(1, above.major) + Number(mayFork(role.right)), minor: above.minor + 1, member: turn.state.self };
  role.step = 'becoming';
  turn.effects.push({ do: 'become-primary', right: role.right, epoch });
}

export function hookAnswered(turn: Turn, hook: HookName, ok: boolean, why: string): void {
  const role = takingRole(turn);
  if (role === null || role.step !== hook || role.stuck !== null) return;
  if (!ok) return refusedByHook(turn, role, why);
  if (hook === 'can-start') begin(turn, role);
  else open(turn, role);
}

function refusedByHook(turn: Turn, role: TakingRole, why: string): void {
  if (role.step === 'check') {
    turn.gate('hold');
    turn.effects.push({ do: 'release-vip' });
  }
  turn.log(2, 'HOOK_SAID_NO', `The hook (${role.step}) does not let this member become primary; it is asked again every 30 s. ${why}`, {
    hook: role.step,
    why,
  });
  stick(turn, role, why === '' ? 'A hook said no.' : why, HOOK_RETRY_MS);
}

/** It cannot go on now: tries again later, and meanwhile looks whether it is still needed. */
function stick(turn: Turn, role: TakingRole, why: string, retryMs: Ms): void {
  role.stuck = why;
  role.retryAt = turn.now + retryMs;
  role.askAt = turn.now + turn.retryMs;
  turn.notifyFailed();
}

/** The journal is the new epoch's; everything inherited is applied. */
export function became(turn: Turn, epoch: Epoch): void {
  const role = takingRole(turn);
  // The right was lost meanwhile.
  if (turn.state.role.is === 'primary') return turn.ignore('became');
  if (role === null || role.step !== 'becoming' || role.stuck !== null)
    return void turn.effects.push({ do: 'undo-become', why: 'This member no longer has the right to be primary.' });
  role.epoch = epoch;
  turn.persist({
    seen: epoch,
    grant: null,
    noFailover: null,
    stoppedNoFailover: false,
    yielded: null,
    period: null,
    reign: { epoch, boot: turn.state.boot, n: 0 },
    validated: true,
    lastSeenPrimary: null,
    ...(turn.state.durable.promotion === null ? {} : { promotion: null }),
  });
  bindAddress(turn, role);
}

function bindAddress(turn: Turn, role: TakingRole): void {
  role.step = 'vip';
  role.stuck = null;
  role.until = turn.now + 2 * turn.state.qosMs;
  turn.effects.push({ do: 'bind-vip' });
}

export function vip(turn: Turn, bound: boolean, why: string): void {
  const role = takingRole(turn);
  if (role === null || role.step !== 'vip') return;
  if (bound) {
    role.step = 'read-rule';
    role.stuck = null;
    return openWhenReady(turn, role);
  }
  const facts = { why, epoch: epochText(role.epoch ?? role.above) };
  if (role.until <= turn.now) {
    turn.effects.push({ do: 'undo-become', why });
    return waitForOperator(turn, 'VIP_NOT_BOUND', `The virtual address could not be bound within two QoS timeouts: ${why}`, facts);
  }
  if (role.stuck === null) turn.log(2, 'VIP_RETRIED', `The virtual address cannot be bound yet: ${why}`, facts);
  role.stuck = why;
  role.retryAt = role.askAt = turn.now + turn.retryMs;
}

/** The former primary's agent has said that it is down: nobody reads there any more. */
export function provenDown(turn: Turn, answer: AgentAnswer): void {
  const role = takingRole(turn);
  if (role === null || answer.member !== turn.state.partner) return;
  if (answer.state !== 'down') {
    // A killed process takes a moment to be gone.
    if (!vetoed(turn, answer.seen, "the other member's agent")) role.askAt = Math.min(role.askAt, turn.now + Math.min(10, turn.retryMs));
    return;
  }
  role.openAt = 0;
  openWhenReady(turn, role);
}

export function tick(turn: Turn): void {
  const role = takingRole(turn);
  if (role === null) return;
  if (role.step === 'claim' && role.until <= turn.now)
    return role.awaits.anybody || (role.awaits.others && needsAnswer(turn, role)) ? nobodyAnswers(turn) : mayStart(turn, role);
  openWhenReady(turn, role);
  if (turn.state.role.is !== 'taking') return;
  if (role.stuck !== null && role.retryAt <= turn.now) retry(turn, role);
  if (role.askAt > turn.now) return;
  role.askAt = turn.now + (role.stuck === null ? turn.retryMs : turn.state.qosMs);
  turn.askAgent(false);
  if (role.stuck !== null) turn.dialPeer(false);
}

/** Tries the step that failed again. */
export function retry(turn: Turn, role: TakingRole): void {
  switch (role.step) {
    case 'can-start':
      role.stuck = null;
      return mayStart(turn, role);
    case 'becoming':
      if (!turn.facts.canTakeOver) return stick(turn, role, turn.facts.cannotWhy, turn.state.qosMs);
      role.stuck = null;
      return begin(turn, role);
    case 'vip':
      role.stuck = null;
      return void turn.effects.push({ do: 'bind-vip' });
    case 'check':
      return bindAddress(turn, role);
    default:
      return;
  }
}

/** Databases become writable, for the hook alone, once nobody can read anything older elsewhere. */
function openWhenReady(turn: Turn, role: TakingRole): void {
  if (role.step !== 'read-rule' || role.openAt > turn.now) return;
  role.step = 'check';
  turn.gate('open');
  turn.effects.push({ do: 'ask-hook', hook: 'check' });
}

function open(turn: Turn, { epoch, right }: TakingRole): void {
  if (epoch === null) return;
  turn.state.role = {
    is: 'primary',
    epoch,
    backup: null,
    trouble: null,
    generation: null,
    periods: 0,
    generations: 0,
    yielding: null,
    pendingNoFailover: null,
    changing: null,
    frozen: null,
    frozenAt: null,
    vip: 'bound',
    unmet: mayFork(right),
    // The other failover member may go on where nobody reaches it, and be demoted before it has heard of this one.
    tellAt: turn.facts.hasAsyncs && (mayFork(right) || right.by === 'only-member') ? turn.now : null,
    dialAt: turn.now,
  };
  turn.state.failureNotified = false;
  turn.state.gaveBack = 0;
  turn.effects.push({ do: 'open' }, { do: 'notify', what: 'became' });
  turn.log(2, 'PRIMARY', `This member is primary (epoch ${epochText(epoch)}).`, { epoch: epochText(epoch), right: right.by });
}

export function becomeFailed(turn: Turn, why: string): void {
  const role = takingRole(turn);
  if (role === null) return;
  turn.log(2, 'BECOME_PRIMARY_FAILED', `Becoming primary failed and is tried again. ${why}`, {
    why,
    right: role.right.by,
    step: role.step,
  });
  role.step = 'becoming';
  stick(turn, role, why, turn.state.qosMs);
}

/** Whoever knows of a newer primary forbids becoming, or being about to open as, this one. True: it is so. */
export function vetoed(turn: Turn, theirs: Epoch, who: string): boolean {
  const role = takingRole(turn);
  if (role === null) return false;
  const mine = role.epoch ?? role.above;
  const order = compareEpochs(theirs, mine);
  if (order < 0 || (order === 0 && (role.epoch === null || theirs.member === mine.member))) return false;
  turn.sawEpoch(theirs);
  abandon(turn, 'VETOED', `A newer primary (epoch ${epochText(theirs)}) is known to ${who}; this member does not become primary.`, {
    known: epochText(theirs),
    mine: epochText(mine),
    by: who,
  });
  return true;
}

/** The right was given by, or in spite of, one that is not the other failover member any more: that one is asked now. */
export function partnerChanged(turn: Turn): void {
  const role = takingRole(turn);
  if (role === null || role.right.by === 'force' || role.right.by === 'resume') return;
  abandon(turn, 'VETOED', 'The mirror has been changed meanwhile: another member is the other failover member now.', {
    known: turn.state.membership,
    mine: turn.state.membership,
  });
}

/** Gives the attempt up; the next question tells what to be. */
export function abandon(turn: Turn, code: string, why: string, facts: Details): void {
  const role = takingRole(turn);
  if (role === null) return;
  if (role.epoch !== null) turn.effects.push({ do: 'release-vip' });
  if (role.step !== 'claim' && role.step !== 'can-start') turn.effects.push({ do: 'undo-become', why });
  wait(turn, code, why, facts);
}
