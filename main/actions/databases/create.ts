import { GemelError } from '../../../engine/api/errors.ts';
import type { InstanceFacts } from '../../hosts/index.ts';
import type { JobStepDefinition } from '../../jobs/index.ts';
import { livePrimaries, ownPicture, statusOfSelf, type MirrorFacts } from '../../view/index.ts';
import { options, quoted } from '../command-line.ts';
import { check, findInstance, findMirror, prepared, type ActionContext, type Check, type Of, type Prepared } from '../context.ts';
import { engineJobStep } from '../engine-job.ts';
import { copySteps, followStep, reachable } from './copies.ts';
import { databasesNamed, freshMatrix, named } from './targets.ts';
import { runs } from './work.ts';

const CALL_MS = 120_000;
const KNOWN_MS = 60_000;

/** Makes a database; a mirrored one on the primary first, then, member by member, on the others. */
export function createDatabase(action: Of<'createDatabase'>, context: ActionContext): Prepared {
  const { facts } = findInstance(context, action.instance);
  const name = action.name.toUpperCase();
  const { mirrored } = action;
  const mirror = mirrored === null ? null : findMirror(context, mirrored.mirror);
  const database = (mirrored?.database ?? name).toUpperCase();
  const others = mirror === null ? [] : chosen(mirror, mirrored?.members ?? []);
  return prepared(action, {
    title: `Create database ${name}`,
    subject: name,
    consequences: [
      `${facts.name} gets an empty database ${name}${action.namespace ? ', and a namespace of the same name' : ''}.`,
      ...(mirror === null ? [] : [`It is in mirror ${mirror.name} as ${database}: every update of it goes to all members that have it.`]),
      ...(others.length === 0 ? [] : [`Copies are made at once on ${named(others.map((each) => each.name))}.`]),
      ...lacking(mirror, [facts.id, ...others.map(({ instance }) => instance.id)], database),
    ],
    checks: [runs(facts), ...(mirror === null ? [] : [isPrimary(facts, mirror), ...answer(mirror, mirrored?.members ?? [])])],
    steps: [
      createStep(action, name, facts, context),
      ...others.flatMap(({ name: member, instance }) => [
        heardStep(mirrored?.mirror ?? '', member, instance, database, context),
        createStep({ ...action, directory: undefined }, name, instance, context),
        followStep(mirrored?.mirror ?? '', member, instance, [database], context),
      ]),
    ],
    holds: [facts, ...others.map(({ instance }) => instance)].map(({ id }) => `database ${id}/${name}`),
    result:
      others.length === 0
        ? `Database ${name} exists on ${facts.name}.`
        : `Database ${name} exists on ${named([facts.name, ...others.map((each) => each.name)])}.`,
  });
}

function createStep(
  { namespace, maxSizeMB, mirrored, directory }: Of<'createDatabase'>,
  name: string,
  instance: InstanceFacts,
  context: ActionContext,
): JobStepDefinition {
  const host = context.hosts.get(instance.host);
  const place = mirrored === null ? {} : { mirror: mirrored.mirror, mirrorDatabase: mirrored.database };
  const given = {
    mirrored: mirrored !== null,
    mirror: place.mirror,
    'mirror-db': place.mirrorDatabase,
    'max-size': maxSizeMB,
    dir: directory,
    'no-namespace': !namespace,
  };
  return {
    text: `Create ${name} on ${instance.name}`,
    command: host.command(`db create ${instance.name} ${name} ${options(given)}`.trim()),
    run: async ({ log }) => {
      const params = { name, mirrored: mirrored !== null, namespace, maxSizeMB, directory, ...place };
      const made = await host.callInstance(instance.name, 'db.create', params, CALL_MS);
      log(`It is in ${made.directory}.`);
    },
  };
}

/** The name comes to the others from the primary. */
function heardStep(mirror: string, member: string, { id }: InstanceFacts, database: string, context: ActionContext): JobStepDefinition {
  const text = `Wait until ${member} has heard of ${database}`;
  return {
    text,
    command: null,
    cancellable: true,
    run: async ({ signal }) =>
      context.hosts.until(
        (world) => {
          const instance = world.hosts.flatMap((host) => host.instances).find((each) => each.id === id);
          const picture = instance && ownPicture(instance, mirror, true);
          return picture?.missingDatabases.includes(database) === true;
        },
        { what: text, timeoutMs: KNOWN_MS, signal },
      ),
  };
}

