import { conditionLine } from '../../../api/conditions.ts';
import type { InstanceMethods, Parsed } from '../../../api/contract.ts';
import { collations, MEGABYTE, ResourceName, type SharedProperties } from '../../../api/database-properties.ts';
import { GemelError } from '../../../api/errors.ts';
import { sharedOf } from '../../../database/index.ts';
import { isBelow, isSame, propertiesText, synchronised } from '../../../mirror/index.ts';
import type { OpenDatabase } from '../../executor/index.ts';
import { confirmed } from '../confirmed.ts';
import { propertyStanding } from '../editing.ts';
import { valid } from '../valid.ts';
import { asPrimary, memberOfDatabase, mounted, type DatabaseContext, type Here, type Primary } from './context.ts';

type Params = Parsed<InstanceMethods, 'db.set'>;

/**
 * Sets properties of a database: on the primary for every member, elsewhere for the copy here. Throws USAGE, NAME, NOT_FOUND, REFUSED;
 * TIMEOUT: they are set here, and the mirror has not confirmed it.
 */
export async function setProperties(params: Params, context: DatabaseContext): Promise<string> {
  const database = mounted(params.name, context);
  const before = sharedOf(database.nodes.properties);
  const wanted = { ...before, ...changeOf(params, before) };
  const here = database.mirrored && !database.isRetained ? memberOfDatabase(database, context) : null;
  const isApart = here === null || here.host.mirrored.isObsolete(database);
  const text = isApart ? await setAlone(database, wanted, context) : await setMirrored(database, wanted, here, context);
  context.log(1, conditionLine('PROPERTIES_SET', text, { database: database.name }));
  context.changed();
  return text;
}

/** Throws USAGE, NAME, REFUSED. */
function changeOf(params: Params, before: SharedProperties): Partial<SharedProperties> {
  const { maxSizeMB, expansionMB, resource, collation } = params;
  if ([maxSizeMB, expansionMB, resource, collation].every((each) => each === undefined))
    throw new GemelError(
      'USAGE',
      `Nothing was said that should be changed of ${params.name.toUpperCase()}.`,
      'Nothing was changed.',
      'Give --max-size, --expansion-size, --resource or --collation.',
    );
  if (collation !== undefined) requireCollation(collation.toLowerCase(), before);
  return {
    ...(maxSizeMB === undefined ? {} : { maxSizeBytes: maxSizeMB === null ? null : Math.round(maxSizeMB * MEGABYTE) }),
    ...(expansionMB === undefined ? {} : { expansionBytes: Math.round(expansionMB * MEGABYTE) }),
    ...(resource === undefined ? {} : { resource: resource === null ? null : valid(ResourceName, resource, 'a resource') }),
  };
}

/** The order of its nodes is that of its file: it is what it was made with. */
function requireCollation(wanted: string, { collation }: SharedProperties): void {
  if (!collations.includes(wanted))
    throw new GemelError('NAME', `There is no collation ${wanted}.`, 'Nothing was changed.', `There is: ${collations.join(', ')}.`);
  if (wanted === collation) return;
  throw new GemelError(
    'REFUSED',
    `Its nodes stand in the order of the collation ${collation}, which cannot be changed any more.`,
    'Nothing was changed.',
    'Make a new database with the other collation, and copy its globals there.',
  );
}

// ------------------------------------------------------------ one that follows no mirror

async function setAlone(database: OpenDatabase, wanted: SharedProperties, { store }: DatabaseContext): Promise<string> {
  await store.local.setProperties(database, { shared: wanted, isLimited: false });
  if (store.executor.namespaces.isCurrent(database)) {
    database.release();
    database.nodes.refresh();
  }
  return `${has(database)}.${fullness(database)}`;
}

function has({ name, nodes }: OpenDatabase): string {
  return `The database ${name} has ${propertiesText(nodes.properties)}`;
}

function fullness({ nodes }: OpenDatabase): string {
  return nodes.full ? ' It has reached its maximum size: updates that add data are refused.' : '';
}

// ------------------------------------------------------------ a mirrored one

async function setMirrored(database: OpenDatabase, wanted: SharedProperties, here: Here, context: DatabaseContext): Promise<string> {
  const { mirrored } = here.host;
  const halt = mirrored.halt(database);
  if (halt?.is === 'catching-up')
    throw new GemelError('REFUSED', halt.why, 'Nothing was changed.', 'Try again when that is over: gemel job list.');
  const primary = asPrimary(here);
  if (primary !== null) return setForAll(database, wanted, primary);
  if (here.host.writer !== null)
    throw new GemelError(
      'REFUSED',
      'This member is becoming primary, or handing over.',
      'Nothing was changed.',
      'Try again when that is over.',
    );
  return setCopy(database, wanted, here, context);
}

/** The mirror has it first: whoever ends in between finds it there, and brings it into the file. */
async function setForAll(database: OpenDatabase, wanted: SharedProperties, { member, host, writer }: Primary): Promise<string> {
  const { mirror, guid } = database;
  const name = mirror?.database ?? '';
  await host.mirrored.properties.setForAll(database, wanted, () =>
    member.changeMembership((m) => ({
      ...m,
      databases: m.databases.map((each) => (each.name === name && each.guid === guid ? { ...each, properties: wanted } : each)),
    })),
  );
  await confirmed(member, writer, name, unconfirmedProperties);
  return `${has(database)}. Connected members have the same, the others get it when they connect; asyncs keep larger sizes and their own resource.${fullness(database)}`;
}

function unconfirmedProperties(database: string, why: string): GemelError {
  return new GemelError(
    'TIMEOUT',
    `The properties of ${database} are set here, but the mirror has not confirmed it: ${why}.`,
    'Whether they stay so depends on which member goes on as primary.',
    'When the mirror has a working primary, see gemel db show there.',
  );
}

/** Of the copy here alone. While its member is connected the mirror's count, as far as it does not leave them to the copy. */
async function setCopy(
  database: OpenDatabase,
  wanted: SharedProperties,
  { member, host }: Here,
  context: DatabaseContext,
): Promise<string> {
  const { mirror, guid } = database;
  const theirs = member.membership.databases.find((each) => each.name === mirror?.database && each.guid === guid)?.properties;
  const { isFollowing, isAsync } = propertyStanding(member);
  const after = theirs === undefined || !isFollowing ? wanted : synchronised(wanted, theirs, isAsync);
  const isOwnLimit = isBelow(after.maxSizeBytes, theirs?.maxSizeBytes ?? null);
  await host.mirrored.properties.set(database, after, isOwnLimit);
  const told = [`${has(database)} on this member.`];
  if (!isSame(wanted, after))
    told.push(`What differs from what was wanted follows the primary: set it there (${propertiesText(after, wanted)}).`);
  if (!isFollowing) told.push('When it is connected, the mirror’s count again.');
  const apart = host.mirrored.whyApart(database);
  if (apart !== null && context.store.executor.namespaces.isCurrent(database)) told.push('It is not dejournaled now: gemel db catchup.');
  return told.join(' ');
}
