import type { InstanceMethods, Parsed } from '../../api/contract.ts';
import { GemelError } from '../../api/errors.ts';
import { MirrorDatabaseName } from '../../api/names.ts';
import { Mirror, type AsyncMember, type MirrorDatabase } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import { confirmed, unconfirmedDatabase } from './confirmed.ts';
import { joinMirror, refuseSystem, requireCreatable } from './databases/index.ts';
import type { MemberHost } from './host.ts';
import { rememberMirrored } from './map-mirrors.ts';
import type { MirrorServiceContext } from './service.ts';
import { valid } from './valid.ts';

/**
 * Makes a mirrored database: first on the primary, then by the same mirror name on the others. On the primary it resolves once the
 * mirror has it: an active backup that takes over knows it. Throws NAME, EXISTS, REFUSED; TIMEOUT: it was made, and may be in the mirror.
 */
export async function createMirrored(
  params: Parsed<InstanceMethods, 'db.create'>,
  member: Mirror | AsyncMember,
  host: MemberHost | null,
  context: Pick<MirrorServiceContext, 'io' | 'store' | 'settings' | 'paths'>,
): Promise<OpenDatabase> {
  const { store, io } = context;
  const place = store.checkNew(params.name, params.directory);
  refuseSystem(place.name);
  const database = valid(MirrorDatabaseName, params.mirrorDatabase ?? place.name, 'a mirror database');
  const { membership } = member;
  const known = membership.databases.find((d) => d.name === database);
  const { writer } = member.journal;
  const isPrimary = member instanceof Mirror && member.state.role.is === 'primary' && writer !== null;
  if (isPrimary && known !== undefined)
    throw new GemelError(
      'EXISTS',
      `The mirror ${membership.mirror} has a database ${database} already.`,
      'Nothing was made.',
      'Choose another mirror database name.',
    );
  if (!isPrimary && params.wholeMirror)
    throw new GemelError(
      'REFUSED',
      'A database is made for the whole mirror on the primary.',
      'Nothing was made.',
      'gemel mirror status shows which member is primary; for a copy here alone leave --whole-mirror out, or use gemel db seed.',
    );
  if (!isPrimary && known === undefined)
    throw new GemelError(
      'REFUSED',
      `The mirror ${membership.mirror} has no database ${database}.`,
      'Nothing was made.',
      'Create it on the primary first; the names known here come from the primary.',
    );
  if (!isPrimary && known !== undefined && host !== null) {
    requireNoCopy(database, host);
    requireCreatable(known, host);
  }
  // Only on a read-write reporting member it is not set from the beginning.
  const failoverDB = member instanceof Mirror || member.self.type !== 'Read-Write Reporting';
  const entry: MirrorDatabase = known ?? {
    name: database,
    guid: io.random.guid(),
    created: writer?.end ?? { file: 1, offset: 0 },
    origin: 'created',
    ...(params.wholeMirror ? { wanted: 1 } : {}),
  };
  const join = isPrimary && host !== null ? (created: OpenDatabase): void => joinMirror(created, entry, { member, host }) : undefined;
  const made = await store.create({
    ...place,
    namespace: params.namespace,
    maxSizeMB: params.maxSizeMB,
    mirror: {
      name: membership.mirror,
      guid: membership.guid,
      database,
      databaseGuid: entry.guid,
      position: entry.created,
      failoverDB,
      ...(join === undefined ? {} : { join }),
    },
  });
  rememberMirrored(membership.mirror, [made], context);
  if (!failoverDB) host?.feedReadWrite(made);
  if (isPrimary) {
    if (member.journal.writer !== writer) throw unconfirmedDatabase(database, 'this member is no longer primary');
    await confirmed(member, writer, database);
  } else if (member instanceof Mirror) member.peers.applyDurable();
  else member.dejournaler.apply();
  return made;
}

/** Throws EXISTS. */
function requireNoCopy(database: string, host: MemberHost): void {
  const copy = host.databases().find(({ name }) => name === database);
  if (copy === undefined) return;
  throw new GemelError(
    'EXISTS',
    `This member has a copy of ${database} already, in ${copy.directory}.`,
    'Nothing was made.',
    copy.isObsolete === true ? 'It is obsolete: gemel db recreate.' : 'gemel mirror status shows what it is.',
  );
}
