import type { ActionInput, DatabaseCell, DatabaseMatrix, DatabaseMember, DatabaseWork } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';
import type { Offer } from './offers.ts';

type NeedKind = keyof typeof strings.databases.need;
export type DatabaseRow = DatabaseMatrix['rows'][number];

/** Something that keeps databases of one member from following the mirror, with what mends it. */
export interface Need {
  readonly id: string;
  readonly severity: 'attention' | 'bad';
  readonly text: string;
  readonly databases: readonly string[];
  readonly offer: Offer;
}

const text = strings.databases;

const needOf: Partial<Record<NonNullable<DatabaseCell['status']>, NeedKind>> = {
  Missing: 'missing',
  'Needs Activation': 'activate',
  'Needs Catchup': 'catchup',
  'Dejournaling Stopped': 'catchup',
  'Database Dismounted': 'mount',
  Obsolete: 'obsolete',
};
const works: Record<Exclude<NeedKind, 'missing'>, DatabaseWork> = {
  activate: 'activate',
  catchup: 'catchup',
  mount: 'mount',
  obsolete: 'recreate',
};
const order: readonly NeedKind[] = ['missing', 'mount', 'catchup', 'activate', 'obsolete'];

/** What needs doing, worst first: each kind of need of each member that reports now, for all its databases at once. */
export function needsOf(matrix: DatabaseMatrix): Need[] {
  const needs = matrix.members.flatMap((member, n) => {
    if (member.connection.state !== 'live') return [];
    return order.flatMap((kind) => {
      const databases = matrix.rows.filter(({ cells }) => kindOf(cells[n]) === kind).map(({ database }) => database);
      return databases.length === 0 ? [] : [need(matrix.mirror, member, kind, databases)];
    });
  });
  return needs.toSorted((a, b) => Number(b.severity === 'bad') - Number(a.severity === 'bad'));
}

function need(mirror: string, member: DatabaseMember, kind: NeedKind, databases: readonly string[]): Need {
  return {
    id: `${member.name} ${kind}`,
    severity: kind === 'missing' || kind === 'mount' ? 'bad' : 'attention',
    text: text.need[kind](databases.length, member.name),
    databases,
    offer: fixOffer(mirror, member.name, kind, databases),
  };
}

function kindOf(cell: DatabaseCell | undefined): NeedKind | null {
  return cell?.status ? (needOf[cell.status] ?? null) : null;
}

/** What mends a database on one member; null: nothing is wrong there, or it is not known. */
export function fixOf(mirror: string, member: DatabaseMember, { database, cells }: DatabaseRow, at: number): Offer | null {
  const kind = kindOf(cells[at]);
  return kind === null || member.connection.state !== 'live' ? null : fixOffer(mirror, member.name, kind, [database]);
}

function fixOffer(mirror: string, member: string, kind: NeedKind, databases: readonly string[]): Offer {
  const verb = text.fix[kind];
  const named = databases.length === 1 ? (databases[0] ?? '') : String(databases.length);
  const action: ActionInput =
    kind === 'missing'
      ? { action: 'copyDatabases', mirror, member, databases: [...databases] }
      : { action: 'mirrorDatabaseWork', mirror, work: works[kind], databases: [...databases], members: [member] };
  return { action, verb, title: `${verb} ${named} on ${member}`, danger: false };
}

/** What can be done with chosen databases. @param member null: on each member that needs it */
export function workOffers(mirror: string, databases: readonly string[], member: string | null): { plain: Offer[]; danger: Offer[] } {
  const offer = (work: DatabaseWork, danger: boolean): Offer => ({
    action: { action: 'mirrorDatabaseWork', mirror, work, databases: [...databases], ...(member === null ? {} : { members: [member] }) },
    verb: text.work[work],
    title: text.work[work],
    danger,
  });
  return {
    plain: (['mount', 'activate', 'catchup', 'pauseDejournal'] as const).map((work) => offer(work, false)),
    danger: (['dismount', 'markCaughtUp', 'recreate', 'removeFromMirror'] as const).map((work) => offer(work, true)),
  };
}

/** Rows whose name has what was typed, in the order of the matrix. */
export function rowsWith(matrix: DatabaseMatrix, filter: string): readonly DatabaseRow[] {
  const typed = filter.trim().toUpperCase();
  return typed === '' ? matrix.rows : matrix.rows.filter(({ database }) => database.toUpperCase().includes(typed));
}
