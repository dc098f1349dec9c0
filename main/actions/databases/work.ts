import type { DatabaseStatus } from '../../../engine/api/status.ts';
import type { World } from '../../hosts/index.ts';
import { ownPicture } from '../../view/index.ts';
import type { DatabaseCell, DatabaseWork, Plan } from '../../contract/index.ts';
import { quoted } from '../command-line.ts';
import { check, findInstance, findMirror, prepared, type ActionContext, type Of, type Prepared } from '../context.ts';
import { engineJobStep } from '../engine-job.ts';
import type { JobStepDefinition } from '../../jobs/index.ts';
import { databasesNamed, freshMatrix, listOf, named, size, targetsOf, type Target } from './targets.ts';

interface Kind {
  readonly verb: string;
  readonly method: `db.${DatabaseWork}`;
  /** Of `gemel db`. */
  readonly command: string;
  readonly options?: string;
  /** Whether it makes sense for a copy as it is; `withPrimary`: it is done on the primary before. */
  fits(cell: DatabaseCell, isPrimary: boolean, withPrimary: boolean): boolean;
  /** What copies on other members have to become first, when it is done on the primary before. */
  readonly waitsFor?: DatabaseStatus;
  /** Why a copy is passed over. */
  readonly unfit: string;
  /** What comes of it on one member; `names` are its databases there. */
  consequences(target: Target, names: string): string[];
  /** Data or service is at risk there. */
  danger(target: Target): boolean;
}

const isDismounted = ({ status }: DatabaseCell): boolean => status === 'Database Dismounted';
const never = (): boolean => false;
const always = (): boolean => true;

const kinds: Record<DatabaseWork, Kind> = {
  mount: {
    verb: 'Mount',
    method: 'db.mount',
    command: 'mount',
    fits: isDismounted,
    unfit: 'mounted',
    consequences: ({ member, isPrimary }, names) => [
      `${member}: ${names} can be read${isPrimary ? ' and updated' : ', and catches up from the mirror’s journal'} again.`,
    ],
    danger: never,
  },
  dismount: {
    verb: 'Dismount',
    method: 'db.dismount',
    command: 'dismount',
    fits: (cell) => !isDismounted(cell),
    unfit: 'dismounted',
    consequences: ({ member, isPrimary }, names) => [
      isPrimary
        ? `${member} is the primary: clients cannot read or update ${names} until it is mounted again.`
        : `${member}: ${names} takes nothing from the mirror and cannot be read until it is mounted. A backup with a dismounted database does not take over.`,
    ],
    danger: ({ isPrimary }) => isPrimary,
  },
  activate: {
    verb: 'Activate',
    method: 'db.activate',
    command: 'activate',
    fits: ({ status }) => status === 'Needs Activation',
    unfit: 'active already',
    consequences: ({ member }, names) => [`${member}: ${names} becomes this member’s own copy. Then it needs catching up.`],
    danger: never,
  },
  catchup: {
    verb: 'Catch up',
    method: 'db.catchup',
    command: 'catchup',
    fits: ({ status }, isPrimary) => !isPrimary && ['Needs Catchup', 'Needs Activation', 'Dejournaling Stopped'].includes(status ?? ''),
    unfit: 'caught up, dismounted or on the primary',
    consequences: ({ member, databases }) => [
      ...databases.slice(0, 3).map(({ database, cell }) => `${member}: ${database} is brought up to date ${fromWhere(cell)}.`),
      ...(databases.length > 3 ? [`${member}: ${databases.length - 3} more are brought up to date.`] : []),
    ],
    danger: never,
  },
  pauseDejournal: {
    verb: 'Pause dejournaling',
    method: 'db.pauseDejournal',
    command: 'pause-dejournal',
    fits: ({ status }, isPrimary) => !isPrimary && ['Normal', 'Dejournaling', 'Catchup Running'].includes(status ?? ''),
    unfit: 'on the primary, or not dejournaling',
    consequences: ({ member }, names) => [
      `${member}: ${names} stays as it is while journal goes on coming in, until it is caught up again.`,
      `While it is behind, ${member} does not take over.`,
    ],
    danger: never,
  },
  markCaughtUp: {
    verb: 'Mark as caught up',
    method: 'db.markCaughtUp',
    command: 'mark-caught-up',
    options: '--yes',
    fits: ({ status }, isPrimary) => !isPrimary && status === 'Needs Catchup',
    unfit: 'not in need of catching up',
    consequences: ({ member, databases }) => [
      ...databases.map(
        ({ database, cell }) => `${member}: what the journal has for ${database} ${fromWhere(cell)} is never applied to it.`,
      ),
      'Nobody checks that the copy misses nothing. If it does, it stays different from the primary’s.',
    ],
    danger: always,
  },
  removeFromMirror: {
    verb: 'Remove from the mirror',
    method: 'db.removeFromMirror',
    command: 'remove-from-mirror',
    fits: always,
    unfit: '',
    consequences: ({ member, isPrimary }, names) => [
      isPrimary
        ? `${member} is the primary: the whole mirror has ${names} no more, for good. The database itself stays there with its data.`
        : `${member}: this copy of ${names} becomes an ordinary database and takes nothing from the mirror any more.`,
    ],
    danger: always,
  },
  recreate: {
    verb: 'Recreate',
    method: 'db.recreate',
    command: 'recreate',
    fits: ({ status }, isPrimary, withPrimary) => isPrimary || withPrimary || status === 'Obsolete',
    waitsFor: 'Obsolete',
    unfit: 'not obsolete',
    consequences: ({ member, isPrimary, databases }) =>
      databases.map(({ database, cell }) => {
        const what = `${database}${cell.size === null ? '' : ` (${size(cell.size)})`}`;
        return isPrimary
          ? `${member} is the primary: ${what} is emptied, and all its data is gone for the whole mirror. Other members’ copies are obsolete until they are recreated too.`
          : `${member}: the copy of ${what} is emptied, too, and follows the mirror again.`;
      }),
    danger: always,
  },
};

