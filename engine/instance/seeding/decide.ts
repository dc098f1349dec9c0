import { GemelError } from '../../api/errors.ts';
import type { SeedNews, SeedState } from '../../api/seeding.ts';
import { comparePositions, type Position } from '../../journal/index.ts';
import type { LocalDatabase, SeedAbout } from '../../mirror/index.ts';

/** A database's own journal is replayed rather than its file copied while that is so small. */
const REPLAYED_BYTES_MAX = 16 * 1024 * 1024;

/** What this member has of a database of its mirror. */
export interface CopyHere {
  /** undefined: nothing that could be opened. */
  readonly view: LocalDatabase | undefined;
  /** gemel.cpf says that it has one. */
  readonly isMapped: boolean;
}

export interface SeedHere extends CopyHere {
  /** GUID that the mirror has the database with, as far as this member knows; null: it has none of that name. */
  readonly guid: string | null;
  readonly isPrimary: boolean;
  /** Of the member, for what is to be typed. */
  readonly instance: string;
  /** Of the database in the mirror. */
  readonly database: string;
  /** That it is to have here. */
  readonly name: string;
  /** gemel.cpf has a database of that name. */
  readonly isTaken: boolean;
  readonly directory: string;
  /** A database's file is there. */
  readonly isOccupied: boolean;
  readonly overwrite: boolean;
  /** Why the mirror's journal here does not reach back to where the database was created; null: it does. */
  readonly lacksJournal: string | null;
}

/** How a member gets its copy: an empty one to which the journal brings everything, or a copy of what another member has. */
export type SeedAction = 'create' | 'copy';

/** Throws REFUSED, EXISTS with what to do; TIMEOUT when it may be right a moment later. */
export function decideSeed(about: SeedAbout, here: SeedHere): SeedAction {
  const { database, name, instance, overwrite } = here;
  if (here.guid === null)
    throw new GemelError('NOT_FOUND', `The mirror has no database ${database}.`, 'Nothing was changed.', 'gemel mirror status lists them.');
  if (here.isPrimary)
    throw new GemelError(
      'REFUSED',
      `This member has become primary without a copy of ${database}.`,
      'The members that have one keep it.',
      'Hand over to one of them: gemel mirror switch-over. Then this member makes its copy.',
    );
  if (about.guid !== here.guid)
    throw new GemelError('TIMEOUT', `The two members do not know the same database ${database} yet.`, 'Nothing was changed.', 'Try again.');
  if (!overwrite && (here.view !== undefined || here.isMapped)) throw hasOne(here);
  if (here.view === undefined && !here.isMapped) requireFree(here);
  const canReplay = about.origin === 'created' && here.lacksJournal === null && about.bytes <= REPLAYED_BYTES_MAX;
  if (canReplay && here.view === undefined && !here.isMapped) return 'create';
  if (here.isMapped && !here.isTaken)
    throw new GemelError(
      'REFUSED',
      `gemel.cpf says that ${database} is here as ${name}, and has no database ${name}.`,
      'Nothing was changed.',
      `Correct [MapMirrors] or [Databases] of ${instance}.`,
    );
  return 'copy';
}

function hasOne({ database, instance, view }: SeedHere): GemelError {
  const why = view === undefined ? 'it is not mounted' : wordsOf({ view, isMapped: true }).text;
  return new GemelError(
    'EXISTS',
    `This member has a copy of ${database} already${why === '' ? '' : `: ${why}`}.`,
    'It was not changed.',
    `To replace it by what the mirror has: gemel db seed ${instance} ${database} --overwrite.`,
  );
}

function requireFree({ database, name, instance, isTaken, isOccupied, directory }: SeedHere): void {
  if (isTaken)
    throw new GemelError(
      'EXISTS',
      `The name ${name}, which ${database} has on the member it is taken from, is that of another database here.`,
      'Nothing was changed.',
      `Give its copy another one: gemel db seed ${instance} ${database} --as NAME.`,
    );
  if (isOccupied)
    throw new GemelError(
      'EXISTS',
      `There is a database's file in ${directory} already.`,
      'It was left as it is.',
      `Move it away, or choose another directory: gemel db seed ${instance} ${database} --dir DIRECTORY.`,
    );
}

/** The room that a copy needs. Throws DISK_FULL. @param needed bytes @param free bytes on that disk @param kept bytes that stay free */
export function requireRoom(
  { name, directory, instance, database }: Pick<SeedHere, 'name' | 'directory' | 'instance' | 'database'>,
  { needed, free, kept }: { readonly needed: number; readonly free: number; readonly kept: number },
): void {
  if (needed + kept <= free) return;
  const mb = (bytes: number): number => Math.ceil(bytes / (1024 * 1024));
  throw new GemelError(
    'DISK_FULL',
    `The copy ${name} needs ${mb(needed)} MB in ${directory} while it is made; ${mb(free)} MB are free there, of which ${mb(kept)} MB are kept.`,
    'Nothing was changed.',
    `Free space there, or choose another directory: gemel db seed ${instance} ${database} --dir DIRECTORY.`,
  );
}

