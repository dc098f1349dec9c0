import { describe, expect, it } from 'vitest';
import type { DatabaseView, MirroredDatabaseView } from '../../engine/api/status.ts';
import { facts, LIVE, LOST, member, mirror, status, world } from '../testing/world.ts';
import { matrixOf, mirrorsOf } from './index.ts';

const database = (name: string, now: MirroredDatabaseView['status']): MirroredDatabaseView => ({
  name,
  directory: `/nowhere/${name}`,
  status: now,
  nextRecord: 'Current',
  failoverDB: true,
});
const listed: DatabaseView = {
  name: 'LOCALX',
  directory: '/nowhere/X',
  mounted: true,
  readOnly: false,
  mirrored: true,
  mirror: 'M',
  mirrorDatabase: 'X',
  failoverDB: true,
  size: 4096,
};
const members = [member('B', 'Backup'), member('A', 'Primary')];

function matrixWith(bConnection = LIVE) {
  const a = facts(
    'A',
    LIVE,
    status('A', 'running', 'Primary'),
    mirror('A', members, { databases: [database('X', 'Normal'), database('Y', 'Normal')] }),
  );
  const b = facts(
    'B',
    bConnection,
    status('B', 'running', 'Backup'),
    mirror('B', members, { databases: [database('X', 'Dejournaling')], missingDatabases: ['Y'] }),
  );
  const [only] = mirrorsOf(world([a, b]));
  if (only === undefined) throw new Error('no mirror');
  return matrixOf(only, new Map([['host-b/B', [listed]]]));
}

describe('the databases of a mirror', () => {
  it('stand for each member, the primary first, what is worst at the top', () => {
    const { members: columns, rows } = matrixWith();
    expect(columns.map(({ name, instance }) => [name, instance])).toEqual([
      ['A', 'host-a/A'],
      ['B', 'host-b/B'],
    ]);
    expect(rows.map(({ database: name, severity, cells }) => [name, severity, cells.map((cell) => cell.status)])).toEqual([
      ['Y', 'bad', ['Normal', 'Missing']],
      ['X', 'good', ['Normal', 'Dejournaling']],
    ]);
  });

  it('have their names and sizes where the instance was asked', () => {
    const cells = matrixWith().rows.find((row) => row.database === 'X')?.cells;
    expect(cells?.map(({ name, size }) => [name, size])).toEqual([
      [null, null],
      ['LOCALX', 4096],
    ]);
  });

  it('are not known to be well on a member that was lost', () => {
    const { rows } = matrixWith(LOST);
    expect(rows.flatMap(({ cells }) => cells.slice(1)).map(({ severity }) => severity)).toEqual(['unknown', 'unknown']);
  });
});
