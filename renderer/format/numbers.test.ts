import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, kiloBytesPerSecond, latency, perSecond, span, UNKNOWN } from './numbers.ts';

const strip = (s: string): string => s.replace(/[,.\u00a0\u202f’']/g, '');

describe('numbers', () => {
  it('never shows unknown as a figure', () => {
    for (const show of [count, perSecond, bytes, kiloBytesPerSecond, latency, span]) {
      expect(show(null)).toBe(UNKNOWN);
      expect(show(0)).toContain('0');
    }
  });

  it('scales bytes by 1024', () => {
    expect(bytes(0)).toBe('0 B');
    expect(bytes(1023)).toMatch(/^1.?023 B$/);
    expect(strip(bytes(1024))).toBe('100 KB');
    expect(strip(bytes(40 * 1024 * 1024))).toBe('400 MB');
    expect(strip(bytes(512 * 1024))).toBe('512 KB');
  });

  it('gives latencies the places that matter', () => {
    expect(strip(latency(0.924))).toBe('092 ms');
    expect(strip(latency(12.34))).toBe('123 ms');
    expect(latency(420)).toBe('420 ms');
    expect(strip(latency(1500))).toBe('15 s');
    expect(latency(250_000)).toBe('4 min 10 s');
  });

  it('shows a span in its two largest units', () => {
    expect(span(999)).toBe('0 s');
    expect(span(12_400)).toBe('12 s');
    expect(span(60_000)).toBe('1 min');
    expect(span(7_500_000)).toBe('2 h 5 min');
    expect(span(3_601_000)).toBe('1 h');
    expect(span(93_600_000)).toBe('1 d 2 h');
  });

  it('never overstates a span, and is off by less than its last unit', () => {
    const size: Record<string, number> = { d: 86_400_000, h: 3_600_000, min: 60_000, s: 1000 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * 86_400_000 }), (ms) => {
        const words = span(ms).split(' ');
        let total = 0;
        for (let i = 0; i < words.length; i += 2) total += Number(words[i]) * (size[words[i + 1] ?? ''] ?? NaN);
        const largest = size[words[1] ?? ''] ?? NaN;
        return total <= ms && ms - total < Math.max(1000, largest);
      }),
    );
  });
});
