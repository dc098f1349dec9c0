import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLine } from './parser.ts';
import { ShellError } from './syntax.ts';

const kinds = (line: string) => parseLine(line).map((command) => command.kind);

describe('the parser', () => {
  it('knows every command by its name and its short name, in any case', () => {
    expect(kinds('SET x=1 s y=2')).toEqual(['set', 'set']);
    expect(kinds('k x kill ^y zk ^x zkill ^x')).toEqual(['kill', 'kill', 'zkill', 'zkill']);
    expect(kinds('w 1 write 1 zw ^x zwrite ^x')).toEqual(['write', 'write', 'zwrite', 'zwrite']);
    expect(kinds('m ^a=^b merge ^a=^b l +^a lock -^a')).toEqual(['merge', 'merge', 'lock', 'lock']);
    expect(kinds('ts  tstart  tc  tcommit  tro  trollback 1 trollback')).toEqual([
      'tstart',
      'tstart',
      'tcommit',
      'tcommit',
      'trollback',
      'trollback',
      'trollback',
    ]);
    expect(kinds('zn "X" znspace "Y" h')).toEqual(['namespace', 'namespace', 'halt']);
  });

  it('takes arguments away from commands that are followed by two spaces, a comment or the end', () => {
    expect(parseLine('K  W 1')).toMatchObject([{ kind: 'kill', places: [] }, { kind: 'write' }]);
    expect(parseLine('K ; all')).toMatchObject([{ kind: 'kill', places: [] }]);
    expect(parseLine('ZW')).toMatchObject([{ kind: 'zwrite', places: [] }]);
    expect(parseLine('  ')).toEqual([]);
    expect(parseLine('; only a comment')).toEqual([]);
  });

  it('takes operators from left to right', () => {
    expect(parseLine('W 1+2*3')).toMatchObject([
      { items: [{ operator: '*', left: { operator: '+' }, right: { operand: { value: '3' } } }] },
    ]);
    expect(parseLine('W 1+(2*3)')).toMatchObject([{ items: [{ operator: '+', right: { operator: '*' } }] }]);
  });

  it('reads references with environments, subscripts and quotes', () => {
    const environment = { kind: 'literal', value: ':mirror:M:DB' };
    expect(parseLine('K ^|"NS"|a.b(1,"x""y",^c)')).toMatchObject([
      { places: [{ name: 'a.b', environment: { value: 'NS' }, subscripts: [{}, { value: 'x"y' }, { kind: 'global', name: 'c' }] }] },
    ]);
    expect(parseLine('K ^[":mirror:M:DB"]x')).toMatchObject([{ places: [{ environment, name: 'x', subscripts: [] }] }]);
  });

  it.each([
    ['Frob x', /position 1 a command \(Frob is none\)/],
    ['Set x', /position 6 = was expected/],
    ['Set x=', /position 7 a value was expected/],
    ['Set ^x(1=2', /position 11 \) was expected/],
    ['Write "abc', /position 7 the closing quote/],
    ['Write $Foo(1)', /\$FOO is none/],
    ['Write 1)', /position 8 a command/],
    ['Set x(1)=2', /Local variables have no subscripts/],
  ])('says what is wrong with %s', (line, expected) => {
    expect(() => parseLine(line)).toThrow(expected);
    expect(() => parseLine(line)).toThrow(expect.objectContaining({ code: 'SYNTAX' }));
  });

  it('answers any text with commands or SYNTAX', () => {
    const pieces = fc.constantFrom(
      'S ',
      'W ',
      'K',
      'x',
      '^x',
      '(',
      ')',
      ',',
      '=',
      '"',
      '1',
      '.',
      '$G',
      '$O(',
      '+',
      '-',
      "'",
      '|',
      '[',
      ']',
      ' ',
      '!',
      ':',
      'TRO',
      ';',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        try {
          parseLine(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(ShellError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
