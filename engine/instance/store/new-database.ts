import { GemelError } from '../../api/errors.ts';
import { DatabaseName } from '../../api/names.ts';
import type { Position } from '../../api/status.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Settings } from '../settings.ts';
import type { StoreParts } from './parts.ts';
import type { StoreContext } from './store.ts';

/** Stands in the root of a new file system, such as one for journals only. */
const LOST_AND_FOUND = 'lost+found';

/** What a new database is in its mirror. */
export interface NewMirrored {
  readonly name: string;
  readonly guid: string;
  readonly database: string;
  readonly databaseGuid: string;
  readonly position: Position;
  /** false: it is to be updated here too. */
  readonly failoverDB: boolean;
  /** Makes it one of the mirror, durably, before anything feeds it. After a crash before that it is an ordinary one. Left out: it is one already. */
  readonly join?: (database: OpenDatabase) => void;
}

/** A new instance's settings name a database that is made when it starts for the first time. */
export function firstStart(
  { io, paths, settings }: StoreContext,
  parts: Pick<StoreParts, 'createDatabase'>,
  directoryOf: (configured: string) => string,
): void {
  if (io.files.list(paths.journal).some((name) => name !== LOST_AND_FOUND)) return;
  for (const [name, configured] of Object.entries(settings.Databases)) {
    const directory = directoryOf(configured);
    if (io.files.exists(directory)) continue;
    parts.createDatabase(directory, {
      guid: io.random.guid(),
      name,
      createdMs: io.clock.wallMs(),
      journalId: settings.Startup.InstanceGUID,
    });
  }
}

/** The name as it is kept. Throws NAME, EXISTS. */
export function newName(name: string, { Databases }: Pick<Settings, 'Databases'>): string {
  const parsed = DatabaseName.safeParse(name);
  if (!parsed.success)
    throw new GemelError(
      'NAME',
      `${JSON.stringify(name)} cannot be the name of a database. ${parsed.error.issues[0]?.message ?? ''}`,
      'Nothing was made.',
      'Choose another name.',
    );
  if (Databases[parsed.data] !== undefined)
    throw new GemelError('EXISTS', `There is a database ${parsed.data} already.`, 'It was not changed.', 'Choose another name.');
  return parsed.data;
}

/** @param directory as it stands in gemel.cpf  @param hasNamespace with a namespace of the same name */
export function withDatabase(settings: Settings, name: string, directory: string, hasNamespace: boolean): Settings {
  const { Databases, Namespaces } = settings;
  return {
    ...settings,
    Databases: { ...Databases, [name]: directory },
    Namespaces: hasNamespace ? { ...Namespaces, [name]: name } : Namespaces,
  };
}
