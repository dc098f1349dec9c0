import type { JoinAs } from '../../../engine/api/join-as.ts';
import { scheduleText } from '../../../engine/api/dejournaling.ts';
import { options, quoted } from '../command-line.ts';
import { agentCheck, check, prepared, waitStep, type ActionContext, type Of, type Prepared } from '../context.ts';
import { CALL_MS, SHOWN_MS, answers, holds, isAsync, memberAt, mirrorOption, placeOf, type MemberAt } from './standing.ts';

export function setDejournaling(action: Of<'setDejournaling'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name } = at;
  const { set, from, to } = action;
  const schedule = set === 'schedule' && from !== undefined && to !== undefined ? { from, to } : null;
  const words = {
    pause: {
      title: `Pause dejournaling on ${name}`,
      consequences: [
        `The databases of ${action.mirror} on ${name} stay as they are until dejournaling is started again; journal goes on coming in and takes space.`,
        'Where the instance is in several mirrors, the others go on.',
      ],
    },
    start: {
      title: `Start dejournaling on ${name}`,
      consequences: [`${name} applies the journal that it has, also to databases that an error has stopped.`],
    },
    schedule: {
      title: `Schedule dejournaling on ${name}`,
      consequences: [
        `${name} applies the journal ${scheduleText({ schedule })} only, local time there; at other times its databases stay as they are.`,
      ],
    },
    continuous: {
      title: `Dejournal continuously on ${name}`,
      consequences: [`${name} applies the journal at all times of the day.`],
    },
  }[set];
  return prepared(action, {
    ...words,
    subject: name,
    checks: [answers(at), isAnAsync(at)],
    steps: [
      {
        text: words.title,
        command: host.command(
          `mirror dejournal ${set} ${facts.name} ${options({
            mirror: mirrorOption(at),
            from: schedule === null ? undefined : clock(schedule.from),
            to: schedule === null ? undefined : clock(schedule.to),
          })}`.trim(),
        ),
        run: async ({ log }) => {
          const params = { mirror: action.mirror, action: set, ...schedule };
          const view = await host.callInstance(facts.name, 'mirror.dejournal', params, CALL_MS);
          log(`Dejournaling is set to ${scheduleText(view)}${view.paused ? ', and paused' : ''}.`);
        },
      },
    ],
    holds: [`instance ${facts.id}`],
    result: `Dejournaling on ${name} is set.`,
  });
}

function clock(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function isAnAsync(at: MemberAt) {
  return check(
    `${at.name} is an async member`,
    isAsync(at),
    'It is a failover member: it always dejournals, to be able to take over.',
    'Choose an async.',
  );
}

export function setFilter(action: Of<'setFilter'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name, type } = at;
  const { file, mirror } = action;
  const title = file === null ? `Clear the dejournal filter of ${name}` : `Set a dejournal filter on ${name}`;
  return prepared(action, {
    title,
    subject: name,
    consequences:
      file === null
        ? ['Every update is applied again from now on. What was left out before stays left out.']
        : [
            `The class DejournalFilter of ${file} is asked about each update of the read-write databases; what it refuses is left out on ${name} for good.`,
            'Every record waits for its answer: a slow filter makes the member fall behind.',
          ],
    checks: [
      answers(at),
      check(
        `${name} is a reporting async`,
        type === 'Read-Only Reporting' || type === 'Read-Write Reporting',
        `It is ${type}; only reporting asyncs have a filter.`,
        'Choose a reporting async.',
      ),
    ],
    steps: [
      {
        text: title,
        command: host.command(
          `mirror filter ${file === null ? 'clear' : 'set'} ${facts.name} ${file === null ? '' : `${quoted(file)} `}${options({ mirror: mirrorOption(at) })}`.trim(),
        ),
        run: async ({ log }) => {
          const params = file === null ? { mirror, action: 'clear' as const } : { mirror, action: 'set' as const, file };
          const view = await host.callInstance(facts.name, 'mirror.filter', params, CALL_MS);
          log(view.file === null ? 'No filter is set.' : `The filter is ${view.file}.`);
        },
      },
    ],
    holds: [`instance ${facts.id}`],
    result: file === null ? `${name} has no dejournal filter.` : `${name} has a dejournal filter.`,
  });
}

type AsyncAs = Exclude<JoinAs, 'failover'>;
export const asyncTypes = {
  dr: 'Disaster Recovery',
  'reporting-ro': 'Read-Only Reporting',
  'reporting-rw': 'Read-Write Reporting',
} as const satisfies Record<AsyncAs, string>;

export function changeType(action: Of<'changeType'>, context: ActionContext): Prepared {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, name, status } = at;
  const { as, failoverDB } = action;
  const type = asyncTypes[as];
  const mirrors = facts.status.mirrors.map((each) => each.mirror);
  return prepared(action, {
    title: `Make ${name} a ${type.toLowerCase()} async`,
    subject: name,
    consequences: [
      ...(mirrors.length > 1 ? [`Its type changes in all its mirrors: ${mirrors.join(', ')}.`] : []),
      ...typeConsequences(as, failoverDB),
    ],
    checks: [
      answers(at),
      isAnAsync(at),
      check('It is of another type now', at.type !== type, `It is ${type} already.`, 'Choose another type.'),
      check(
        'It follows the primary',
        status === 'Connected',
        `It is ${status}.`,
        'Wait until it is Connected: the primary makes the change.',
      ),
      ...(as === 'dr'
        ? [
            agentCheck(host),
            check('It is in one mirror only', mirrors.length === 1, `It is in ${mirrors.join(', ')}.`, 'Leave the others first.'),
          ]
        : []),
    ],
    danger: failoverDB === 'clear',
    steps: [
      {
        text: `Change the type of ${name}`,
        command: host.command(
          `mirror edit ${facts.name} ${options({
            as,
            'clear-failoverdb': failoverDB === 'clear',
            'keep-failoverdb': failoverDB === 'keep',
          })}`,
        ),
        run: async ({ log }) => {
          const params = { as, ...(failoverDB === undefined ? {} : { failoverDB }) };
          log((await host.callInstance(facts.name, 'mirror.changeType', params, CALL_MS)).message);
        },
      },
      waitStep(context, {
        text: `Wait until the mirror shows it`,
        mirror: action.mirror,
        timeoutMs: SHOWN_MS,
        wanted: (now) => placeOf(now, facts.id)?.type === type && placeOf(now, facts.id)?.status === 'Connected',
      }),
    ],
    holds: holds(at),
    result: `${name} is a ${type.toLowerCase()} async.`,
  });
}

function typeConsequences(as: AsyncAs, failoverDB: 'clear' | 'keep' | undefined): string[] {
  if (as === 'dr')
    return [
      'It can be promoted to failover member once it has every database of the mirror.',
      'All its mirrored databases are read-only; a dejournal filter is removed.',
    ];
  const never = 'It can no longer be promoted to failover member.';
  if (failoverDB === 'clear')
    return [
      never,
      'All its mirrored databases take updates here too. They can never be a primary’s copy again: that cannot be taken back.',
    ];
  if (as === 'reporting-ro') return [never, 'Its mirrored databases stay as they are; new ones are read-only.'];
  return [never, 'Its mirrored databases stay read-only; databases added from now on take updates here too.'];
}
