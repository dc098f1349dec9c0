import {
  compareEpochs,
  compareJournals,
  type AgentAnswer,
  type Epoch,
  type Guid,
  type Refusal,
  type RoleName,
} from '../../failover/index.ts';

/** What an operator who promotes a member has said. */
export interface Wish {
  /** Left out: chosen by itself. null: without a partner. */
  readonly partner?: string | null;
  /** It prepares to become primary and does not become it. */
  readonly isHeld: boolean;
  /** Journal data may be lost. */
  readonly isConfirmed: boolean;
}

/** A failover member, as it and its agent are found when another member is to be promoted. */
export interface Found {
  readonly guid: Guid;
  readonly name: string;
  readonly agentAddress: string;
  /** null: the agent gave no answer. */
  readonly agent: AgentAnswer | null;
  /** What the instance itself said that it is; null: it gave no answer. */
  readonly role: RoleName | 'async' | null;
}

/** What a promotion is decided from. */
export interface Survey {
  readonly failover: readonly Found[];
  /** The newest epoch that the member to be promoted knows of. */
  readonly newest: Epoch;
}

export type Choice = { readonly partner: Found | null; readonly newest: Epoch } | { readonly refused: Refusal };

/** With whom a disaster recovery member is paired that is promoted while it follows no primary, or why it is not promoted. */
export function choosePartner(survey: Survey, wish: Wish): Choice {
  const running = whyRunning(survey);
  if (running !== null) return { refused: running };
  const { newest, last } = lastPrimary(survey);
  const silent = survey.failover.filter(({ agent }) => agent?.state !== 'down' || agent.journal === null);
  const chosen = silent.length === 0 ? byItself(last, wish) : byOperator(survey, wish, silent, last);
  if ('refused' in chosen) return chosen;
  const { partner } = chosen;
  if (partner?.agent?.noFailover === true)
    return refuse('PARTNER_NO_FAILOVER', `No failover is set on ${partner.name}: nobody is to take over from it.`, {
      partner: partner.name,
    });
  if (partner !== null && wish.isHeld)
    return refuse('HOLD_NEEDS_NO_PARTNER', 'No failover can be set only at a promotion without a partner.', { partner: partner.name });
  return { partner, newest };
}

/** A failover member that runs decides itself, or is asked as the primary. */
function whyRunning({ failover }: Survey): Refusal | null {
  const noPrimary = 'This member is not connected to an operating primary';
  const states = failover.flatMap((each) => {
    const state =
      each.role ?? (each.agent === null || each.agent.state === 'down' || each.agent.state === 'unknown' ? null : runningAs(each.agent));
    return state === null ? [] : [{ name: each.name, state }];
  });
  const find = (...wanted: readonly string[]) => states.find(({ state }) => wanted.includes(state));
  const trouble = find('in-trouble');
  if (trouble !== undefined)
    return refusal('PROMOTION_IN_TROUBLE', `The primary ${trouble.name} is in trouble: it runs, and may go on.`, { member: trouble.name });
  const primary = find('primary');
  if (primary !== undefined)
    return refusal('PRIMARY_OPERATES', `${noPrimary}, but ${primary.name} operates as primary.`, { member: primary.name });
  const [other] = states;
  if (other === undefined) return null;
  return refusal('FAILOVER_MEMBER_RUNS', `${noPrimary}, and the failover member ${other.name} runs (${other.state}).`, {
    member: other.name,
    is: other.state,
  });
}

function runningAs({ state, role }: AgentAnswer): string {
  return state === 'in-trouble' || state === 'hung' ? state : (role ?? state);
}

/** The failover member that was primary last, as far as anybody who answers knows; null: one that is none any more. */
function lastPrimary({ failover, newest: own }: Survey): { newest: Epoch; last: Found | null } {
  const answers = failover.flatMap((each) => (each.agent?.state === 'down' ? [{ each, agent: each.agent }] : []));
  const known = answers.flatMap(({ agent }) => [agent.seen, agent.reign?.epoch ?? agent.seen, agent.journal?.epoch ?? agent.seen]);
  const newest = known.reduce((a, b) => (compareEpochs(b, a) > 0 ? b : a), own);
  const writer = failover.find(({ guid }) => guid === newest.member);
  if (writer !== undefined) return { newest, last: writer };
  const readable = answers.flatMap(({ each, agent: { journal } }) => (journal === null ? [] : [{ each, journal }]));
  const [best] = readable.toSorted((a, b) => compareJournals(b.journal, a.journal));
  return { newest, last: best?.each ?? null };
}

type Chosen = { readonly partner: Found | null } | { readonly refused: Refusal };

/** All agents answer and nothing runs. */
function byItself(last: Found | null, { partner }: Wish): Chosen {
  if (last === null) return { partner: null };
  if (partner === undefined || partner === last.name) return { partner: last };
  return refuse(
    'PARTNER_IS_CHOSEN',
    `The agents of all failover members answer, so the partner is the one that was primary last, ${last.name}.`,
    {
      partner: last.name,
    },
  );
}

function byOperator({ failover }: Survey, wish: Wish, silent: readonly Found[], last: Found | null): Chosen {
  const unreachable = silent.map(({ name, agentAddress }) => `${name} (${agentAddress})`).join(', ');
  const facts = { unreachable, lastPrimary: last?.name ?? 'unknown', members: failover.map(({ name }) => name).join(', ') };
  if (wish.partner === undefined)
    return refuse(
      'PARTNER_NEEDED',
      `What these failover members have is not known, for their agents give no answer or cannot read the journal: ${unreachable}.`,
      facts,
    );
  const partner = wish.partner === null ? null : failover.find(({ name }) => name === wish.partner);
  if (partner === undefined) return refuse('NO_SUCH_PARTNER', `${String(wish.partner)} is no failover member of the mirror.`, facts);
  if (wish.isConfirmed || (partner !== null && partner === last)) return { partner };
  const why = partner === null ? 'Without a partner' : `With ${partner.name}, which was not the last primary as far as it is known here,`;
  return refuse('PROMOTION_NOT_CONFIRMED', `${why} journal data that only the last primary has may be lost.`, facts);
}

function refusal(code: string, text: string, facts: Refusal['facts']): Refusal {
  return { code, text, facts };
}

function refuse(code: string, text: string, facts: Refusal['facts']): { refused: Refusal } {
  return { refused: refusal(code, text, facts) };
}
