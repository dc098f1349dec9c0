import { describe, expect, it } from 'vitest';
import { clock, dateTime, fullTime, offset } from './times.ts';

const at = new Date(2026, 10, 21, 4, 3, 2, 7).getTime();

describe('times', () => {
  it('are local, with leading zeros', () => {
    expect(clock(at)).toBe('04:03:02');
    expect(dateTime(at)).toBe('2026-11-21 04:03:02');
  });

  it('give an offset that leads back to the same moment', () => {
    const [date, time, zone] = fullTime(at).split(' ');
    expect(new Date(`${date}T${time}${zone}`).getTime()).toBe(at);
    expect(zone).toBe(offset(at));
  });
});
