import { join } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import type { Position } from '../../api/status.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { Feed, FilesHeld } from '../store/index.ts';
import { feedOf, type BackupContext } from './context.ts';

/** A database whose file stays as it is. */
export interface HeldDatabase {
  readonly database: OpenDatabase;
  /** Of its file. */
  readonly path: string;
  readonly position: Position | null;
  readonly openStart: Position | null;
}

export interface HeldDatabases {
  readonly databases: readonly HeldDatabase[];
  /** @returns whether no file was changed. To be called once. */
  release(): Promise<boolean>;
}

export function fileOf({ directory }: OpenDatabase): string {
  return join(directory, 'GEMEL.DAT');
}

/**
 * Brings databases to a position, those of one journal to the same one, and keeps their files as they are there.
 * @param rests also nothing is written beside the files
 * @throws GemelError when one of them takes no updates any more; then none is held
 */
export async function holdDatabases(all: readonly OpenDatabase[], rests: boolean, context: BackupContext): Promise<HeldDatabases> {
  const byFeed = new Map<Feed | null, OpenDatabase[]>();
  for (const database of all) {
    const feed = feedOf(database, context);
    byFeed.set(feed, [...(byFeed.get(feed) ?? []), database]);
  }
  const held: FilesHeld[] = [];
  const release = async (): Promise<boolean> => (await Promise.all(held.map((each) => each.release()))).every((isIntact) => isIntact);
  const databases: HeldDatabase[] = [];
  try {
    for (const [feed, ofFeed] of byFeed) {
      const files = feed === null ? null : await feed.hold(ofFeed, rests);
      if (files !== null) held.push(files);
      for (const database of ofFeed) databases.push(place(database, files));
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { databases: all.map((database) => found(databases, database)), release };
}

function place(database: OpenDatabase, files: FilesHeld | null): HeldDatabase {
  const own = files?.files.find(({ name }) => name === database.journalName);
  const { position, openStart } = own ?? database.nodes.meta();
  return { database, path: fileOf(database), position, openStart };
}

function found(databases: readonly HeldDatabase[], wanted: OpenDatabase): HeldDatabase {
  const held = databases.find(({ database }) => database === wanted);
  if (held === undefined) throw new GemelError('INTERNAL', `The database ${wanted.name} was not held.`);
  return held;
}
