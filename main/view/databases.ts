import type { DatabaseStatus, DatabaseView, MemberView, MirrorStatus } from '../../engine/api/status.ts';
import type { DatabaseCell, DatabaseMatrix, DatabaseMember, Severity } from '../contract/index.ts';
import { instanceOf, ownPicture, type MirrorFacts } from './group.ts';
import { worst, worstFirst } from './severity.ts';

/** What instances have answered when they were asked for their databases, by InstanceView id. */
export type DatabaseLists = ReadonlyMap<string, readonly DatabaseView[]>;

const SEVERITIES: Record<DatabaseStatus | 'Missing', Severity> = {
  Normal: 'good',
  Dejournaling: 'good',
  'Catchup Running': 'attention',
  'Needs Catchup': 'attention',
  'Needs Activation': 'attention',
  Obsolete: 'attention',
  'Dejournaling Stopped': 'bad',
  'Database Dismounted': 'bad',
  Missing: 'bad',
};

/** Every mirrored database on every member, worst first. Pure. */
export function matrixOf(facts: MirrorFacts, lists: DatabaseLists): DatabaseMatrix {
  const columns = (facts.source?.mirror.members ?? [])
    .toSorted((a, b) => rank(a) - rank(b))
    .map((member) => columnOf(member, facts, lists));
  const names = new Set(columns.flatMap(({ cells }) => [...cells.keys()]));
  const rows = [...names].map((database) => {
    const cells = columns.map((column) => column.cells.get(database) ?? column.otherwise);
    return { database, severity: worst(cells.map(({ severity }) => severity)), cells };
  });
  return { mirror: facts.name, members: columns.map(({ member }) => member), rows: worstFirst(rows, ({ database }) => database) };
}

function rank({ type, status }: MemberView): number {
  if (status === 'Primary') return 0;
  return type === 'Failover' ? 1 : type === 'Disaster Recovery' ? 2 : 3;
}

interface Column {
  readonly member: DatabaseMember;
  readonly cells: ReadonlyMap<string, DatabaseCell>;
  /** For databases that it says nothing of: reporting members need not have all. */
  readonly otherwise: DatabaseCell;
}

function columnOf(member: MemberView, facts: MirrorFacts, lists: DatabaseLists): Column {
  const instance = instanceOf(member, facts);
  const picture = instance && ownPicture(instance, facts.name, false);
  const isLive = instance?.connection.state === 'live';
  const connection =
    instance === null
      ? { state: 'lost' as const, reason: 'This console does not reach its host.' }
      : { state: instance.connection.state, reason: instance.connection.reason };
  const column = { name: member.name, type: member.type, status: member.status, instance: instance?.id ?? null, connection };
  const cells = picture === null ? new Map<string, DatabaseCell>() : cellsOf(picture, isLive, (instance && lists.get(instance.id)) ?? []);
  return { member: column, cells, otherwise: { ...UNKNOWN, severity: isLive ? 'good' : 'unknown' } };
}

const UNKNOWN: DatabaseCell = {
  status: null,
  severity: 'unknown',
  nextRecord: null,
  failoverDB: null,
  reason: null,
  name: null,
  size: null,
};

/** What is old counts as not known, and still shows what it was. */
function cellsOf(picture: MirrorStatus, isLive: boolean, list: readonly DatabaseView[]): ReadonlyMap<string, DatabaseCell> {
  const severity = (status: DatabaseStatus | 'Missing'): Severity => (isLive ? SEVERITIES[status] : 'unknown');
  const cells = new Map<string, DatabaseCell>();
  for (const name of picture.missingDatabases) cells.set(name, { ...UNKNOWN, status: 'Missing', severity: severity('Missing') });
  for (const { name, status, nextRecord, failoverDB, reason } of picture.databases) {
    const here = list.find(({ mirror, mirrorDatabase }) => mirror === picture.mirror && mirrorDatabase === name);
    cells.set(name, {
      status,
      severity: severity(status),
      nextRecord,
      failoverDB,
      reason: reason ?? null,
      name: here?.name ?? null,
      size: here?.size ?? null,
    });
  }
  return cells;
}
