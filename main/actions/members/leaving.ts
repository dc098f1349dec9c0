import { GemelError } from '../../../engine/api/errors.ts';
import { findMember, whyNotLeave, whyNotRemove } from '../../../engine/mirror/editing/index.ts';
import type { MirrorConfiguration } from '../../../engine/api/mirror-configuration.ts';
import type { Plan } from '../../contract/index.ts';
import { instanceOf } from '../../view/index.ts';
import { options } from '../command-line.ts';
import { check, findMirror, prepared, waitStep, type ActionContext, type Of, type Prepared } from '../context.ts';
import {
  CALL_MS,
  SHOWN_MS,
  answers,
  askedOf,
  asMembers,
  configurationAt,
  holds,
  memberAt,
  mirrorOption,
  placeOf,
  primaryAt,
  refusalOf,
  type MemberAt,
} from './standing.ts';

export async function removeMember(action: Of<'removeMember'>, context: ActionContext): Promise<Prepared> {
  const mirror = findMirror(context, action.mirror);
  const told = primaryAt(context, action.mirror) ?? backupAt(context, action.mirror);
  const now = told === null ? null : await configurationAt(told);
  const target = now === null ? null : findMember({ mirror: now.mirror, members: asMembers(now.members) }, action.member);
  const refusals = told === null || now === null || target === null ? [] : removalRefusals(told, target, now);
  const seen = mirror.source?.mirror.members.find(({ name }) => name === action.member);
  const instance = seen && instanceOf(seen, mirror);
  return prepared(action, {
    title: `Remove ${action.member} from ${action.mirror}`,
    subject: action.member,
    consequences: [
      `${action.member} (${seen?.type ?? 'type not known'}, ${seen?.status ?? 'status not known'}) is no member any more: it gets no more updates, and the mirror keeps no journal for it.`,
      ...(seen?.type === 'Failover' ? ['A failover is then not possible until another failover member joins or is promoted.'] : []),
      `Its databases stay there, read-only. What they are to be is said on ${instance?.name ?? 'its instance'} afterwards: Remove the mirror configuration.`,
    ],
    checks: [
      check(
        'A member that can do it answers',
        told !== null,
        'Neither primary nor backup answers.',
        'Wait until the mirror has a primary.',
      ),
    ],
    refusals,
    danger: true,
    steps: [
      {
        text: `Ask ${told?.name ?? 'the primary'} to remove ${action.member}`,
        command: told === null ? null : told.host.command(`mirror remove-member ${told.facts.name} ${action.member}`),
        run: async ({ log }) => {
          if (told === null) return;
          const params = { mirror: action.mirror, member: action.member };
          log((await told.host.callInstance(told.facts.name, 'mirror.removeMember', params, CALL_MS)).message);
        },
      },
      waitStep(context, {
        text: 'Wait until the mirror shows it',
        mirror: action.mirror,
        timeoutMs: SHOWN_MS,
        wanted: (facts) => facts?.source?.mirror.members.every(({ name }) => name !== action.member) === true,
      }),
    ],
    holds: [`mirror ${action.mirror}`],
    result: `${action.member} is no member of ${action.mirror} any more.`,
  });
}

/** The backup removes asyncs, through the primary that this console cannot reach. */
function backupAt(context: ActionContext, mirrorName: string): MemberAt | null {
  const backup = findMirror(context, mirrorName).instances.find(
    (each) => each.connection.state === 'live' && each.status.mirrors.some((m) => m.mirror === mirrorName && m.status === 'Backup'),
  );
  return backup === undefined ? null : memberAt(context, mirrorName, backup.id);
}

function removalRefusals(told: MemberAt, target: ReturnType<typeof findMember>, now: MirrorConfiguration): Plan['refusals'] {
  if (!('guid' in target)) return [refusalOf(target)];
  const asked = askedOf(told, now);
  const refusal = asked === null ? null : whyNotRemove(asked, target);
  return refusal === null ? [] : [refusalOf(refusal)];
}

export async function leaveMirror(action: Of<'leaveMirror'>, context: ActionContext): Promise<Prepared> {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name, status } = at;
  const alive = answers(at);
  const now = alive.ok === true ? await configurationOrNone(at) : null;
  const asked = now === null ? null : askedOf(at, now);
  const refusal = asked === null || now === null ? null : whyNotLeave(asked, { members: asMembers(now.members) });
  const keep = action.databases === 'keep';
  return prepared(action, {
    title: `Remove the mirror configuration of ${action.mirror} from ${facts.name}`,
    subject: facts.name,
    consequences: [
      status === 'Primary'
        ? `${name} is the last member: the mirror ${action.mirror} ends, for good.`
        : now === null
          ? `${facts.name} is no member of ${action.mirror} any more; what it still keeps of it is removed.`
          : `${name} leaves ${action.mirror}: it gets no more updates, and the mirror keeps no journal for it.`,
      ...(status === 'Backup' ? ['A failover is then not possible until another failover member joins or is promoted.'] : []),
      ...databaseConsequences(keep, status === 'Primary'),
      'Its mirror journal files stay where they are.',
    ],
    checks: [alive],
    refusals: refusal === null ? [] : [refusalOf(refusal)],
    danger: true,
    steps: [
      {
        text: `Leave ${action.mirror}, and ${keep ? 'keep the databases mirrored' : 'make the databases ordinary ones'}`,
        command: host.command(
          `mirror remove ${facts.name} ${options({ mirror: mirrorOption(at), 'keep-mirrored': keep, unmirror: !keep })}`,
        ),
        run: async ({ log }) => {
          const params = { mirror: action.mirror, databases: action.databases };
          log((await host.callInstance(facts.name, 'mirror.remove', params, CALL_MS)).message);
        },
      },
      waitStep(context, {
        text: `Wait until ${facts.name} is in ${action.mirror} no more`,
        mirror: action.mirror,
        timeoutMs: SHOWN_MS,
        wanted: (mirror) => placeOf(mirror, facts.id) === undefined,
      }),
    ],
    holds: holds(at),
    result: `${facts.name} is in ${action.mirror} no more.`,
  });
}

function databaseConsequences(keep: boolean, isLast: boolean): string[] {
  if (!keep)
    return [
      'Its databases of the mirror become ordinary ones, for good: to come back they are added to the mirror like any other database.',
    ];
  return [
    'Its databases of the mirror stay mirrored and read-only, and cannot be deleted.',
    isLast
      ? 'There is no mirror left that they could come back to: they can be used again only after they are made ordinary ones.'
      : 'They come back when the instance joins the same mirror again and they are activated.',
  ];
}

/** null: it is no member any more, or cannot say. */
async function configurationOrNone(at: MemberAt): Promise<MirrorConfiguration | null> {
  try {
    return await configurationAt(at);
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    // It is removed or held: the engine takes it out all the same.
    return null;
  }
}
