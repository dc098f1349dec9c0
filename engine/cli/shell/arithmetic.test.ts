import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compare, divide, multiply, negate, numeric, subtract } from './arithmetic.ts';

describe('arithmetic', () => {
  it.each([
    [multiply('1.5', '-2'), '-3'],
    [multiply('.1', '.1'), '.01'],
    [multiply('3 apples', '2'), '6'],
    [multiply('pear', '2'), '0'],
    [divide('1', '3'), '.333333333333333333'],
    [divide('2', '3'), '.666666666666666667'],
    [divide('-10', '4'), '-2.5'],
    [divide('1', '1E20'), '.00000000000000000001'],
    [add('.1', '.2'), '.3'],
    [subtract('1', '1.0'), '0'],
    [negate('007'), '-7'],
    [numeric('01.50'), '1.5'],
  ])('gives %s', (got, expected) => expect(got).toBe(expected));

  it('refuses to divide by zero', () => expect(() => divide('1', 'zero')).toThrow(expect.objectContaining({ code: 'DIVIDE' })));

  it('agrees with whole numbers', () => {
    const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(multiply(String(a), String(b))).toBe(String(a * b === 0 ? 0 : a * b));
        expect(subtract(String(a), String(b))).toBe(String(a - b));
        expect(Math.sign(compare(String(a), String(b)))).toBe(Math.sign(a - b));
        if (b !== 0) expect(divide(multiply(String(a), String(b)), String(b))).toBe(String(a));
      }),
    );
  });
});
