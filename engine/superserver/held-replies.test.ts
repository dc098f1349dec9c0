import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldReplies } from './held-replies.ts';

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('reply' as const),
      ticket: fc.nat(60),
      size: fc.integer({ min: 1, max: 9 }),
      read: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('durable' as const), ticket: fc.nat(60), mayRead: fc.boolean() }) },
);

test('releases what a plain queue of replies would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const held = new HeldReplies();
      const queue: { ticket: number; end: number; read: boolean }[] = [];
      let end = 0;
      let durable = 0;
      let released = 0;
      for (const s of steps) {
        if (s.kind === 'reply') {
          end += s.size;
          queue.push({ ticket: s.ticket, end, read: s.read });
          held.push(s.ticket, end, s.read);
        } else {
          durable = Math.max(durable, s.ticket);
          for (let first = queue[0]; first !== undefined && first.ticket <= durable && (!first.read || s.mayRead); first = queue[0]) {
            released = first.end;
            queue.shift();
          }
          held.release(durable, () => s.mayRead);
          // replies are joined only behind one that waits longer, so nothing goes out late or early
          expect(held.released).toBe(released);
        }
        expect(held.count > 0).toBe(queue.length > 0);
        expect(held.count).toBeLessThanOrEqual(queue.length);
      }
    }),
  );
});

test('thousands of replies released bit by bit', () => {
  const held = new HeldReplies();
  for (let i = 1; i <= 10_000; i++) held.push(i, i * 5, false);
  for (let i = 7; i <= 10_000; i += 7) {
    held.release(i, () => false);
    expect([held.released, held.count]).toEqual([i * 5, 10_000 - i]);
  }
});