/** Databases that the primary has become the mirror's; other members get copies of them. */
export function addDatabases(action: Of<'addDatabases'>, context: ActionContext): Prepared {
  const mirror = findMirror(context, action.mirror);
  const primary = requirePrimary(mirror);
  const host = context.hosts.get(primary.host);
  const names = action.databases.map(({ name }) => name);
  const databases = action.databases.map(({ name, mirrorDatabase }) => ({ name, database: (mirrorDatabase ?? name).toUpperCase() }));
  const members = chosen(mirror, action.members);
  return prepared(action, {
    title: `Add ${named(names)} to mirror ${mirror.name}`,
    subject: mirror.name,
    consequences: [
      `On ${primary.name}, the primary, ${databasesNamed(names)} ${names.length === 1 ? 'becomes a mirrored database' : 'become mirrored databases'} with what ${names.length === 1 ? 'it has' : 'they have'}; updates go on.`,
      ...(members.length === 0 ? [] : [`Copies are made on ${named(members.map((each) => each.name))} and brought up to date.`]),
      ...lacking(mirror, [primary.id, ...members.map(({ instance }) => instance.id)], named(databases.map(({ database }) => database))),
      'Namespaces and their mappings, users and tasks are not mirrored: make those that belong to the databases on the other members, too.',
    ],
    checks: answer(mirror, action.members),
    steps: [
      engineJobStep({
        host,
        instance: primary.name,
        text: `Add ${named(names)} to ${mirror.name} on ${primary.name}`,
        command: host.command(`db add-to-mirror ${primary.name} ${names.map(quoted).join(' ')} --mirror ${mirror.name}`),
        begin: () => host.callInstance(primary.name, 'db.addToMirror', { mirror: mirror.name, databases: action.databases }),
      }),
      ...copySteps({ facts: mirror, primary, databases, members }, context),
    ],
    holds: databases.flatMap(({ name, database }) => [`database ${primary.id}/${name}`, `copies of ${mirror.name} ${database}`]),
    result: `${named(names)}: in mirror ${mirror.name}.`,
  });
}

/** A member gets copies of databases of the mirror that it lacks. */
export async function copyDatabases(action: Of<'copyDatabases'>, context: ActionContext): Promise<Prepared> {
  const mirror = findMirror(context, action.mirror);
  const primary = requirePrimary(mirror);
  const matrix = await freshMatrix(mirror, context);
  const at = matrix.members.findIndex(({ instance }) => instance === primary.id);
  const databases = action.databases.map((database) => ({
    database,
    name: matrix.rows.find((row) => row.database === database)?.cells[at]?.name ?? database,
  }));
  const members = chosen(mirror, [action.member]);
  return prepared(action, {
    title: `Make copies on ${action.member}: ${named(action.databases)}`,
    subject: mirror.name,
    consequences: [
      `${action.member} gets its ${action.databases.length === 1 ? 'copy' : 'copies'} of ${named(action.databases)} from ${primary.name}, and then everything that was updated meanwhile.`,
      `${primary.name} goes on taking updates; the copying reads its disk.`,
    ],
    checks: answer(mirror, [action.member]),
    steps: copySteps({ facts: mirror, primary, databases, members }, context),
    holds: databases.map(({ database }) => `copies of ${mirror.name} ${database}`),
    result: `${action.member} has its ${action.databases.length === 1 ? 'copy' : 'copies'} of ${named(action.databases)}.`,
  });
}

function requirePrimary(mirror: MirrorFacts): InstanceFacts {
  const [primary] = livePrimaries(mirror);
  if (primary !== undefined) return primary;
  throw new GemelError(
    'REFUSED',
    `No member of ${mirror.name} that answers is primary.`,
    'Nothing was changed.',
    'Start the members, or wait until one is primary.',
  );
}

function chosen(mirror: MirrorFacts, names: readonly string[]): { name: string; instance: InstanceFacts }[] {
  return reachable(mirror).filter(({ name }) => names.includes(name));
}

function answer(mirror: MirrorFacts, names: readonly string[]): Check[] {
  const there = reachable(mirror).map(({ name }) => name);
  return names.map((name) => check(`${name} answers`, there.includes(name), 'It cannot be reached now.', 'Start it, or leave it out.'));
}

function isPrimary(facts: InstanceFacts, mirror: MirrorFacts): Check {
  const status = statusOfSelf(ownPicture(facts, mirror.name, true));
  return check(
    `${facts.name} is primary of ${mirror.name}`,
    status === 'Primary',
    `It is ${status ?? 'not reporting'}.`,
    'Choose the primary.',
  );
}

/** Members that have to have it, and get none now. */
function lacking(mirror: MirrorFacts | null, have: readonly string[], database: string): string[] {
  if (mirror === null) return [];
  const there = new Set(reachable(mirror).flatMap(({ name, instance }) => (have.includes(instance.id) ? [name] : [])));
  const without = (mirror.source?.mirror.members ?? [])
    .filter(({ name, type }) => !there.has(name) && (type === 'Failover' || type === 'Disaster Recovery'))
    .map(({ name }) => name);
  return without.length === 0 ? [] : [`${named(without)} then lacks ${database}: a backup without it does not take over.`];
}
