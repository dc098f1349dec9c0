import path from 'node:path';
import { z } from 'zod';
import { assert } from '../../io/assert.ts';
import type { Files } from '../../io/index.ts';
import type { InstancePaths } from '../directory.ts';
import type { Log } from '../messages.ts';
import { mirroredHere, updateSettings, type Settings } from '../settings.ts';
import { withDatabase } from '../store/index.ts';

/*
 * A restored database is made beside the one it replaces; a plan, durable, is the moment from which it counts. Each step behind it can
 * be done again, and is when the instance starts: so there is the old copy or the new one, never a half.
 */

const Planned = z.object({
  name: z.string(),
  /** Absolute. */
  directory: z.string(),
  /** As it stands in gemel.cpf. */
  stored: z.string(),
  /** It is not in gemel.cpf yet. */
  isNew: z.boolean(),
  /** A namespace of the same name is made with it. */
  namespace: z.boolean().default(true),
  /** A copy that its mirror's journal brings up to date. */
  mirrored: z.object({ mirror: z.string(), database: z.string() }).nullable(),
});
export type Planned = z.infer<typeof Planned>;
const Plan = z.object({ databases: z.array(Planned) });

const FILE = 'GEMEL.DAT';
/** Directory within that of a database. */
const DRAFT = '.restore';
const FORMER = 'former.DAT';
const NAME = /^restore-[0-9a-f-]+\.json$/;

export function draftDirectory(directory: string): string {
  return path.join(directory, DRAFT);
}

/** From now on it counts. @returns the plan's path */
export function writePlan(files: Files, mgr: string, id: string, databases: readonly Planned[]): string {
  const file = path.join(mgr, `restore-${id}.json`);
  assert(NAME.test(path.basename(file)), 'a plan is found again');
  files.atomicWrite(file, Buffer.from(`${JSON.stringify({ databases })}\n`));
  return file;
}

/** Carries a plan out; nobody has the databases open. Each step may have been done. */
export function carryOutPlan(
  files: Files,
  plan: string,
  databases: readonly Planned[],
  { paths, settings }: { readonly paths: InstancePaths; readonly settings: Settings },
): void {
  for (const { directory } of databases) putInPlace(files, directory);
  const change = (s: Settings): Settings => databases.reduce(withPlanned, s);
  Object.assign(settings, change(updateSettings(paths.settings, change, files)));
  files.remove(plan);
  files.syncDirectory(path.dirname(plan));
}

function putInPlace(files: Files, directory: string): void {
  const draft = path.join(draftDirectory(directory), FILE);
  const target = path.join(directory, FILE);
  if (!files.exists(draft)) return;
  // Of the former one: with the new file they would be a third thing.
  for (const suffix of ['-wal', '-shm']) files.remove(target + suffix);
  // A large file takes long to go: it goes later.
  if (files.exists(target)) files.rename(target, path.join(draftDirectory(directory), FORMER));
  files.syncDirectory(directory);
  files.rename(draft, target);
  files.syncDirectory(directory);
  files.syncDirectory(draftDirectory(directory));
}

function withPlanned(settings: Settings, { name, stored, isNew, namespace, mirrored }: Planned): Settings {
  const added = isNew ? withDatabase(settings, name, stored, namespace) : settings;
  if (mirrored === null) return added;
  const { mirror, database } = mirrored;
  return { ...added, MapMirrors: { ...added.MapMirrors, [mirror]: { ...mirroredHere(added, mirror), [database]: name } } };
}

/** What restores have left when the instance ended is done, and what they had only begun is removed. Before any database is opened. */
export function finishRestores({
  files,
  paths,
  settings,
  log,
}: {
  readonly files: Files;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly log: Log;
}): void {
  for (const name of files.list(paths.mgr).filter((each) => NAME.test(each))) {
    const file = path.join(paths.mgr, name);
    const databases = readPlan(files, file);
    if (databases === null) {
      log(2, `The plan of a restore, ${file}, cannot be read: what it was about was left as it is. Restore it again.`);
      continue;
    }
    carryOutPlan(files, file, databases, { paths, settings });
    log(1, `A restore that was under way when the instance ended was finished: ${databases.map((each) => each.name).join(', ')}.`);
  }
  for (const directory of Object.values(settings.Databases)) removeDrafts(files, path.resolve(paths.directory, directory));
}

function readPlan(files: Files, file: string): Planned[] | null {
  try {
    return Plan.parse(JSON.parse(files.read(file).toString('utf8'))).databases;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** Drafts, and former copies that were replaced. */
export function removeDrafts(files: Files, directory: string): void {
  const draft = draftDirectory(directory);
  for (const name of files.list(draft)) files.remove(path.join(draft, name));
}
