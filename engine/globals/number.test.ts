import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addNumeric, canonicalDecimal, formatDecimal } from './number.ts';
import { canonicalScaled, subscriptArbitrary } from './model.ts';

describe('canonical numbers', () => {
  test('are those that the rules written another way accept', () => {
    fc.assert(
      fc.property(subscriptArbitrary, (text) => {
        const decimal = canonicalDecimal(text);
        expect(decimal !== undefined).toBe(canonicalScaled(text) !== undefined);
        if (decimal !== undefined) expect(formatDecimal(decimal)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('adding', () => {
  test.each([
    ['', '1', '1'],
    ['5', '-7', '-2'],
    ['12 apples', '1', '13'],
    ['abc', '1', '1'],
    ['-', '1', '1'],
    ['--3', '1', '4'],
    ['1.5', '.25', '1.75'],
    ['.1', '.2', '.3'],
    ['-.5', '.5', '0'],
    ['1E3x', '1', '1001'],
    ['1E', '1', '2'],
    ['007', '1', '8'],
    ['-0', '-0', '0'],
    ['999999999999999', '1', '1000000000000000'],
    ['999999999999999999', '1', '1000000000000000000'],
    ['123456789012345678', '.4', '123456789012345678'],
    ['123456789012345678', '.5', '123456789012345679'],
    ['1E100', '1', `1${'0'.repeat(100)}`],
    ['1E-128', '0', `.${'0'.repeat(127)}1`],
    ['1E-129', '0', '0'],
  ])('%s and %s gives %s', (a, b, sum) => {
    expect(addNumeric(a, b)).toBe(sum);
  });

  test('is exact for what fits 18 digits', () => {
    const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.nat(6));
    const text = (n: bigint, scale: number): string => `${n}E-${scale}`;
    fc.assert(
      fc.property(scaled, fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), ([a, scale], b) => {
        const sum = addNumeric(text(a, scale), text(b, scale));
        expect(canonicalScaled(sum)).toBe((a + b) * 10n ** BigInt(200 - scale));
      }),
    );
  });

  test('refuses a sum that is too large', () => {
    expect(() => addNumeric('9E145', '9E145')).toThrow(expect.objectContaining({ code: 'ERR' }));
    expect(() => addNumeric('1E146', '')).toThrow(expect.objectContaining({ code: 'ERR' }));
  });
});
