import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareSubscripts, comparePaths, isUnder, nameArbitrary, subscriptArbitrary } from './model.ts';
import { decodeKey, depth, encodeKey, isWithin, nameOf, parentKey, prefixEnd, subscriptBelow } from './key.ts';
import { KEY_MAX } from './subscript.ts';

const path = fc.tuple(nameArbitrary, fc.array(subscriptArbitrary, { maxLength: 4 })).map(([name, subscripts]) => [name, ...subscripts]);
const encode = (p: readonly string[]): string => encodeKey(p[0]!, p.slice(1));
const sign = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

describe('keys', () => {
  test('come back from their bytes', () => {
    fc.assert(
      fc.property(path, (p) => {
        expect(decodeKey(encode(p))).toEqual({ name: p[0], subscripts: p.slice(1) });
        expect(depth(encode(p))).toBe(p.length - 1);
        expect(nameOf(encode(p))).toBe(p[0]);
      }),
      { numRuns: 2000 },
    );
  });

  test('keep the order of their subscripts', () => {
    fc.assert(
      fc.property(subscriptArbitrary, subscriptArbitrary, (a, b) => {
        expect(sign(encodeKey('x', [a]), encodeKey('x', [b]))).toBe(Math.sign(compareSubscripts(a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  test('keep the order of whole references', () => {
    const other = fc
      .tuple(path, path, fc.nat(4))
      .map(([a, b, shared]) => [a, [...a.slice(0, shared + 1), ...b.slice(shared + 1)]] as const);
    fc.assert(
      fc.property(other, ([a, b]) => {
        expect(sign(encode(a), encode(b))).toBe(Math.sign(comparePaths(a, b)));
      }),
      { numRuns: 2000 },
    );
  });

  test('of descendants are those that begin with the key of the node, and lie before its end', () => {
    const pair = fc
      .tuple(path, path, fc.nat(5))
      .map(([a, b, shared]) => [a.slice(0, shared + 1), [...a.slice(0, shared + 1), ...b.slice(1)]] as const);
    fc.assert(
      fc.property(pair, path, ([ancestor, below], any) => {
        for (const p of [below, any]) {
          const key = encode(p);
          expect(isWithin(key, encode(ancestor))).toBe(isUnder(p, ancestor));
          expect(key >= encode(ancestor) && key < prefixEnd(encode(ancestor))).toBe(isUnder(p, ancestor));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('give their parent and the subscript below it', () => {
    fc.assert(
      fc.property(path, (p) => {
        const parent = parentKey(encode(p));
        if (p.length === 1) {
          expect(parent).toBeUndefined();
          return;
        }
        expect(parent).toBe(encode(p.slice(0, -1)));
        expect(subscriptBelow(parent!, encode(p))).toBe(p[p.length - 1]);
      }),
    );
  });

  test('sort an empty subscript before all others of its level and after the parent', () => {
    fc.assert(
      fc.property(subscriptArbitrary, (s) => {
        expect(encodeKey('x', ['']) < encodeKey('x', [s])).toBe(true);
        expect(encodeKey('x', ['']) > encodeKey('x', [])).toBe(true);
      }),
    );
  });

  test('are short for everyday references', () => {
    expect(encodeKey('acct', [1, 12, 123456, 'bal'].map(String)).length).toBe('acct'.length + 1 + 2 + 2 + 4 + 5);
  });

  test('in the order of a known list', () => {
    const inOrder = [
      '-10',
      '-9.5',
      '-1',
      '-.5',
      '0',
      '.001',
      '.5',
      '1',
      '1.5',
      '2',
      '10',
      '100',
      '\0',
      '\x01',
      '\x02',
      '+1',
      '-0',
      '-1E',
      '00',
      '01',
      '1.0',
      '1e3',
      'A',
      'a',
      'a\0',
      'a\x01',
      'aa',
      '\xff',
    ];
    const keys = inOrder.map((s) => encodeKey('x', [s]));
    expect([...keys].sort()).toEqual(keys);
  });

  test.each(['', '1a', 'a.', 'a..', '%', '%1', 'a b', '^a', 'a(', '.a'])('refuse the name %j', (name) => {
    expect(() => encodeKey(name, [])).toThrow(expect.objectContaining({ code: 'SYNTAX' }));
  });

  test('refuse what is too long, and an empty subscript that is not the last', () => {
    const code = expect.objectContaining({ code: 'SUBSCRIPT' });
    expect(() => encodeKey('x'.repeat(32), [])).toThrow(code);
    expect(encodeKey('x'.repeat(31), [])).toHaveLength(32);
    const room = KEY_MAX - 'x'.length - 1 - 2;
    expect(encodeKey('x', ['s'.repeat(room)])).toHaveLength(KEY_MAX);
    expect(() => encodeKey('x', ['s'.repeat(room + 1)])).toThrow(code);
    expect(() => encodeKey('x', ['', '1'])).toThrow(code);
  });

  test.each(['', 'x', 'x\0\x41', 'x\0\x40abc', 'x\0\x22', 'x\0\x22\x03', 'x\0\x14\xfe', '\0'])(
    'that nobody encoded are refused: %j',
    (key) => {
      expect(() => decodeKey(key)).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
    },
  );
});
