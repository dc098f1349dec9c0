import { describe, expect, it } from 'vitest';
import type { SeedState } from '../../api/seeding.ts';
import { Board, isOver, wordsOf, type Standing } from './follow.ts';

const news = (state: SeedState, text = '') => ({ state, done: 40, total: 100, text });
const standing = (change: Partial<Standing>): Standing => ({ database: 'DB', member: 'B', goneMs: null, news: null, ...change });

describe('the copies of other members', () => {
  it.each<[string, Partial<Standing>, number, boolean]>([
    ['one that is caught up', { news: news('caught-up') }, 0, true],
    ['one that somebody has to do something about', { news: news('refused') }, 0, true],
    ['one that is copied', { news: news('copying') }, 1e9, false],
    ['one that was not begun', {}, 59_000, false],
    ['one of a member that says nothing', {}, 60_000, true],
    ['one of a member that has just gone', { news: news('copying'), goneMs: 100 }, 0, false],
    ['one of a member that has gone', { news: news('copying'), goneMs: 3000 }, 0, true],
  ])('%s is waited for, or not', (_, change, sinceMs, over) => {
    expect(isOver(standing(change), sinceMs)).toBe(over);
  });

  it('are told of in words', () => {
    expect(wordsOf(standing({ news: news('refused', 'why') }))).toBe('B, DB: refused. why');
    expect(wordsOf(standing({ goneMs: 1, news: news('copying') }))).toMatch(/not connected; it makes its copy by itself/);
    expect(wordsOf(standing({ goneMs: 1, news: news('caught-up') }))).toBe('B, DB: caught up.');
    expect(wordsOf(standing({}))).toBe('B, DB: not begun.');
  });

  it('are heard of until that is forgotten', () => {
    const board = new Board();
    board.heard('g', 'B', news('copying'));
    board.heard('h', 'B', news('copying'));
    board.forget('g');
    expect([board.of('g', 'B'), board.of('h', 'B')]).toEqual([null, news('copying')]);
  });
});
