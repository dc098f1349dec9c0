import { options } from '../command-line.ts';
import { agentCheck, check, prepared, waitStep, type ActionContext, type Of, type Prepared } from '../context.ts';
import { CALL_MS, SHOWN_MS, answers, holds, isAsync, memberAt, mirrorOption, placeOf, primaryAt, type MemberAt } from './standing.ts';

/** Building anew gets everything from the primary. */
const REBUILD_MS = 6 * 3_600_000;

export function stopMirroring(action: Of<'stopMirroring'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name, status } = at;
  return prepared(action, {
    title: `Stop mirroring on ${name}`,
    subject: name,
    consequences: [
      isAsync(at)
        ? `${name} gets nothing more of ${action.mirror}; its databases stay as they are and can be read.`
        : `${name} gets no more updates: they are then on the primary only, and a failover is not possible.`,
      'Mirroring stays stopped until it is started here again, also when the instance or the mirror is restarted.',
      'The other members keep journal files for it until it has them; one that stays away too long has to be rebuilt.',
    ],
    checks: [
      answers(at),
      check(`${name} is not primary`, status !== 'Primary', 'A primary cannot stop mirroring.', 'Switch over first.'),
      check('Mirroring runs on it', status !== 'Stopped', 'It is stopped already.', 'Nothing is to be done.'),
    ],
    steps: [
      {
        text: `Stop mirroring on ${name}`,
        command: host.command(`mirror stop ${facts.name} ${options({ mirror: mirrorOption(at) })}`.trim()),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.stop', { mirror: action.mirror }, CALL_MS)).message),
      },
      waitStep(context, {
        text: `Wait until ${name} shows it`,
        mirror: action.mirror,
        timeoutMs: SHOWN_MS,
        wanted: (now) => placeOf(now, facts.id)?.status === 'Stopped',
      }),
    ],
    holds: holds(at),
    result: `Mirroring is stopped on ${name}.`,
  });
}

export function startMirroring(action: Of<'startMirroring'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name, status } = at;
  return prepared(action, {
    title: `Start mirroring on ${name}`,
    subject: name,
    consequences: [`${name} looks for the primary of ${action.mirror}, gets the journal that it lacks, and follows again.`],
    checks: [answers(at), check('Mirroring is stopped on it', status === 'Stopped', `It is ${status}.`, 'Nothing is to be done.')],
    steps: [
      {
        text: `Start mirroring on ${name}`,
        command: host.command(`mirror start ${facts.name} ${options({ mirror: mirrorOption(at) })}`.trim()),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.start', { mirror: action.mirror }, CALL_MS)).message),
      },
      waitStep(context, {
        text: `Wait until ${name} follows the primary`,
        mirror: action.mirror,
        timeoutMs: SHOWN_MS,
        wanted: (now) => ['Primary', 'Backup', 'Connected'].includes(placeOf(now, facts.id)?.status ?? ''),
      }),
    ],
    holds: holds(at),
    result: `Mirroring runs on ${name}.`,
  });
}

export function rebuild(action: Of<'rebuild'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name, status } = at;
  const primary = primaryAt(context, action.mirror);
  const databases = facts.snapshot?.mirror?.mirror === action.mirror ? facts.snapshot.mirror.databases.map((d) => d.name) : [];
  return prepared(action, {
    title: `Rebuild ${name}`,
    subject: name,
    consequences: [
      `The mirror journal and the mirrored databases of ${name}${databases.length === 0 ? '' : ` (${databases.join(', ')})`} are set aside in directories beside them. Nothing is deleted; they take space until you delete them.`,
      `Empty databases of the same identity are made, and ${name} gets everything from ${primary?.name ?? 'the primary'}.`,
      `Until it has caught up ${name} cannot take over and shows less than the primary has.`,
    ],
    checks: [
      answers(at),
      check(`${name} is not primary`, status !== 'Primary', 'The primary has the mirror’s data.', 'Choose another member.'),
      check('A primary operates', primary !== null, 'No member that answers is primary.', 'Wait until one is primary.'),
      agentCheck(host),
    ],
    danger: true,
    steps: [
      {
        text: `Set aside what ${name} has, and begin anew`,
        command: host.command(`mirror rebuild ${facts.name} ${options({ mirror: mirrorOption(at) })}`.trim()),
        run: async ({ log }) => {
          const { message, aside } = await host.callInstance(facts.name, 'mirror.rebuild', { mirror: action.mirror }, CALL_MS);
          log(message);
          for (const place of aside) log(`Set aside: ${place}`);
        },
      },
      waitStep(context, {
        text: `Wait until ${name} has everything that the primary has`,
        mirror: action.mirror,
        timeoutMs: REBUILD_MS,
        wanted: () => hasAll(context, at),
      }),
    ],
    holds: holds(at),
    result: `${name} is rebuilt and has everything that the primary has.`,
  });
}

function hasAll(context: ActionContext, { facts, mirror, name }: MemberAt): boolean {
  const own = context.hosts
    .world()
    .hosts.flatMap((host) => host.instances)
    .find(({ id }) => id === facts.id);
  const seen =
    own?.connection.state === 'live' && own.snapshot?.mirror?.mirror === mirror.name
      ? own.snapshot.mirror.members.find((each) => each.name === name)
      : undefined;
  if (seen === undefined) return false;
  const has = seen.journalTransfer === 'Active' || seen.journalTransfer === 'Caught up';
  return has && ['Backup', 'Connected'].includes(seen.status) && seen.dejournaling === 'Caught up';
}
