import { describe, expect, it } from 'vitest';
import { lag } from './lag.ts';

describe('lag', () => {
  it('is in step only when something is known and nothing is behind', () => {
    expect(lag(0, 0)).toBe('in step');
    expect(lag(0, null)).toBe('in step');
    expect(lag(null, 0)).toBe('in step');
    expect(lag(null, null)).toBe('unknown');
  });

  it('gives what is known', () => {
    expect(lag(420, 512)).toBe('420 ms, 512 B behind');
    expect(lag(null, 512)).toBe('512 B behind');
    expect(lag(75_000, null)).toBe('1 min 15 s behind');
  });
});
