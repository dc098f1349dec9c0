import type { DatabaseView } from '../../../engine/api/status.ts';
import type { DatabaseCell, DatabaseMatrix } from '../../contract/index.ts';
import type { Host, InstanceFacts } from '../../hosts/index.ts';
import { matrixOf, type MirrorFacts } from '../../view/index.ts';
import type { ActionContext } from '../context.ts';

/** The mirror's databases as its members tell of them now, their names on each instance included. */
export async function freshMatrix(facts: MirrorFacts, context: ActionContext): Promise<DatabaseMatrix> {
  const live = facts.instances.filter(({ connection }) => connection.state === 'live');
  const lists = await Promise.all(live.map(async (instance) => [instance.id, await listOf(instance, context)] as const));
  return matrixOf(facts, new Map(lists));
}

export async function listOf({ host, name }: Pick<InstanceFacts, 'host' | 'name'>, context: ActionContext): Promise<DatabaseView[]> {
  return context.hosts.get(host).callInstance(name, 'db.list', {});
}

/** A member that this console reaches. */
export interface Target {
  readonly member: string;
  readonly isPrimary: boolean;
  readonly host: Host;
  /** InstanceView id. */
  readonly id: string;
  readonly instance: string;
  readonly databases: readonly { readonly database: string; readonly cell: DatabaseCell & { name: string } }[];
}

/** By member, in the order of the matrix: the databases that are there, of which `fits` says yes. */
export function targetsOf(
  { members, rows }: DatabaseMatrix,
  facts: MirrorFacts,
  context: ActionContext,
  fits: (cell: DatabaseCell, isPrimary: boolean, database: string) => boolean,
): Target[] {
  return members.flatMap(({ name, status, instance: id, connection }, n) => {
    const instance = facts.instances.find((each) => each.id === id);
    if (instance === undefined || connection.state !== 'live') return [];
    const isPrimary = status === 'Primary';
    const databases = rows.flatMap(({ database, cells }) => {
      const cell = cells[n];
      if (cell === undefined || cell.name === null || !fits(cell, isPrimary, database)) return [];
      return [{ database, cell: { ...cell, name: cell.name } }];
    });
    const target = { member: name, isPrimary, host: context.hosts.get(instance.host), id: instance.id, instance: instance.name, databases };
    return databases.length === 0 ? [] : [target];
  });
}

const NAMED_MAX = 6;

/** `A, B and C`; of many the first ones and how many more. */
export function named(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  if (names.length > NAMED_MAX) return `${names.slice(0, NAMED_MAX).join(', ')} and ${names.length - NAMED_MAX} more`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** `database X`, `databases X and Y`. */
export function databasesNamed(names: readonly string[]): string {
  return names.length === 1 ? `database ${named(names)}` : `databases ${named(names)}`;
}

/** 2026-11-21 14:03:22, local. */
export function localTime(ms: number): string {
  return new Date(ms).toLocaleString('sv-SE');
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Bytes as people read them. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}
