import path from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { Io } from '../../io/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { MirrorService } from '../member/index.ts';
import type { Log } from '../messages.ts';
import type { Settings } from '../settings.ts';
import type { Feed, Store } from '../store/index.ts';

export interface BackupContext {
  readonly io: Io;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly log: Log;
  readonly store: Store;
  readonly mirror: MirrorService;
  readonly resetClients: () => void;
}

/** What feeds a database; null: nothing does, its file stays as it is. Throws REFUSED when its member takes no part. */
export function feedOf(database: OpenDatabase, { store, mirror }: BackupContext): Feed | null {
  if (database.isRetained) return null;
  if (!database.fedByMirror) return store.local;
  const place = mirror.places.find((each) => each.mirror === database.mirror?.name);
  if (place?.host !== null && place !== undefined) return place.host.mirrored.feed;
  throw new GemelError(
    'REFUSED',
    `This member takes no part in the mirror ${database.mirror?.name ?? ''} now.`,
    'Nothing was changed.',
    'See gemel mirror status, or do it on another member.',
  );
}

/** Throws NOT_FOUND. */
export function mounted(name: string, { store }: Pick<BackupContext, 'store'>): OpenDatabase {
  const found = store.executor.namespaces.find(name);
  if (found !== undefined) return found;
  throw new GemelError('NOT_FOUND', `There is no mounted database ${name.toUpperCase()}.`, 'Nothing was changed.', 'See gemel db list.');
}

/** Throws USAGE when a file's path is not absolute. */
export function absolute(file: string): string {
  if (path.isAbsolute(file)) return path.resolve(file);
  throw new GemelError('USAGE', `The path ${file} is not absolute.`, 'Nothing was done.', 'Give the whole path of the file.');
}

/** Directories that the instance writes to. */
export function placesOf({ paths, store }: BackupContext): string[] {
  const { alternate } = store.writing;
  const other = alternate === null ? [] : [alternate.directory.path];
  return [paths.journal, ...other, paths.mgr, ...store.executor.namespaces.all().map(({ directory }) => directory)];
}