function fromWhere({ nextRecord }: DatabaseCell): string {
  return nextRecord === null || typeof nextRecord === 'string'
    ? 'from where it stands'
    : `from ${nextRecord.file}, ${nextRecord.offset} (${nextRecord.time}) on`;
}

/** Of mirrored databases, on one or more members. */
export async function mirrorDatabaseWork(action: Of<'mirrorDatabaseWork'>, context: ActionContext): Promise<Prepared> {
  const facts = findMirror(context, action.mirror);
  const kind = kinds[action.work];
  const matrix = await freshMatrix(facts, context);
  const isMeant = (database: string): boolean => action.databases.includes(database);
  const isChosen = ({ member }: { member: string }): boolean => action.members?.includes(member) ?? true;
  const there = targetsOf(matrix, facts, context, (_cell, _isPrimary, database) => isMeant(database)).filter(isChosen);
  const withPrimary = there.some(({ isPrimary }) => isPrimary);
  const targets = targetsOf(
    matrix,
    facts,
    context,
    (cell, isPrimary, database) => isMeant(database) && kind.fits(cell, isPrimary, withPrimary),
  ).filter(isChosen);
  const what = databasesNamed(action.databases);
  const where = action.members === undefined ? '' : ` on ${named(action.members)}`;
  return prepared(action, {
    title: `${kind.verb}: ${named(action.databases)}${where}`,
    subject: action.databases.length === 1 ? (action.databases[0] ?? '') : facts.name,
    consequences: [
      ...targets.flatMap((target) => kind.consequences(target, named(target.databases.map(({ database }) => database)))),
      ...passedOver(there, targets, kind, action.members ?? []),
    ],
    checks: (action.members ?? []).map((name) => {
      const member = matrix.members.find((each) => each.name === name);
      const isLive = member?.connection.state === 'live';
      return check(`${name} answers`, isLive, member?.connection.reason ?? 'It is no member.', 'Start it, or bring its host back.');
    }),
    steps: targets.map((target) => workStep(target, kind, withPrimary ? waiter(facts.name, target, kind, context) : null)),
    refusals:
      targets.length > 0
        ? []
        : [
            {
              reason: `There is nothing to do: ${what}${where} ${action.databases.length === 1 ? 'is' : 'are'} ${there.length === 0 ? 'not there' : kind.unfit}.`,
              todo: '',
            },
          ],
    danger: targets.some((target) => kind.danger(target)),
    holds: targets.flatMap(({ id, databases }) => databases.map(({ cell }) => `database ${id}/${cell.name}`)),
    result: `${kind.verb}: done for ${named(action.databases)}${where}.`,
  });
}

