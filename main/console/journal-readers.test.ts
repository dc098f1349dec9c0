import { describe, expect, it } from 'vitest';
import { readArguments } from './journal-readers.ts';

describe('what a reading of the journal is asked of the command', () => {
  it('gives a file with its offset, and keeps names from being options', () => {
    expect(readArguments('A', { kind: 'file', file: '--help', offset: 64 }).slice(-4)).toEqual(['--from=64', '--', 'A', '--help']);
  });

  it('gives only what was filled in, values bound to their options', () => {
    const args = readArguments('A', { kind: 'search', journal: null, global: '--x', from: 0, transaction: 7 });
    expect(args).toEqual([
      'journal',
      'search',
      '--json',
      '--count=10000000',
      '--local',
      '--global=--x',
      '--from=1970-01-01T00:00:00.000Z',
      '--transaction=7',
      '--',
      'A',
    ]);
  });

  it('tells a mirror’s journal from all of them', () => {
    expect(readArguments('A', { kind: 'search', journal: 'M' })).toContain('--mirror=M');
    expect(readArguments('A', { kind: 'search' }).some((word) => word.startsWith('--mirror') || word === '--local')).toBe(false);
  });
});
