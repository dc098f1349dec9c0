import { describe, expect, it } from 'vitest';
import { findCommands, type Command } from './palette.ts';

const command = (title: string, group: string, keywords: string[] = []): Command => ({
  id: title,
  title,
  group,
  keywords,
  run: () => undefined,
});
const all = [
  command('Open overview', 'Go to', ['topology']),
  command('Open monitor of DEMO', 'Go to'),
  command('Switch over', 'DEMO', ['failover', 'hand over']),
  command('Set no failover', 'DEMO'),
  command('Stop DEMO_A', 'DEMO'),
];
const titles = (typed: string): string[] => findCommands(all, typed).map((c) => c.title);

describe('command palette', () => {
  it('offers everything, in order, when nothing is typed', () => {
    expect(titles('  ')).toEqual(all.map((c) => c.title));
  });

  it('needs every word, in any order and case', () => {
    expect(titles('demo MONITOR')).toEqual(['Open monitor of DEMO']);
    expect(titles('monitor nothing')).toEqual([]);
  });

  it('puts a title that begins with the word before one that only contains it', () => {
    expect(titles('s')[0]).toBe('Switch over');
    expect(titles('over')).toEqual(['Open overview', 'Switch over', 'Set no failover']);
  });

  it('finds by keyword', () => {
    expect(titles('topology')).toEqual(['Open overview']);
  });
});
