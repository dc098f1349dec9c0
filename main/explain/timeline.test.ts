import { expect, it } from 'vitest';
import type { LogLine } from '../../engine/api/messages.ts';
import { lastPrimary, outage, summary, timeline } from './timeline.ts';

function line(at: number, code: string | null, text: string, facts: Record<string, string> = {}): LogLine {
  return { at, pid: 1, severity: 2, code, text, facts };
}
const sources = [
  { name: 'A', mirrors: ['M'], lines: [line(100, 'PRIMARY', 'first', { right: 'only-member' })] },
  {
    name: 'B',
    mirrors: ['M'],
    lines: [line(5000, 'PRIMARY_LOST', 'lost (closed)'), line(5300, 'GRANTED', 'may'), line(5600, 'PRIMARY', 'now', { right: 'grant' })],
  },
  {
    name: 'Agent',
    mirrors: ['M', 'OTHER'],
    lines: [line(5200, 'GRANT_GIVEN', 'gave'), line(5250, null, 'A member of the mirror OTHER has connected.')],
  },
];

it('merges the logs by time, leaves other mirrors out, and marks decisions', () => {
  const entries = timeline('M', sources);
  expect(entries.map((e) => `${e.at} ${e.source} ${e.decision}`)).toEqual([
    '100 A true',
    '5000 B false',
    '5200 Agent true',
    '5300 B true',
    '5600 B true',
  ]);
  expect(entries[3]?.title).toBe('The other member’s agent lets this member take over');
});

it('finds the last one who became primary, and tells what happened', () => {
  const taken = lastPrimary(sources);
  expect(taken).toEqual({ at: 5600, member: 'B', right: 'grant' });
  const entries = timeline('M', sources).filter((e) => e.at > 1000);
  const found = outage(entries, 5600);
  expect(found?.ms).toBe(600);
  const said = taken && summary(taken, 'A', entries, found);
  expect(said?.[0]).toBe('B became primary in place of A.');
  expect(said?.join(' ')).toContain('agent of the former primary’s host');
  expect(said?.at(-1)).toBe('No acknowledged update was lost.');
  expect(summary({ member: 'B', right: 'force' }, 'A', [], null).join(' ')).not.toContain('No acknowledged update was lost');
});

it('says nothing where no log tells of a primary', () => {
  expect(lastPrimary([{ name: 'B', mirrors: ['M'], lines: [line(1, null, 'started')] }])).toBeUndefined();
  expect(outage([], 1)).toBeNull();
});
