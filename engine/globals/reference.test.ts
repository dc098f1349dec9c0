import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GemelError } from '../api/errors.ts';
import { decodeKey, encodeKey } from './key.ts';
import { nameArbitrary, subscriptArbitrary } from './model.ts';
import { formatReference, parseReference, type Environment } from './reference.ts';

const bracket = fc.constantFrom('|' as const, '[' as const);
const word = fc.stringMatching(/^[A-Za-z0-9%_-]{1,8}$/);
const directory = fc.stringMatching(/^[A-Za-z0-9/" .-]{1,20}$/);
const environment: fc.Arbitrary<Environment | null> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant('namespace' as const), namespace: word, bracket }),
  fc.record({ kind: fc.constant('directory' as const), directory, bracket }),
  fc.record({ kind: fc.constant('mirror' as const), mirror: word, database: word, bracket }),
);

function errorOf(text: string): GemelError {
  try {
    parseReference(text);
  } catch (error) {
    if (error instanceof GemelError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe('references', () => {
  test('come back from their text', () => {
    fc.assert(
      fc.property(environment, nameArbitrary, fc.array(subscriptArbitrary, { maxLength: 4 }), (env, name, subscripts) => {
        const key = encodeKey(name, subscripts);
        expect(parseReference(formatReference(env, key))).toEqual({ environment: env, key });
      }),
      { numRuns: 2000 },
    );
  });

  test('mean the same whether a canonical number is quoted or not', () => {
    fc.assert(
      fc.property(fc.array(subscriptArbitrary, { minLength: 1, maxLength: 3 }), (subscripts) => {
        const quoted = subscripts.map((s) => `"${s.replaceAll('"', '""')}"`).join(',');
        expect(parseReference(`^x(${quoted})`).key).toBe(encodeKey('x', subscripts));
      }),
    );
  });

  test.each([
    ['^x', []],
    ['^x(1)', ['1']],
    ['^x(01.50)', ['1.5']],
    ['^x(-.5)', ['-.5']],
    ['^x(-0.50)', ['-.5']],
    ['^x(+7)', ['7']],
    ['^x(-0)', ['0']],
    ['^x(1E3)', ['1000']],
    ['^x(1e-2)', ['.01']],
    ['^x(5.)', ['5']],
    ['^x(0)', ['0']],
    ['^x(1234567890123456789)', ['1234567890123456790']],
    ['^x("01.50")', ['01.50']],
    ['^x("a""b","c,d)")', ['a"b', 'c,d)']],
    ['^x(1,"bal",-2.5)', ['1', 'bal', '-2.5']],
    ['^x("\0\x01\xff")', ['\0\x01\xff']],
    ['^x("")', ['']],
    ['^x(1,"")', ['1', '']],
  ])('%j', (text, subscripts) => {
    expect(decodeKey(parseReference(text).key)).toEqual({ name: 'x', subscripts });
  });

  test('are written with numbers bare and strings quoted', () => {
    expect(formatReference(null, encodeKey('acct', ['1', 'bal', '-1.5', '01', 'a"b']))).toBe('^acct(1,"bal",-1.5,"01","a""b")');
    expect(formatReference(null, encodeKey('%acct.x', []))).toBe('^%acct.x');
  });

  test.each([
    ['^|"NS"|x', { kind: 'namespace', namespace: 'NS', bracket: '|' }],
    ['^["NS"]x', { kind: 'namespace', namespace: 'NS', bracket: '[' }],
    ['^|"^^/db/a"|x', { kind: 'directory', directory: '/db/a', bracket: '|' }],
    ['^[":mirror:M:DB"]x', { kind: 'mirror', mirror: 'M', database: 'DB', bracket: '[' }],
    ['^|":MIRROR:M:DB"|x', { kind: 'mirror', mirror: 'M', database: 'DB', bracket: '|' }],
  ])('%s points elsewhere', (text, env) => {
    expect(parseReference(text).environment).toEqual(env);
  });

  test.each([
    ['', 'at the end', '^'],
    ['x', 'at position 1', '^'],
    ['^', 'at the end', 'name'],
    ['^1', 'at position 2', 'name'],
    ['^x.', 'at position 3', '( or the end'],
    ['^x(', 'at the end', 'a number or a string'],
    ['^x()', 'at position 4', 'a number or a string'],
    ['^x(a)', 'at position 4', 'a number or a string'],
    ['^x(1', 'at the end', ', or )'],
    ['^x(1 ,2)', 'at position 5', ', or )'],
    ['^x(-)', 'at position 4', 'a number'],
    ['^x("a', 'at the end', 'closing'],
    ['^x(1)2', 'at position 6', 'the end'],
    ['^|NS|x', 'at position 3', 'double quotes'],
    ['^|"NS"]x', 'at position 7', '|'],
    ['^["NS"|x', 'at position 7', ']'],
    ['^|"NS"|', 'at the end', 'name'],
  ])('%j is refused: %s, %s', (text, where, expected) => {
    const error = errorOf(text);
    expect(error.code).toBe('SYNTAX');
    expect(error.what).toContain(where);
    expect(error.what).toContain(expected);
  });

  test.each([
    '^|""|x',
    '^|"^sys^/db"|x',
    '^|"^^"|x',
    '^|":mirror:M"|x',
    '^|":mirror::DB"|x',
    '^|":mirror:M:"|x',
    '^|":mirror:M:D:E"|x',
    '^|":x:M:D"|x',
  ])('%s points nowhere', (text) => {
    expect(errorOf(text).code).toBe('SYNTAX');
  });

  test.each([`^${'x'.repeat(32)}`, '^x("",1)', `^x("${'s'.repeat(1100)}")`, '^x(1E200)', `^x(${'1,'.repeat(600)}1)`])(
    '%s breaks a rule of subscripts',
    (text) => {
      expect(errorOf(text).code).toBe('SUBSCRIPT');
    },
  );

  test('of any bytes are either read or refused in words', () => {
    const piece = fc.constantFrom(
      '^',
      'x',
      '(',
      ')',
      ',',
      '"',
      '""',
      '1',
      '.',
      '-',
      'E',
      '|',
      '[',
      ']',
      '^^',
      ':mirror:',
      ':',
      '%',
      '\0',
      '\x01',
      '\xff',
      'a',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((p) => `^x(${p.join('')}`),
        (text) => {
          try {
            const { environment, key } = parseReference(text);
            expect(parseReference(formatReference(environment, key))).toEqual({ environment, key });
          } catch (error) {
            expect(error).toBeInstanceOf(GemelError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
