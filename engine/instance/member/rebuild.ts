import path from 'node:path';
import { z } from 'zod';
import { GemelError } from '../../api/errors.ts';
import type { Io } from '../../io/index.ts';
import type { Net } from '../../io/net.ts';
import { journalDirectories } from '../../journal/index.ts';
import { askPrimary, newDurable, type Membership, type MirrorRecord } from '../../mirror/index.ts';
import type { InstancePaths } from '../directory.ts';
import { mirroredHere, type Settings } from '../settings.ts';
import type { StoreParts } from '../store/index.ts';

const DATABASE_FILE = 'GEMEL.DAT';
const ASIDE = 'before-rebuild-';

const Place = z.object({ file: z.number(), offset: z.number() });

/** What is to be done of a rebuilding: durable before the first of it, gone when the member can join as a new one. */
const Plan = z.object({
  /** Names what is set aside. */
  name: z.string(),
  databases: z.array(
    z.object({
      name: z.string(),
      directory: z.string(),
      mirrorDatabase: z.string(),
      guid: z.string(),
      created: Place,
      maxSizeBytes: z.number().nullable(),
    }),
  ),
});
export type RebuildPlan = z.infer<typeof Plan>;

export interface RebuildContext {
  readonly io: Io;
  readonly net: Net;
  readonly paths: InstancePaths;
  readonly settings: Settings;
  readonly directoryOf: (configured: string) => string;
  readonly createDatabase: StoreParts['createDatabase'];
  /** Bytes that a mounted database may have; null: no limit, or it is not mounted. */
  readonly maxSizeOf: (name: string) => number | null;
}

function planPath({ mgr }: InstancePaths, mirror: string): string {
  return path.join(mgr, `rebuild-${mirror}.json`);
}

/**
 * Step 1: the mirror works, and what this member needs can come from it.
 * @param from name of the member that is to be rebuilt from; undefined: whichever is primary
 * @throws GemelError REFUSED
 */
export async function planRebuild(context: RebuildContext, record: MirrorRecord, from: string | undefined): Promise<RebuildPlan> {
  const { io, net, settings } = context;
  const { mirror } = record.membership;
  const primary = await askPrimary({ net, clock: io.clock }, record.membership, record.self);
  const name = primary.membership.members.find(({ guid }) => guid === primary.member)?.name ?? primary.member;
  if (from !== undefined && from.toUpperCase() !== name)
    throw refused(`Journal comes from the primary, which is ${name} and not ${from.toUpperCase()}.`, { primary: name });
  const here = mirroredHere(settings, mirror);
  const databases = primary.membership.databases.flatMap((each) => {
    const local = here[each.name];
    if (local === undefined) return [];
    requireJournal(each, primary.first, name);
    const directory = context.directoryOf(settings.Databases[local] ?? local.toLowerCase());
    return [
      { name: local, directory, mirrorDatabase: each.name, guid: each.guid, created: each.created, maxSizeBytes: context.maxSizeOf(local) },
    ];
  });
  return { name: new Date(io.clock.wallMs()).toISOString().replaceAll(/[-:]|\.\d+/g, ''), databases };
}

function requireJournal({ name, created, origin }: Membership['databases'][number], first: number, primary: string): void {
  if (origin === 'added')
    throw refused(
      `The database ${name} was added to the mirror with data that the mirror's journal does not have: it cannot be built anew from that.`,
      { database: name },
      `Make its copy here an ordinary database (gemel db remove-from-mirror), rebuild, and then restore a backup of it from the primary, or copy its file, and gemel db catchup.`,
    );
  if (first <= Math.max(1, created.file)) return;
  const text = `The database ${name} was created in journal file ${created.file}, and the primary ${primary} has the journal from file ${first} on only.`;
  throw refused(text, { database: name, created: created.file, first });
}

function refused(
  what: string,
  facts: Record<string, string | number>,
  todo = 'Bring the journal files back to the primary. Rebuilding from a backup of the primary is not built yet.',
): GemelError {
  return new GemelError('REFUSED', what, 'Nothing was changed.', todo, { code: 'REBUILD_REFUSED', facts });
}

/** From here on it is carried out, also after the end of the process. */
export function beginRebuild({ io, paths }: RebuildContext, mirror: string, plan: RebuildPlan): void {
  io.files.atomicWrite(planPath(paths, mirror), Buffer.from(JSON.stringify(plan)));
}

