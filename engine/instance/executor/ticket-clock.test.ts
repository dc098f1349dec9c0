import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TicketClock } from './ticket-clock.ts';

describe('the ticket clock', () => {
  it('is durable up to the newest ticket while nothing is recorded anywhere', () => {
    const clock = new TicketClock();
    expect(clock.advance()).toBe(false);
    clock.next();
    expect(clock.advance()).toBe(true);
    expect(clock.durable).toBe(1);
  });

  it('waits for the slowest journal', () => {
    const clock = new TicketClock();
    const [one, other] = [clock.source(), clock.source()];
    one.newest = clock.next();
    other.newest = clock.next();
    other.durable = 2;
    expect(clock.advance()).toBe(false);
    one.durable = 1;
    expect(clock.advance()).toBe(true);
    expect(clock.durable).toBe(2);
  });

  it('does not pass a held ticket, and goes on once it is released', () => {
    const clock = new TicketClock();
    const source = clock.source();
    source.newest = clock.next();
    const held = clock.next();
    clock.hold(held);
    source.newest = clock.next();
    source.durable = source.newest;
    clock.advance();
    expect(clock.durable).toBe(held - 1);
    expect(clock.advance()).toBe(false);
    clock.release(held);
    clock.advance();
    expect(clock.durable).toBe(3);
  });

  it('no longer waits for a journal that is gone', () => {
    const clock = new TicketClock();
    const source = clock.source();
    source.newest = clock.next();
    clock.advance();
    expect(clock.durable).toBe(0);
    clock.drop(source);
    clock.advance();
    expect(clock.durable).toBe(1);
  });

  /** Tickets go to one of three journals, which become durable in order but each at its own pace; some are held back. */
  const step = fc.oneof(
    fc.record({ do: fc.constant('record' as const), journal: fc.nat(2) }),
    fc.record({ do: fc.constant('sync' as const), journal: fc.nat(2), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ do: fc.constant('hold' as const) }),
    fc.record({ do: fc.constant('release' as const), which: fc.nat() }),
  );

  it('is never durable beyond a ticket that is not, and gets to the end when all are', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new TicketClock();
        const journals = [0, 1, 2].map(() => ({ source: clock.source(), waiting: [] as number[] }));
        let held: number[] = [];
        let before = 0;
        const check = (): void => {
          clock.advance();
          const pending = [...journals.flatMap((j) => j.waiting), ...held];
          expect(clock.durable).toBeGreaterThanOrEqual(before);
          expect(pending.every((ticket) => ticket > clock.durable)).toBe(true);
          before = clock.durable;
        };
        for (const each of steps) {
          if (each.do === 'record') {
            const journal = journals[each.journal]!;
            journal.source.newest = clock.next();
            journal.waiting.push(journal.source.newest);
          } else if (each.do === 'sync') {
            const journal = journals[each.journal]!;
            const synced = journal.waiting.splice(0, each.count);
            journal.source.durable = synced.at(-1) ?? journal.source.durable;
          } else if (each.do === 'hold') {
            held.push(clock.next());
            clock.hold(held.at(-1)!);
          } else if (held.length > 0) {
            const [released] = held.splice(each.which % held.length, 1);
            clock.release(released!);
          }
          check();
        }
        for (const { source, waiting } of journals) source.durable = waiting.splice(0).at(-1) ?? source.durable;
        for (const ticket of held) clock.release(ticket);
        held = [];
        check();
        expect(clock.durable).toBe(clock.newest);
      }),
    );
  });
});
