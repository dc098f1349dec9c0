import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { conditionLine } from '../../../api/conditions.ts';
import type { Files } from '../../../io/index.ts';
import type { InstancePaths } from '../../directory.ts';
import type { Log } from '../../messages.ts';
import { updateSettings, type Settings } from '../../settings.ts';

/*
 * A database is deleted in steps of which each can be done again. A note, durable before the first of them, is the moment from which it is
 * gone: an instance that ends in between finishes it at its start. Before that moment nothing has happened to the database.
 */

const Deletion = z.object({
  name: z.string(),
  /** Absolute. */
  directory: z.string(),
});
export type Deletion = z.infer<typeof Deletion>;

export interface DeletionContext {
  readonly io: { readonly files: Files };
  readonly paths: InstancePaths;
  readonly settings: Settings;
}

const NOTE = /^delete-.+\.json$/;

function notePath({ mgr }: InstancePaths, name: string): string {
  return path.join(mgr, `delete-${encodeURIComponent(name)}.json`);
}

/** From now on it is gone. Throws what writing throws; then nothing has happened. */
export function noteDeletion({ io, paths }: DeletionContext, deletion: Deletion): void {
  io.files.atomicWrite(notePath(paths, deletion.name), Buffer.from(`${JSON.stringify(deletion)}\n`));
}

/** Nobody has it open. @returns what could not be removed and is left for a person to remove; null: nothing */
export async function carryOutDeletion({ io, paths, settings }: DeletionContext, { name, directory }: Deletion): Promise<string | null> {
  const change = (before: Settings): Settings => without(before, name);
  Object.assign(settings, change(updateSettings(paths.settings, change, io.files)));
  const left = await removeFiles(directory);
  // A note that stayed could meet another database there.
  io.files.remove(notePath(paths, name));
  io.files.syncDirectory(paths.mgr);
  return left;
}

/** Without the database and the namespaces of which it is the default one. */
export function without(settings: Settings, name: string): Settings {
  const keep = (is: (key: string, value: string) => boolean, table: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(table).filter(([key, value]) => !is(key, value)));
  return {
    ...settings,
    Databases: keep((key) => key.toUpperCase() === name, settings.Databases),
    Namespaces: keep((_, database) => database.toUpperCase() === name, settings.Namespaces),
  };
}

const FILE = 'GEMEL.DAT';

/** What is not the database's stays, with the directory. */
async function removeFiles(directory: string): Promise<string | null> {
  try {
    for (const each of [FILE, `${FILE}-wal`, `${FILE}-shm`, `${FILE}-journal`, `${FILE}.new`])
      await rm(path.join(directory, each), { force: true });
    await rm(path.join(directory, '.restore'), { force: true, recursive: true });
  } catch (error) {
    return `${directory} (${String(error)})`;
  }
  await rmdir(directory).catch(() => undefined);
  return null;
}

/** Finishes what was under way when the instance ended. Before any database is opened. */
export async function finishDeletions(context: DeletionContext & { readonly log: Log }): Promise<void> {
  const { io, paths, log } = context;
  for (const name of io.files.list(paths.mgr).filter((each) => NOTE.test(each))) {
    const deletion = readNote(io.files, path.join(paths.mgr, name));
    if (deletion === null) {
      log(2, `What was to be deleted cannot be read in ${path.join(paths.mgr, name)}: the database was left as it is. Delete it again.`);
      continue;
    }
    const left = await carryOutDeletion(context, deletion);
    const text = `The database ${deletion.name} was being deleted when the instance ended; it is gone now.`;
    log(1, conditionLine('DATABASE_DELETED', text, { database: deletion.name }));
    if (left !== null) log(2, `Files of the deleted database ${deletion.name} cannot be removed: ${left}. Remove them by hand.`);
  }
}

function readNote(files: Files, file: string): Deletion | null {
  try {
    return Deletion.parse(JSON.parse(files.read(file).toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