/** How the copy stands that a member has. @param goal it is caught up once it has the journal before it; null: now @returns null: it has none */
export function newsOfCopy(copy: CopyHere, goal: Position | null, isStopped: boolean): SeedNews | null {
  if (copy.view === undefined && !copy.isMapped) return null;
  const { state, text } = wordsOf(copy);
  const news = (as: SeedState, said = text): SeedNews => ({ state: as, done: 0, total: null, text: said });
  if (state !== 'caught-up') return news(state);
  const { position } = copy.view ?? { position: null };
  if (goal === null || goal.file === 0 || (position !== null && comparePositions(position, goal) >= 0)) return news('caught-up', '');
  if (isStopped) return news('refused', 'Dejournaling is stopped on this member: gemel mirror dejournal start.');
  return news('catching-up', '');
}

function wordsOf({ view }: CopyHere): { state: SeedState; text: string } {
  const refused = (text: string): { state: SeedState; text: string } => ({ state: 'refused', text });
  if (view === undefined) return refused('its copy is not mounted (messages.log says why)');
  if (view.isObsolete === true) return refused('its copy is obsolete: gemel db seed --overwrite, or gemel db recreate');
  if (!view.mounted) return refused('its copy is dismounted: gemel db mount');
  if (view.needsActivation === true) return refused('its copy needs activation: gemel db activate, then gemel db catchup');
  if (view.halt === 'catching-up') return { state: 'catching-up', text: '' };
  if (view.halt !== undefined || view.isFailed === true) return refused(view.reason ?? 'its copy is not dejournaled: gemel db catchup');
  return { state: 'caught-up', text: '' };
}

// ------------------------------------------------------------ what belongs to a database

export interface Namespaces {
  /** To be made here. */
  readonly make: readonly string[];
  /** What is not, and will not be, as on the other member: sentences. */
  readonly differences: readonly string[];
}

/** @param here namespaces and their default databases */
export function namespacesFor(
  { name: there, namespaces }: Pick<SeedAbout, 'name' | 'namespaces'>,
  name: string,
  member: string,
  here: Readonly<Record<string, string>>,
): Namespaces {
  const make: string[] = [];
  const differences: string[] = [];
  const known = new Map(Object.entries(here).map(([namespace, database]) => [namespace.toUpperCase(), database.toUpperCase()]));
  for (const { name: given, mappings } of namespaces) {
    const namespace = given.toUpperCase();
    const database = known.get(namespace);
    if (database === undefined) make.push(namespace);
    else if (database !== name.toUpperCase())
      differences.push(`The namespace ${namespace}, in which ${there} is the default database on ${member}, has ${database} here.`);
    if (mappings > 0)
      differences.push(
        `The namespace ${namespace} has ${mappings} mappings in gemel.cpf of ${member}, which this version does not make here.`,
      );
  }
  // As a database gets one of its own name, so does one that has another name here.
  const own = name.toUpperCase();
  const hasOwn = namespaces.some((each) => each.name.toUpperCase() === there.toUpperCase());
  if (hasOwn && !known.has(own) && !make.includes(own)) make.push(own);
  return { make, differences };
}

// ------------------------------------------------------------ again

/** What becomes of an attempt that did not come to its end. */
export type After = 'again' | 'anew' | 'give-up';

const passing: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT', 'NOT_RUNNING', 'BUSYLOCK']);
const passingConditions: ReadonlySet<string> = new Set(['SEED_NOT_HERE', 'RESTORE_ROLE_CHANGING']);
/** Another backup may do where this one did not. */
const unfit: ReadonlySet<string> = new Set(['RESTORE_JOURNAL_GONE', 'RESTORE_FORKED']);
/** A backup that arrives damaged again and again is no accident of the way. */
const DAMAGED_MAX = 3;

/** @param damaged how many backups were damaged before */
export function afterFailure({ code, condition }: Pick<GemelError, 'code' | 'condition'>, damaged: number): After {
  if (passing.has(code) || (condition !== null && passingConditions.has(condition.code))) return 'again';
  if (condition !== null && unfit.has(condition.code)) return 'anew';
  if (code === 'DAMAGED') return damaged < DAMAGED_MAX ? 'anew' : 'give-up';
  return 'give-up';
}

/** Whether the wish for a copy is new to this member. @param settled number of the wish that it has fulfilled; undefined: none */
export function isDue(wanted: number | undefined, settled: number | undefined): boolean {
  return wanted !== undefined && (settled === undefined || settled < wanted);
}
