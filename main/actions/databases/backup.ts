import { conditions } from '../../../engine/api/conditions.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { BackupDatabase } from '../../../engine/api/backup.ts';

import type { InstanceFacts } from '../../hosts/index.ts';
import { options, quoted } from '../command-line.ts';
import { findInstance, prepared, type ActionContext, type Of, type Prepared } from '../context.ts';
import { engineJobStep } from '../engine-job.ts';
import { listOf, localTime, named, size } from './targets.ts';
import { tellBackup, tellComparison, tellRestored } from './told.ts';
import { runs } from './work.ts';

const VERIFY_MS = 3_600_000;
const FREEZE_MS = 120_000;

export async function backupDatabases(action: Of<'backupDatabases'>, context: ActionContext): Promise<Prepared> {
  const { host, facts } = findInstance(context, action.instance);
  const { databases, file, level } = action;
  const sizes = (await listOf(facts, context)).filter(({ name }) => databases.includes(name)).map((each) => each.size);
  const all = sizes.reduce((sum, each) => sum + each, 0);
  return prepared(action, {
    title: `Back up ${named(databases)} of ${facts.name}`,
    subject: facts.name,
    consequences: [
      `${named(databases)} (${size(all)}) ${databases.length === 1 ? 'is' : 'are'} copied into ${file} on ${host.known.label} while updates go on.`,
      'All of them are as of one moment. The file is read through once and checked; it is there only when it is whole.',
    ],
    checks: [runs(facts)],
    steps: [
      engineJobStep({
        host,
        instance: facts.name,
        text: `Copy ${named(databases)}`,
        command: host.command(
          `db backup ${facts.name} ${databases.map(quoted).join(' ')} ${options({ to: file, level: level === 1 ? undefined : level })}`,
        ),
        begin: () => host.callInstance(facts.name, 'db.backup', { databases: [...databases], file, level }),
        tell: tellBackup,
      }),
    ],
    holds: [`file ${host.known.id} ${file}`],
    result: `The backup is ${file}.`,
  });
}

export async function restoreDatabases(action: Of<'restoreDatabases'>, context: ActionContext): Promise<Prepared> {
  const { host, facts } = findInstance(context, action.instance);
  const { file, database, as, directory, overwrite } = action;
  const head = await host.backupHead(file);
  const list = await listOf(facts, context);
  const wanted = head.databases.filter(({ name }) => database === undefined || name === database);
  const replaced = overwrite ? wanted.filter(({ name }) => list.some((each) => each.name === (as ?? name).toUpperCase())) : [];
  return prepared(action, {
    title: `Restore ${named(wanted.map(({ name }) => name))} on ${facts.name}`,
    subject: as?.toUpperCase() ?? (wanted.length === 1 ? (wanted[0]?.name ?? '') : facts.name),
    consequences: [
      `The backup is of ${head.instance}, taken ${localTime(head.timeMs)}.`,
      ...wanted.map((each) => whatBecomes(each, facts, as)),
      ...(replaced.length === 0
        ? []
        : [
            `What ${named(replaced.map(({ name }) => as ?? name))} on ${facts.name} has now is replaced by what the backup has, and is gone.`,
          ]),
    ],
    checks: [runs(facts)],
    steps: [
      engineJobStep({
        host,
        instance: facts.name,
        text: `Restore ${named(wanted.map(({ name }) => name))}${as === undefined ? '' : ` as ${as.toUpperCase()}`}`,
        command: host.command(`db restore ${facts.name} ${options({ from: file, db: database, as, overwrite, directory })}`),
        begin: () =>
          host.callInstance(facts.name, 'db.restore', {
            file,
            overwrite,
            ...(database === undefined ? {} : { database }),
            ...(as === undefined ? {} : { as }),
            ...(directory === undefined ? {} : { directory }),
          }),
        tell: tellRestored,
      }),
    ],
    refusals: wanted.some(({ mirror }) => mirror !== null && isPrimaryOf(facts, mirror.name)) ? [onPrimary()] : [],
    danger: replaced.length > 0,
    holds: wanted.map(({ name }) => `database ${facts.id}/${(as ?? name).toUpperCase()}`),
    result: `${named(wanted.map(({ name }) => as?.toUpperCase() ?? name))}: restored on ${facts.name}.`,
  });
}

export function isPrimaryOf({ status }: InstanceFacts, mirror: string): boolean {
  return status.mirrors.some((each) => each.mirror === mirror && each.status === 'Primary');
}

/** The engine's words for what it would refuse. */
export function onPrimary(): { reason: string; todo: string } {
  const { title, means, todo } = conditions.RESTORE_ON_PRIMARY;
  return { reason: `${title}. ${means}`, todo };
}

/** As far as it can be told beforehand; what is refused, the instance says. */
export function whatBecomes(
  backup: Pick<BackupDatabase, 'name' | 'mirror' | 'bytes'>,
  facts: InstanceFacts,
  as: string | undefined,
): string {
  const name = `${backup.name} (${size(backup.bytes)})${as === undefined ? '' : ` as ${as.toUpperCase()}`}`;
  const { mirror } = backup;
  if (mirror === null) return `${name}: as it was at the time of the backup.`;
  return facts.status.mirrors.some((each) => each.mirror === mirror.name)
    ? `${name}: this member’s copy of ${mirror.database} of mirror ${mirror.name}; it is brought up to date from the mirror’s journal.`
    : `${name}: it was a database of mirror ${mirror.name}, which ${facts.name} is not in: read-only until its mirror attribute is removed.`;
}

