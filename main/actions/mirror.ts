import type { Plan } from '../contract/index.ts';
import { livePrimaries, ownPicture, statusOfSelf } from '../view/index.ts';
import type { MirrorFacts } from '../view/index.ts';
import { findMirror, holdsOf, prepared, waitStep } from './context.ts';
import type { ActionContext, Of, Prepared } from './context.ts';
import { activeBackup, isPrimary } from './instances.ts';

const CALL_MS = 60_000;
const SWITCH_MS = 60_000;

type Refusals = Plan['refusals'];

export function switchOver(action: Of<'switchOver'>, context: ActionContext): Prepared {
  const mirror = findMirror(context, action.mirror);
  const primary = livePrimaries(mirror)[0];
  const backup = activeBackup(mirror);
  const from = primary ? (ownPicture(primary, mirror.name, true)?.thisMember ?? primary.name) : 'the primary';
  const to = backup ?? 'the backup';
  const host = primary && context.hosts.get(primary.host);
  return prepared(action, {
    title: `Switch ${mirror.name} over to ${to}`,
    subject: mirror.name,
    consequences: [
      `${from} finishes what is under way, hands over to ${to} and stays up as its backup.`,
      'Nothing acknowledged is lost. Updates pause for a moment; clients are disconnected and find the new primary.',
    ],
    steps: [
      {
        text: `Ask ${from} to hand over`,
        command: primary && host ? host.command(`mirror switch-over ${primary.name}`) : null,
        run: async () => void (primary && host && (await host.callInstance(primary.name, 'mirror.switchOver', {}, CALL_MS))),
      },
      waitStep(context, {
        text: `Wait until ${to} is primary`,
        mirror: mirror.name,
        timeoutMs: SWITCH_MS,
        wanted: (m) => isPrimary(m, to),
      }),
      waitStep(context, {
        text: `Wait until ${from} is its active backup`,
        mirror: mirror.name,
        timeoutMs: SWITCH_MS,
        wanted: (m) => m !== undefined && isPrimary(m, to) && activeBackup(m) === from,
      }),
    ],
    refusals: switchRefusals(mirror, backup),
    holds: mirrorHolds(mirror),
    result: `${to} is primary, ${from} is its backup.`,
  });
}

function switchRefusals(mirror: MirrorFacts, backup: string | null): Refusals {
  const primaries = livePrimaries(mirror);
  if (primaries.length === 0)
    return [{ reason: 'No member that answers is primary.', todo: 'Start the members, or wait until one is primary.' }];
  if (primaries.length > 1)
    return [{ reason: 'More than one member says it is primary.', todo: 'Look at the monitor of each before you do anything.' }];
  if (mirror.source?.mirror.noFailover)
    return [{ reason: 'No failover is set, so the backup may not take over.', todo: 'Clear no failover first.' }];
  if (backup === null)
    return [
      {
        reason: 'There is no active backup that could take over without loss.',
        todo: 'Start the other failover member and wait until its journal transfer is Active.',
      },
    ];
  return [];
}

export function setNoFailover(action: Of<'setNoFailover'>, context: ActionContext): Prepared {
  return noFailover(action, context, {
    title: `Set no failover for ${action.mirror}`,
    consequences: [
      'The backup will not take over by itself, whatever happens to the primary.',
      'It stays so until it is cleared here or on a member, or until the primary is started again.',
    ],
    method: 'mirror.setNoFailover',
    command: 'set-nofailover',
    already: (set) => set === true && { reason: 'No failover is set already.', todo: '' },
    result: 'No failover is set.',
    after: true,
  });
}

export function clearNoFailover(action: Of<'clearNoFailover'>, context: ActionContext): Prepared {
  return noFailover(action, context, {
    title: `Clear no failover for ${action.mirror}`,
    consequences: ['The backup takes over again by itself when the primary fails.'],
    method: 'mirror.clearNoFailover',
    command: 'clear-nofailover',
    already: (set) => set === false && { reason: 'No failover is not set.', todo: '' },
    result: 'No failover is cleared.',
    after: false,
  });
}

interface NoFailover {
  readonly title: string;
  readonly consequences: readonly string[];
  readonly method: 'mirror.setNoFailover' | 'mirror.clearNoFailover';
  readonly command: string;
  already(set: boolean | undefined): false | Refusals[number];
  readonly result: string;
  readonly after: boolean;
}

function noFailover(action: Of<'setNoFailover'> | Of<'clearNoFailover'>, context: ActionContext, what: NoFailover): Prepared {
  const mirror = findMirror(context, action.mirror);
  const member = livePrimaries(mirror)[0] ?? mirror.instances.find((i) => statusOfSelf(ownPicture(i, mirror.name, true)) !== undefined);
  const host = member && context.hosts.get(member.host);
  const already = what.already(mirror.source?.mirror.noFailover);
  const refusals: Refusals = member ? [] : [{ reason: 'No member of the mirror answers.', todo: 'Start a failover member first.' }];
  return prepared(action, {
    title: what.title,
    subject: mirror.name,
    consequences: what.consequences,
    steps: [
      {
        text: `Tell ${member?.name ?? 'a member'}`,
        command: member && host ? host.command(`mirror ${what.command} ${member.name}`) : null,
        run: async () => void (member && host && (await host.callInstance(member.name, what.method, {}, CALL_MS))),
      },
      waitStep(context, {
        text: 'Wait until the mirror shows it',
        mirror: mirror.name,
        timeoutMs: SWITCH_MS,
        wanted: (m) => m?.source?.mirror.noFailover === what.after,
      }),
    ],
    refusals: already && member ? [already] : refusals,
    holds: mirrorHolds(mirror),
    result: what.result,
  });
}

function mirrorHolds(mirror: MirrorFacts): string[] {
  return [`mirror ${mirror.name}`, ...mirror.instances.flatMap(holdsOf)];
}
