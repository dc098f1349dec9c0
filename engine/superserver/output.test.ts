import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Output } from './output.ts';

const LIMIT = 1_000_000;

/** What one reply of a kind is on the wire, in RESP2. */
const replies = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3000 }).map((text) => {
    const bytes = Buffer.from(text, 'utf8').latin1Slice();
    return { write: (out: Output) => out.bulk(bytes), wire: `$${bytes.length}\r\n${bytes}\r\n` };
  }),
  fc.integer().map((n) => ({ write: (out: Output) => out.integer(n), wire: `:${n}\r\n` })),
  fc.maxSafeInteger().map((n) => ({ write: (out: Output) => out.integer(n), wire: `:${n}\r\n` })),
  fc.nat(1000).map((n) => ({ write: (out: Output) => out.array(n), wire: `*${n}\r\n` })),
  fc.constant({ write: (out: Output) => out.ok(), wire: '+OK\r\n' }),
  fc.constant({ write: (out: Output) => out.null(), wire: '$-1\r\n' }),
  fc.constant({ write: (out: Output) => out.error('ERR', 'two\r\nlines'), wire: '-ERR two lines\r\n' }),
);

describe('Output', () => {
  test('what is taken is what was written, whenever it is taken, and stays as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(replies, fc.boolean(), fc.boolean()), { maxLength: 60 }), (steps) => {
        const out = new Output(LIMIT);
        const taken: Buffer[] = [];
        let wire = '';
        for (const [reply, take, undo] of steps) {
          const start = out.end;
          out.beginReply();
          reply.write(out);
          if (undo) out.rewind(start);
          else wire += reply.wire;
          expect(out.end).toBe(wire.length);
          if (!take) continue;
          const bytes = out.take(start);
          if (bytes !== undefined) taken.push(bytes);
        }
        expect(out.waiting).toBe(wire.length - taken.reduce((sum, b) => sum + b.length, 0));
        const rest = out.take(out.end);
        expect(Buffer.concat([...taken, ...(rest === undefined ? [] : [rest])]).latin1Slice()).toBe(wire);
        expect(out.take(out.end)).toBeUndefined();
      }),
    );
  });

  test('RESP3 has its own forms', () => {
    const out = new Output(LIMIT);
    out.protocol = 3;
    out.null();
    out.nullArray();
    out.map(2);
    out.verbatim('ä');
    out.integerText('9223372036854775807');
    expect(out.take(out.end)?.toString()).toBe('_\r\n_\r\n%2\r\n=6\r\ntxt:ä\r\n:9223372036854775807\r\n');
  });

  test('a reply that is too long is refused; an error still finds room', () => {
    const out = new Output(100);
    out.beginReply();
    out.bulk('x'.repeat(60));
    expect(() => out.bulk('x'.repeat(60))).toThrow(expect.objectContaining({ code: 'MAXSTRING' }));
    out.error('ERR', 'y'.repeat(200));
    out.beginReply();
    out.bulk('z'.repeat(60));
    expect(out.end).toBe(67 + 207 + 67);
  });

  test('error text beyond latin1 goes out as UTF-8', () => {
    const out = new Output(LIMIT);
    out.error('ERR', 'ä→');
    expect(out.take(out.end)?.toString('utf8')).toBe('-ERR ä→\r\n');
  });
});
