import { describe, expect, it } from 'vitest';
import type { DatabaseCell, DatabaseMatrix, DatabaseMember } from '../../main/contract/index.ts';
import { fixOf, needsOf, rowsWith, workOffers } from './databases.ts';

const member = (name: string, state: DatabaseMember['connection']['state'] = 'live'): DatabaseMember => ({
  name,
  type: 'Failover',
  status: name === 'A' ? 'Primary' : 'Backup',
  instance: `host/${name}`,
  connection: { state, reason: null },
});
const cell = (status: DatabaseCell['status']): DatabaseCell => ({
  status,
  severity: 'good',
  nextRecord: null,
  failoverDB: true,
  reason: null,
  name: 'X',
  size: 1,
});
const matrix = (members: DatabaseMember[], rows: Record<string, DatabaseCell['status'][]>): DatabaseMatrix => ({
  mirror: 'M',
  members,
  rows: Object.entries(rows).map(([database, statuses]) => ({ database, severity: 'good', cells: statuses.map(cell) })),
});

describe('what needs doing', () => {
  it('is told once for each member and kind, with all databases, worst first', () => {
    const needs = needsOf(
      matrix([member('A'), member('B')], {
        ONE: ['Normal', 'Needs Catchup'],
        TWO: ['Normal', 'Dejournaling Stopped'],
        THREE: ['Normal', 'Missing'],
        FOUR: ['Normal', 'Dejournaling'],
      }),
    );
    expect(needs.map(({ text, databases }) => [text, databases])).toEqual([
      ['One database is missing on B.', ['THREE']],
      ['2 copies have to catch up on B.', ['ONE', 'TWO']],
    ]);
    expect(needs[0]?.offer.action).toEqual({ action: 'copyDatabases', mirror: 'M', member: 'B', databases: ['THREE'] });
    expect(needs[1]?.offer.action).toMatchObject({ work: 'catchup', databases: ['ONE', 'TWO'], members: ['B'] });
  });

  it('is nothing of what a member said before it was lost', () => {
    const lost = matrix([member('A'), member('B', 'lost')], { ONE: ['Normal', 'Needs Catchup'] });
    expect(needsOf(lost)).toEqual([]);
    const [row] = lost.rows;
    const [, b] = lost.members;
    expect(row && b && fixOf('M', b, row, 1)).toBe(null);
  });
});

describe('chosen databases', () => {
  it('are worked on where that is needed, or on the one member that was chosen', () => {
    expect(workOffers('M', ['X'], null).plain[0]?.action).toEqual({
      action: 'mirrorDatabaseWork',
      mirror: 'M',
      work: 'mount',
      databases: ['X'],
    });
    expect(workOffers('M', ['X'], 'B').danger[0]?.action).toMatchObject({ work: 'dismount', members: ['B'] });
  });

  it('are found by a part of their name', () => {
    const all = matrix([member('A')], { ORDERS: ['Normal'], ARCHIVE: ['Normal'] });
    expect(rowsWith(all, ' rch').map(({ database }) => database)).toEqual(['ARCHIVE']);
    expect(rowsWith(all, '')).toHaveLength(2);
  });
});
