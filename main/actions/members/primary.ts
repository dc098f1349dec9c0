import { GemelError } from '../../../engine/api/errors.ts';
import type { Facts } from '../../../engine/api/conditions.ts';
import type { Plan } from '../../contract/index.ts';
import { check, prepared, waitStep, type ActionContext, type Of, type Prepared } from '../context.ts';
import { ASK_MS, CALL_MS, SHOWN_MS, answers, holds, memberAt, placeOf, refusedWith, type MemberAt } from './standing.ts';

export function tryPrimary(action: Of<'tryPrimary'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name } = at;
  return prepared(action, {
    title: `Try to make ${name} primary`,
    subject: name,
    consequences: [
      `${name} asks once more for the right to be primary, and becomes it only where that loses nothing.`,
      'If the right is not given, nothing changes and the reason is told.',
    ],
    checks: [answers(at), isNoPrimary(at)],
    steps: [
      {
        text: `Ask ${name} to become primary`,
        command: host.command(`mirror try-primary ${facts.name}`),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.tryPrimary', {}, CALL_MS)).message),
      },
      untilPrimary(context, at),
    ],
    holds: holds(at),
    result: `${name} is primary.`,
  });
}

function isNoPrimary({ name, status }: MemberAt) {
  return check(
    `${name} is neither primary nor backup`,
    status !== 'Primary' && status !== 'Backup',
    `It is ${status}.`,
    status === 'Backup' ? 'The other member is primary: switch over instead.' : 'Nothing is to be done.',
  );
}

function untilPrimary(context: ActionContext, { mirror, facts, name }: MemberAt) {
  return waitStep(context, {
    text: `Wait until ${name} is primary`,
    mirror: mirror.name,
    timeoutMs: SHOWN_MS,
    wanted: (now) => placeOf(now, facts.id)?.status === 'Primary',
  });
}

export async function forcePrimary(action: Of<'forcePrimary'>, context: ActionContext): Promise<Prepared> {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name } = at;
  const alive = answers(at);
  const { asked, refusals } = alive.ok === true ? await askedToForce(at) : { asked: null, refusals: [] };
  return prepared(action, {
    title: `Force ${name} to become primary`,
    subject: name,
    consequences: asked === null ? [] : [...forceConsequences(at, asked)],
    checks: [alive],
    refusals,
    danger: true,
    steps: [
      {
        text: `Force ${name}: for 60 s it tries the ordinary way first, which loses nothing`,
        command: host.command(`mirror force-primary ${facts.name} --yes`),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.forcePrimary', { confirmed: true }, CALL_MS)).message),
      },
      untilPrimary(context, at),
    ],
    holds: holds(at),
    result: `${name} is primary. When the other member is back, see under Members & settings whether it has a report of lost transactions.`,
  });
}

/** Unconfirmed the engine changes nothing and says what forcing would mean. */
async function askedToForce({ host, facts }: MemberAt): Promise<{ asked: Facts | null; refusals: Plan['refusals'] }> {
  try {
    await host.callInstance(facts.name, 'mirror.forcePrimary', { confirmed: false }, ASK_MS);
    return { asked: null, refusals: [] };
  } catch (error) {
    if (error instanceof GemelError && error.condition?.code === 'FORCE_NOT_CONFIRMED')
      return { asked: error.condition.facts, refusals: [] };
    return { asked: null, refusals: [refusedWith(error)] };
  }
}

/** What forcing means, from the facts of the engine's question. */
export function forceConsequences({ name }: Pick<MemberAt, 'name'>, facts: Facts): string[] {
  const at = `journal file ${facts['file'] ?? 'not known'}, position ${facts['offset'] ?? 'not known'}`;
  const rebuilt = 'and the other member may have to be rebuilt before it can be backup again';
  return [
    ...(facts['wasActive'] === 1
      ? [
          `${name} was an active backup when it last had a connection to the primary: it had every acknowledged update then.`,
          `If the primary has worked on beyond ${at}, what it wrote after that is lost, ${rebuilt}.`,
        ]
      : [
          `${name} was not an active backup when it last had a connection to the primary: the primary may have updates that are not here.`,
          `What the primary wrote after ${at} is lost, ${rebuilt}.`,
        ]),
    ...(facts['path'] === undefined
      ? []
      : [`Compare with the newest mirror journal file on the other host, if you can. The one here: ${facts['path']}`]),
    'Be certain that the other member is down and stays down: otherwise both may act as primary.',
    'What only the other member had is listed as lost transactions there once it has joined again.',
  ];
}

export async function resumePrimary(action: Of<'resumePrimary'>, context: ActionContext): Promise<Prepared> {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name } = at;
  const { otherIsDown, otherNeverBecamePrimary, otherHasNoNewerJournalFile } = action;
  const alive = answers(at);
  const asked = alive.ok === true ? await whyNotResume(at) : null;
  const sure = (text: string, ok: boolean) =>
    check(text, ok, 'You have not confirmed it.', 'Make sure of it, then confirm it in the settings.');
  return prepared(action, {
    title: `Resume ${name} as primary`,
    subject: name,
    consequences: [
      `${name} works on as primary; updates are then on it alone until the other failover member is back.`,
      'If the other member did become primary meanwhile, both have updates that the other lacks: then one of them loses its own.',
    ],
    checks: [
      alive,
      sure('The other failover member is down', otherIsDown),
      sure(`It never became primary since ${name} lost it`, otherNeverBecamePrimary),
      sure('It has no mirror journal file later than the newest one here', otherHasNoNewerJournalFile),
    ],
    refusals: asked === null ? [] : [asked],
    danger: true,
    steps: [
      {
        text: `Tell ${name} to go on`,
        command: host.command(`mirror resume-primary ${facts.name} --yes`),
        run: async ({ log }) => {
          const params = { otherIsDown, otherNeverBecamePrimary, otherHasNoNewerJournalFile };
          log((await host.callInstance(facts.name, 'mirror.resumePrimary', params, CALL_MS)).message);
        },
      },
      untilPrimary(context, at),
    ],
    holds: holds(at),
    result: `${name} works on as primary.`,
  });
}

/** Unconfirmed the engine changes nothing: it only asks, or refuses. @returns file: the newest mirror journal file here */
export async function resumeQuestion({
  host,
  facts,
}: MemberAt): Promise<{ readonly file: string } | { readonly refused: Plan['refusals'][number] }> {
  try {
    await host.callInstance(facts.name, 'mirror.resumePrimary', {}, ASK_MS);
    return { file: '' };
  } catch (error) {
    if (error instanceof GemelError && error.condition?.code === 'RESUME_NOT_CONFIRMED')
      return { file: String(error.condition.facts['file'] ?? '') };
    return { refused: refusedWith(error) };
  }
}

async function whyNotResume(at: MemberAt): Promise<Plan['refusals'][number] | null> {
  const asked = await resumeQuestion(at);
  return 'refused' in asked ? asked.refused : null;
}
