import type { Params, InstanceMethods } from '../../../engine/api/contract.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { Plan } from '../../contract/index.ts';
import { instanceOf } from '../../view/index.ts';
import { options } from '../command-line.ts';
import { agentCheck, check, findMirror, prepared, waitStep, type ActionContext, type Of, type Prepared } from '../context.ts';
import {
  ASK_MS,
  CALL_MS,
  SHOWN_MS,
  answers,
  holds,
  memberAt,
  mirrorOption,
  placeOf,
  primaryAt,
  refusedWith,
  type MemberAt,
} from './standing.ts';

export type PromotionWish = Omit<Params<InstanceMethods, 'mirror.promote'>, 'mirror' | 'dryRun'>;

/** What a promotion would come to, as the engine says after asking everybody; or why it would not be done. Nothing is changed. */
export type Foreseen =
  | { readonly message: string; readonly partner: string | null; readonly setValidatedMember: readonly string[] }
  | { readonly refused: GemelError };

/** @throws GemelError when the instance gives no answer */
export async function foreseePromotion({ host, facts, mirror }: MemberAt, wish: PromotionWish): Promise<Foreseen> {
  try {
    return await host.callInstance(facts.name, 'mirror.promote', { ...wish, mirror: mirror.name, dryRun: true }, ASK_MS);
  } catch (error) {
    if (error instanceof GemelError && error.code === 'REFUSED') return { refused: error };
    throw error;
  }
}

export async function promote(action: Of<'promote'>, context: ActionContext): Promise<Prepared> {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name } = at;
  const { partner, nofailover, confirmed, vipInterface, withoutVip } = action;
  const wish: PromotionWish = {
    ...(partner === undefined ? {} : { partner }),
    ...(vipInterface === undefined ? {} : { vipInterface }),
    nofailover,
    confirmed,
    withoutVip,
  };
  const primary = primaryAt(context, action.mirror);
  const checks = [answers(at), agentCheck(host), isDisasterRecovery(at), ...(primary === null ? [] : [caughtUp(at, primary)])];
  const { consequences, refusals, waits } = checks.every(({ ok }) => ok !== false)
    ? await foreseen(at, wish, primary)
    : { consequences: [], refusals: [], waits: false };
  const becomes = primary === null ? 'Primary' : 'Backup';
  return prepared(action, {
    title: `Promote ${name} to failover member`,
    subject: name,
    consequences,
    checks,
    refusals,
    danger: primary === null || confirmed,
    steps: [
      {
        text: `Promote ${name}`,
        command: host.command(
          `mirror promote ${facts.name} ${options({
            mirror: mirrorOption(at),
            partner: partner === null ? 'none' : partner,
            nofailover,
            'vip-interface': vipInterface,
            yes: confirmed || withoutVip,
          })}`.trim(),
        ),
        run: async ({ log }) => {
          const done = await host.callInstance(facts.name, 'mirror.promote', { ...wish, mirror: action.mirror }, CALL_MS);
          log(done.message);
        },
      },
      ...(nofailover || waits
        ? []
        : [
            waitStep(context, {
              text: `Wait until ${name} is ${becomes.toLowerCase()}`,
              mirror: action.mirror,
              timeoutMs: SHOWN_MS,
              wanted: (now) => placeOf(now, facts.id)?.status === becomes,
            }),
          ]),
    ],
    holds: holds(at),
    result: `${name} is a failover member of ${action.mirror}.`,
  });
}

async function foreseen(
  { name, mirror, ...at }: MemberAt,
  wish: PromotionWish,
  primary: MemberAt | null,
): Promise<{ consequences: string[]; refusals: Plan['refusals']; waits: boolean }> {
  try {
    const found = await foreseePromotion({ ...at, name, mirror }, wish);
    if ('refused' in found) return { consequences: [], refusals: [{ reason: found.refused.what, todo: found.refused.todo }], waits: false };
    const { setValidatedMember: byHand, partner } = found;
    const backup = mirror.source?.mirror.members.find(({ type, name: each }) => type === 'Failover' && each !== primary?.name)?.name;
    return {
      waits: partner !== null && byHand.includes(partner),
      refusals: [],
      consequences: [
        foreseenText(name, primary, found),
        ...(primary !== null && backup !== undefined
          ? [`${backup} becomes a disaster recovery async at the same time: ${mirror.name} has two failover members.`]
          : []),
        ...(primary === null ? ['The other former failover members become disaster recovery asyncs when they are started.'] : []),
        ...(wish.nofailover === true ? [`${name} collects journal and becomes primary only when no failover is cleared on it.`] : []),
        ...(wish.confirmed === true ? ['Journal data that only the last primary has may be lost. You have confirmed that.'] : []),
        ...byHand.map(
          (each) =>
            `The agent of ${each} cannot be told. Before ${each} is started, set ValidatedMember=0 in [MirrorMember] of its gemel.cpf: else two members may act as primary.`,
        ),
      ],
    };
  } catch (error) {
    return { consequences: [], refusals: [refusedWith(error)], waits: false };
  }
}

