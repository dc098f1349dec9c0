import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits, type Limits } from './limits.ts';
import { OVERSIZED, ProtocolError, RequestParser } from './request-parser.ts';

type Seen = string[] | typeof OVERSIZED | 'protocol error';

/** Everything the parser makes of the chunks, up to its first error. */
function parse(chunks: readonly Buffer[], limits: Partial<Limits> = {}): { seen: Seen[]; parser: RequestParser } {
  const parser = new RequestParser({ ...defaultLimits, ...limits });
  const seen: Seen[] = [];
  try {
    for (const chunk of chunks) {
      parser.push(chunk);
      for (let frame = parser.next(); frame !== undefined; frame = parser.next()) seen.push(frame);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    seen.push('protocol error');
  }
  return { seen, parser };
}

function encode(args: readonly string[]): Buffer {
  return Buffer.from(`*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join('')}`, 'latin1');
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((p) => p % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => Buffer.from(bytes.subarray(from, at[i] ?? bytes.length)));
}

const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }).map(toBytes), fc.constantFrom('', '\r\n', '$3\r\n', 'x'.repeat(300)));
const commands = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { maxLength: 8 });
const cuts = fc.array(fc.nat(5000), { maxLength: 12 });

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').latin1Slice();
}

describe('RequestParser', () => {
  test('gives back what was sent, however it is cut', () => {
    fc.assert(
      fc.property(commands, cuts, (sent, places) => {
        const { seen, parser } = parse(cut(Buffer.concat(sent.map(encode)), places));
        expect(seen).toEqual(sent);
        expect(parser.midFrame).toBe(false);
      }),
    );
  });

  test('byte by byte is the same as at once, also for streams that are damaged', () => {
    fc.assert(
      fc.property(commands, fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 4 }), (sent, damage) => {
        const bytes = Buffer.concat(sent.map(encode));
        for (const [at, value] of damage) if (bytes.length > 0) bytes[at % bytes.length] = value;
        const single = [...bytes].map((b) => Buffer.from([b]));
        expect(parse(single).seen).toEqual(parse([bytes]).seen);
      }),
    );
  });

  test('random bytes end in commands or a protocol error, and hold memory in proportion to what came, not to what was announced', () => {
    const alphabet = fc.constantFrom(...Buffer.from('*$0123456789-\r\n"\' \\xG'), 0, 255, 128);
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: alphabet }, { weight: 1, arbitrary: fc.nat(255) }), { maxLength: 400 }),
        cuts,
        (bytes, places) => {
          const whole = Buffer.from(bytes);
          const { seen, parser } = parse(cut(whole, places));
          expect(seen).toEqual(parse([whole]).seen);
          for (const frame of seen) if (Array.isArray(frame)) expect(frame.length).toBeGreaterThan(0);
          expect(parser.bufferedBytes).toBeLessThanOrEqual(4096 + 16 * whole.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a long value that comes in small pieces', () => {
    const value = 'v'.repeat(3_641_144);
    const bytes = encode(['SET', 'k', value]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 60_001) pieces.push(bytes.subarray(at, at + 60_001));
    expect(parse(pieces).seen).toEqual([['SET', 'k', value]]);
  });

  test('a value that is too long is passed over without being kept, and the next command is understood', () => {
    const parser = new RequestParser(defaultLimits);
    parser.push(Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3641145\r\n'));
    expect(parser.next()).toBeUndefined();
    const piece = Buffer.alloc(64 * 1024, 'x');
    for (let left = 3_641_145; left > 0; left -= piece.length) {
      parser.push(piece.subarray(0, Math.min(left, piece.length)));
      expect(parser.next()).toBeUndefined();
      expect(parser.bufferedBytes).toBeLessThan(100_000);
    }
    parser.push(Buffer.from('\r\n*1\r\n$4\r\nPING\r\n'));
    expect([parser.next(), parser.next(), parser.next()]).toEqual([OVERSIZED, ['PING'], undefined]);
  });

  test('a command whose arguments together are too long', () => {
    const { seen } = parse([Buffer.concat([encode(['MSET', 'a', 'x'.repeat(60), 'b', 'y'.repeat(60)]), encode(['PING'])])], { frame: 150 });
    expect(seen).toEqual([OVERSIZED, ['PING']]);
  });

  test.each([
    ['*3\r\n:1\r\n', 'an argument that is no string'],
    ['*1\r\n$-1\r\n', 'a null argument'],
    ['*1\r\n$4\r\nPINGPONG\r\n', 'a string longer than announced'],
    ['*1048577\r\n', 'too many arguments'],
    ['*1\r\n$600000000\r\n', 'a string nobody would send'],
    ['*x\r\n', 'a length that is no number'],
    ['*1\n', 'a header without a carriage return'],
    ['*99999999999999\r\n', 'a length with too many digits'],
    ['PING "unbalanced\r\n', 'an open quote'],
    ['x'.repeat(70_000), 'a line without end'],
  ])('%j is a protocol error: %s', (text) => {
    expect(parse([Buffer.from(text)]).seen).toEqual(['protocol error']);
  });

  test('inline commands', () => {
    const lines = ['PING\r\n', '\r\n', 'GSET ^acct(1,"bal")  5\n', "SET \"a\\x00\\n b\" 'it\\'s'\r\n", '*0\r\n', '*-1\r\n', 'ECHO ""\n'];
    expect(parse([Buffer.from(lines.join(''))]).seen).toEqual([
      ['PING'],
      ['GSET', '^acct(1,"bal")', '5'],
      ['SET', 'a\x00\n b', "it's"],
      ['ECHO', ''],
    ]);
  });

  test('knows that a command has begun', () => {
    const { parser } = parse([Buffer.from('*2\r\n$3\r\nGET\r\n$10\r\nab')]);
    expect(parser.midFrame).toBe(true);
    expect(parse([Buffer.from('*')]).parser.midFrame).toBe(true);
    expect(parse([Buffer.from('PING\r\n')]).parser.midFrame).toBe(false);
  });
});