export function verifyDatabases(action: Of<'verifyDatabases'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { databases } = action;
  return prepared(action, {
    title: `Verify ${named(databases)} of ${facts.name}`,
    subject: facts.name,
    consequences: [`${named(databases)}: every node is read and the structure is checked. Nothing is changed, updates go on.`],
    checks: [runs(facts)],
    steps: databases.map((name) => ({
      text: `Verify ${name}`,
      command: host.command(`db verify ${facts.name} ${quoted(name)}`),
      run: async ({ log }) => {
        const found = await host.callInstance(facts.name, 'db.verify', { name }, VERIFY_MS);
        log(`${found.nodes} nodes, digest ${found.digest}${found.position === '' ? '' : `, at ${found.position} of the journal`}`);
        for (const problem of found.problems) log(problem);
        if (!found.sound)
          throw new GemelError(
            'DAMAGED',
            `Database ${name} is not sound.`,
            'It was not changed.',
            'Restore it from a backup, or from another member of its mirror.',
          );
      },
    })),
    holds: [],
    result: `${named(databases)}: sound.`,
  });
}

export function compareDatabases(action: Of<'compareDatabases'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { mirror, databases, with: other, repair } = action;
  const what = databases === undefined ? 'all mirrored databases' : named(databases);
  const args = [
    `mirror compare ${facts.name}`,
    options({ mirror, with: other, repair }),
    databases === undefined ? '' : `--database ${databases.map(quoted).join(' ')}`,
  ];
  return prepared(action, {
    title: `Compare ${what} on ${facts.name}`,
    subject: mirror,
    consequences: [
      `${what} on ${facts.name} ${databases?.length === 1 ? 'is' : 'are'} compared node by node with ${other ?? 'the primary’s (on the primary: the backup’s)'}, while both work on.`,
      repair ? `What differs on ${facts.name} is made as it is on the primary: what only this copy has is gone.` : 'Nothing is changed.',
    ],
    checks: [runs(facts)],
    steps: [
      engineJobStep({
        host,
        instance: facts.name,
        text: `Compare ${what}`,
        command: host.command(args.filter((word) => word !== '').join(' ')),
        begin: () =>
          host.callInstance(facts.name, 'mirror.compare', {
            mirror,
            repair,
            ...(databases === undefined ? {} : { databases: [...databases] }),
            ...(other === undefined ? {} : { with: other }),
          }),
        tell: tellComparison,
      }),
    ],
    danger: repair,
    holds: [`comparison ${facts.id}`],
    result: repair ? `Every copy on ${facts.name} that was compared is as on the primary.` : 'The copies are the same.',
  });
}

export function freezeDatabases(action: Of<'freezeDatabases'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { databases, timeoutS } = action;
  const what = databases.length === 0 ? 'all databases' : named(databases);
  const isPrimary = facts.status.mirrors.some(({ status }) => status === 'Primary');
  return prepared(action, {
    title: `Freeze ${what} of ${facts.name}`,
    subject: facts.name,
    consequences: [
      `The files of ${what} get no writes for ${timeoutS} s at most, so that something else can make a snapshot of them. Thaw them as soon as it is made.`,
      'Updates go on in memory and in the journal. When that is full they wait.',
      ...(isPrimary ? [`${facts.name} is the primary: if updates have to wait for long, there may be a failover.`] : []),
    ],
    checks: [runs(facts)],
    steps: [
      {
        text: `Freeze ${what}`,
        command: host.command(
          `db freeze ${facts.name} ${databases.length === 0 ? '--all' : databases.map(quoted).join(' ')} --timeout ${timeoutS}`,
        ),
        run: async ({ log }) => {
          const params = { databases: [...databases], timeoutMs: timeoutS * 1000 };
          const frozen = await host.callInstance(facts.name, 'db.freeze', params, FREEZE_MS);
          log(`Frozen until ${localTime(frozen.untilMs)}: ${frozen.databases.join(', ')}.`);
        },
      },
    ],
    danger: isPrimary,
    holds: [`freeze ${facts.id}`],
    result: `Frozen for ${timeoutS} s at most. Make the snapshot, then thaw.`,
  });
}

export function thawDatabases(action: Of<'thawDatabases'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  return prepared(action, {
    title: `Thaw the databases of ${facts.name}`,
    subject: facts.name,
    consequences: ['Database files get writes again. It is said whether any was written to before: then the snapshot is of no use.'],
    checks: [runs(facts)],
    steps: [
      {
        text: 'Thaw',
        command: host.command(`db thaw ${facts.name}`),
        run: async ({ log }) => {
          const done = await host.callInstance(facts.name, 'db.thaw', {}, FREEZE_MS);
          log(done.message);
          if (!done.intact)
            throw new GemelError(
              'REFUSED',
              'Database files were written to while they were frozen.',
              'The databases are sound, and get writes again.',
              'Make the snapshot again; messages.log says what did not wait.',
            );
        },
      },
    ],
    holds: [`freeze ${facts.id}`],
    result: 'Thawed. Nothing was written to the files meanwhile.',
  });
}