function passedOver(there: readonly Target[], targets: readonly Target[], kind: Kind, chosen: readonly string[]): string[] {
  const told = there.filter(({ member }) => chosen.includes(member) || targets.some((each) => each.member === member));
  return told.flatMap(({ member, databases }) => {
    const done = targets.find((each) => each.member === member)?.databases.map(({ database }) => database) ?? [];
    const left = databases.map(({ database }) => database).filter((database) => !done.includes(database));
    return left.length === 0 || targets.length === 0 ? [] : [`Left as it is on ${member}: ${named(left)} (${kind.unfit}).`];
  });
}

const WAIT_MS = 60_000;

/** Waits until the copies on another member have heard what was done on the primary; null: there is nothing to wait for. */
function waiter(mirror: string, target: Target, { waitsFor }: Kind, context: ActionContext): (() => Promise<void>) | null {
  if (waitsFor === undefined || target.isPrimary) return null;
  const wanted = target.databases.map(({ database }) => database);
  const what = `${target.member} has heard of it: ${named(wanted)}`;
  const isThere = (world: World): boolean => {
    const instance = world.hosts.flatMap((host) => host.instances).find(({ id }) => id === target.id);
    const databases = (instance && ownPicture(instance, mirror, true))?.databases ?? [];
    return wanted.every((name) => databases.some((each) => each.name === name && each.status === waitsFor));
  };
  return () => context.hosts.until(isThere, { what, timeoutMs: WAIT_MS, signal: AbortSignal.timeout(2 * WAIT_MS) });
}

function workStep({ host, instance, member, databases }: Target, kind: Kind, wait: (() => Promise<void>) | null): JobStepDefinition {
  const names = databases.map(({ cell }) => cell.name);
  return engineJobStep({
    host,
    instance,
    text: `${kind.verb} on ${member}: ${named(names)}`,
    command: commandOf(instance, names, kind, (args) => host.command(args)),
    begin: async () => {
      await wait?.();
      return host.callInstance(instance, kind.method, { names });
    },
  });
}

function commandOf(instance: string, names: readonly string[], { command, options }: Kind, of: (args: string) => string): string {
  return of(['db', command, instance, ...names.map(quoted), ...(options === undefined ? [] : [options])].join(' '));
}

/** Of any databases of one instance, by their names there. */
export async function instanceDatabaseWork(action: Of<'instanceDatabaseWork'>, context: ActionContext): Promise<Prepared> {
  const { host, facts } = findInstance(context, action.instance);
  const { databases: names, work } = action;
  const kind = kinds[work];
  const known = await listOf(facts, context);
  const mirrored = known.filter((each) => each.mirrored && names.includes(each.name)).map(({ name }) => name);
  const consequences =
    work === 'mount'
      ? [`${named(names)} can be used on ${facts.name} again.`]
      : [
          `Nobody reads or updates ${named(names)} on ${facts.name} until it is mounted, or the instance is started again.`,
          ...(mirrored.length === 0 ? [] : [`Mirrored: ${named(mirrored)}. A backup with a dismounted database does not take over.`]),
        ];
  return prepared(action, {
    title: `${kind.verb} ${named(names)} on ${facts.name}`,
    subject: names.length === 1 ? (names[0] ?? '') : facts.name,
    consequences,
    checks: [runs(facts)],
    steps: [
      engineJobStep({
        host,
        instance: facts.name,
        text: `${kind.verb} ${named(names)}`,
        command: commandOf(facts.name, names, kind, (args) => host.command(args)),
        begin: () => host.callInstance(facts.name, kind.method, { names: [...names] }),
      }),
    ],
    danger: work === 'dismount',
    holds: names.map((name) => `database ${facts.id}/${name}`),
    result: `${kind.verb}: done for ${named(names)} on ${facts.name}.`,
  });
}

/** For plans that need a running instance. */
export function runs({ name, status }: { name: string; status: { state: string } }): Plan['checks'][number] & { todo: string } {
  return check(`${name} is running`, status.state === 'running', `It is ${status.state}.`, 'Start it first.');
}