function foreseenText(
  name: string,
  primary: MemberAt | null,
  { partner, setValidatedMember }: Exclude<Foreseen, { refused: unknown }>,
): string {
  if (primary !== null) return `${name} becomes backup of ${primary.name}.`;
  if (partner === null) return `${name} becomes primary without a partner, with its own journal and what other members that answer have.`;
  if (setValidatedMember.includes(partner))
    return `${name} waits for the agent of ${partner}, and becomes primary once it has the journal of ${partner}.`;
  return `${name} gets the journal of ${partner} from its agent and becomes primary; ${partner} is its backup once it is started.`;
}

function isDisasterRecovery({ name, type }: MemberAt) {
  return check(
    `${name} is a disaster recovery async`,
    type === 'Disaster Recovery',
    `It is ${type}.`,
    'Choose a disaster recovery async, or change its type first.',
  );
}

function caughtUp({ name }: MemberAt, { mirror }: MemberAt) {
  const seen = mirror.source?.mirror.members.find((each) => each.name === name);
  const has = seen?.status === 'Connected' && seen.journalTransfer === 'Caught up' && seen.dejournaling === 'Caught up';
  return check(
    `${name} has caught up with the primary`,
    has,
    `It is ${seen?.status ?? 'not seen by it'}; journal: ${seen?.journalTransfer ?? 'not known'}; databases: ${seen?.dejournaling ?? 'not known'}.`,
    'Wait until both show Caught up.',
  );
}

export function demote(action: Of<'demote'>, context: ActionContext): Prepared {
  const mirror = findMirror(context, action.mirror);
  const primary = primaryAt(context, action.mirror);
  const seen = mirror.source?.mirror.members.find(({ name }) => name === action.member);
  const own = seen && instanceOf(seen, mirror);
  const itself = own?.connection.state === 'live' && seen?.status === 'Backup' ? memberAt(context, action.mirror, own.id) : null;
  const told = itself ?? primary;
  return prepared(action, {
    title: `Demote ${action.member} to disaster recovery async`,
    subject: action.member,
    consequences: [
      `${action.member} goes on following ${action.mirror} as a disaster recovery async, a little behind.`,
      `${primary?.name ?? 'The primary'} is then the only failover member: nobody takes over from it until another one is promoted or joins.`,
      'Clients notice nothing.',
    ],
    checks: [
      check(
        `${action.member} is a failover member and not primary`,
        seen?.type === 'Failover' && seen.status !== 'Primary',
        seen === undefined ? 'The mirror has no such member.' : `It is ${seen.type}, ${seen.status}.`,
        seen?.status === 'Primary' ? 'Switch over first, then demote it.' : 'Choose the backup.',
      ),
      check('A primary operates', primary !== null, 'No member that answers is primary.', 'Wait until one is primary.'),
    ],
    steps: [
      {
        text: told === null || told === itself ? `Ask ${action.member} to become an async` : `Ask ${told.name} to demote it`,
        command: told === null ? null : told.host.command(`mirror demote ${told.facts.name}`),
        run: async ({ log }) => {
          if (told === null) return;
          log((await told.host.callInstance(told.facts.name, 'mirror.demote', { mirror: action.mirror }, CALL_MS)).message);
        },
      },
      waitStep(context, {
        text: `Wait until the mirror shows ${action.member} as a disaster recovery async`,
        mirror: action.mirror,
        timeoutMs: SHOWN_MS,
        wanted: (now) =>
          now?.source?.mirror.members.some(({ name, type }) => name === action.member && type === 'Disaster Recovery') === true,
      }),
    ],
    holds: [`mirror ${action.mirror}`, ...(told === null ? [] : [`instance ${told.facts.id}`])],
    result: `${action.member} is a disaster recovery async.`,
  });
}