/** What an earlier process has begun; null: nothing. Throws DAMAGED. */
export function rebuildUnderWay({ io, paths }: Pick<RebuildContext, 'io' | 'paths'>, mirror: string): RebuildPlan | null {
  const file = planPath(paths, mirror);
  if (!io.files.exists(file)) return null;
  const parsed = Plan.safeParse(JSON.parse(io.files.read(file).toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new GemelError('DAMAGED', `${file} is damaged.`, 'It was left as it is.', 'Remove it and give gemel mirror rebuild again.');
}

/**
 * Steps 2 to 4, with nothing of the mirror open here: journal and databases are set aside, databases of the same identity are
 * made. Each step can be done again.
 */
export function carryOutRebuild(context: RebuildContext, record: MirrorRecord, plan: RebuildPlan): void {
  setJournalAside(context, record.membership.mirror, plan.name);
  for (const database of plan.databases) {
    setDatabaseAside(context, database.directory, plan.name);
    makeAnew(context, record.membership, database);
  }
}

/** Where things are moved to. */
export function asideOf({ io, paths }: RebuildContext, mirror: string, { name, databases }: RebuildPlan): string[] {
  const journals = journalDirectories(io.files, paths.journal).map((place) => journalAside(place, mirror, name));
  return [
    ...journals.filter((each, n) => n === 0 || io.files.exists(each)),
    ...databases.map(({ directory }) => path.join(directory, ASIDE + name)),
  ];
}

function journalAside(journal: string, mirror: string, name: string): string {
  return path.join(journal, `MIRROR-${mirror}-${ASIDE}${name}`);
}

/** The rebuilding is over: the member may join. */
export function endRebuild({ io, paths }: Pick<RebuildContext, 'io' | 'paths'>, mirror: string): void {
  io.files.remove(planPath(paths, mirror));
  io.files.syncDirectory(paths.mgr);
}

/** It holds no right of earlier times and asks the others first; what it knows of them it keeps. */
export function rebuiltRecord({ self, membership, durable, dejournaling, filter }: MirrorRecord): MirrorRecord {
  return { self, membership, durable: { ...newDurable, seen: durable.seen }, dejournaling, filter };
}

/** The journal's own files; reports of lost updates and side files stay where they are. */
function setJournalAside({ io: { files }, paths }: RebuildContext, mirror: string, name: string): void {
  const own = new RegExp(`^MIRROR-${mirror}(-\\d{8}\\.\\d{3,}|\\.hint|\\.spare|-cut\\.json|-rewind\\.json)$`);
  for (const place of journalDirectories(files, paths.journal)) {
    const aside = journalAside(place, mirror, name);
    const found = files.list(place).filter((entry) => own.test(entry));
    if (found.length === 0 && place !== paths.journal) continue;
    files.makeDirectory(aside);
    for (const each of found) files.rename(path.join(place, each), path.join(aside, each));
    files.syncDirectory(aside);
    files.syncDirectory(place);
  }
}

/** Everything in its directory, the database's file last: once that is set aside, all is. */
function setDatabaseAside({ io: { files } }: RebuildContext, directory: string, name: string): void {
  const aside = path.join(directory, ASIDE + name);
  if (files.exists(path.join(aside, DATABASE_FILE))) return;
  files.makeDirectory(aside);
  const entries = files.list(directory).filter((entry) => !entry.startsWith(ASIDE));
  for (const each of entries.toSorted((a, b) => Number(a === DATABASE_FILE) - Number(b === DATABASE_FILE)))
    files.rename(path.join(directory, each), path.join(aside, each));
  files.syncDirectory(aside);
  files.syncDirectory(directory);
}

function makeAnew({ io, createDatabase }: RebuildContext, { mirror, guid }: Membership, database: RebuildPlan['databases'][number]): void {
  const { directory, name, mirrorDatabase, created, maxSizeBytes } = database;
  if (io.files.exists(path.join(directory, DATABASE_FILE))) return;
  createDatabase(directory, {
    guid: database.guid,
    name,
    createdMs: io.clock.wallMs(),
    mirror: { name: mirror, database: mirrorDatabase, guid, failoverDB: true },
    maxSizeBytes,
    journalId: guid,
    position: created.file === 0 ? null : created,
  });
}
