import { describe, expect, it } from 'vitest';
import { active, at, backup, Core, end, epoch, hello, kinds, primary, QOS } from './testing/core.ts';
import type { Effect, PeerMessage } from './types.ts';

const failed = { on: 'journal-failed', why: 'no space', end: at(2, 5) } as const;
const hung = { on: 'hung', stalledMs: 600 } as const;
const codes = (effects: Effect[]): string[] => effects.flatMap((e) => (e.do === 'log' && e.severity === 2 ? [e.code] : []));
const cannot: PeerMessage = { m: 'beat', arbiter: false, canTakeOver: false };
const can: PeerMessage = { ...cannot, canTakeOver: true };

describe('a journal that cannot be written', () => {
  it('freezes the primary, which asks an active backup to take over and never acts as primary in this epoch again', () => {
    const a = active();
    const effects = a.do(failed);
    expect(kinds(effects)).toEqual(['gate hold', 'persist yielded forcedDown', 'tell-peer take-over']);
    expect(effects).toContainEqual({ do: 'persist', record: { yielded: epoch(2), forcedDown: true }, bestEffort: true });
    expect(effects).toContainEqual({ do: 'tell-peer', message: { m: 'take-over', epoch: epoch(2), end: at(2, 5) } });
    expect(kinds(a.do({ on: 'peer', message: { m: 'taking-over', epoch: epoch(2) } }))).toEqual(['step-down']);
    const restarted = new Core({ durable: a.state.durable });
    expect(kinds(restarted.do({ on: 'start' })), 'not by itself').toEqual(['step-down']);
  });

  it('ends the process for good whatever the backup answers, or if it does not', () => {
    for (const end of [
      (a: Core) => a.do({ on: 'peer', message: { m: 'cannot-take-over', why: 'x' } }),
      (a: Core) => a.do({ on: 'peer-lost', why: 'closed' }),
      (a: Core) => a.after(QOS),
    ]) {
      const a = active();
      a.do(failed);
      expect(kinds(end(a))).toEqual(['step-down']);
      expect(a.role.is).toBe('down');
    }
  });

  it('without an active backup that can, it freezes and never yields; nothing opens it again', () => {
    const inactive = primary();
    inactive.do({ on: 'hello', hello: hello('B') });
    inactive.do({ on: 'peer', message: can });
    expect(codes(inactive.do(failed))).toEqual(['JOURNAL_FAILED', 'JOURNAL_FROZEN']);
    expect(kinds(inactive.do({ on: 'caught-up' })), 'no active period any more').toEqual([]);
    const troubled = active();
    troubled.do({ on: 'peer-lost', why: 'silent' });
    troubled.do(failed);
    expect(kinds(troubled.after(2 * QOS))).toEqual(['persist period', 'gate hold']);
    expect(troubled.role).toMatchObject({ is: 'primary', frozen: 'no space' });
    expect(kinds(troubled.do(failed)), 'once').toEqual([]);
  });

  it('hands over as soon as the active backup can', () => {
    const a = active();
    a.do({ on: 'peer', message: cannot });
    expect(kinds(a.do(failed))).toEqual(['gate hold']);
    expect(kinds(a.do({ on: 'peer', message: can }))).toEqual(['persist yielded forcedDown', 'tell-peer take-over']);
  });

  it('ends a hand-over or a change that was under way', () => {
    const a = active();
    a.do({ on: 'request', id: 1, what: 'hand-over' });
    expect(kinds(a.do(failed))).toContain('answer-request');
    expect(kinds(a.do({ on: 'drained', end: at(2, 9) }))).toEqual([]);
  });

  it('lets the backup have more than the primary could write, not less', () => {
    const b = backup();
    b.journal = end(epoch(2), 9);
    expect(kinds(b.do({ on: 'peer', message: { m: 'take-over', epoch: epoch(2), end: at(2, 5) } }))).toContain('tell-peer taking-over');
    const c = backup();
    expect(kinds(c.do({ on: 'peer', message: { m: 'take-over', epoch: epoch(2), end: at(2, 6) } }))).toEqual([
      'tell-peer cannot-take-over',
    ]);
  });
});

describe('a primary that stood still', () => {
  it('hands over by itself: drains, records that it yielded, asks', () => {
    const a = active();
    const effects = a.do(hung);
    expect(kinds(effects)).toEqual(['drain']);
    expect(codes(effects)).toEqual(['HUNG']);
    expect(kinds(a.do({ on: 'drained', end: at(2, 9) }))).toEqual(['persist yielded', 'gate hold', 'tell-peer take-over']);
    expect(kinds(a.do({ on: 'peer', message: { m: 'taking-over', epoch: epoch(2) } }))).toEqual(['handed-over']);
  });

  it('works on when nobody could take over, and when the backup is lost before it was asked', () => {
    const alone = primary();
    expect(codes(alone.do(hung))).toEqual(['HUNG_STAYS']);
    expect(alone.role.is).toBe('primary');
    const a = active();
    a.do(hung);
    expect(kinds(a.do({ on: 'peer-lost', why: 'closed' }))).toContain('resume');
    expect(kinds(a.do(hung)), 'in trouble').toEqual([]);
    expect(kinds(backup().do(hung))).toEqual([]);
  });
});

describe('a request that is under way when the role it belongs to ends', () => {
  const answersTo = (effects: Effect[], id: number) =>
    effects.flatMap((e) => (e.do === 'answer-request' && e.id === id ? [e.error?.code ?? 'ok'] : []));
  const change = { on: 'request', id: 1, what: 'change-membership' } as const;
  const hold = { on: 'request', id: 1, what: 'set-no-failover' } as const;

  it.each([
    ['stop', (a: Core) => a.do({ on: 'request', id: 2, what: 'stop' })],
    ['stop without failover', (a: Core) => a.do({ on: 'request', id: 2, what: 'stop-nofailover' })],
    ['a newer primary', (a: Core) => a.do({ on: 'hello', hello: hello('B', { seen: epoch(9, 'B') }) })],
    ['a journal that fails', (a: Core) => a.do(failed)],
  ])('a change of the mirror is answered once by %s', (_name, ends) => {
    const a = active();
    expect(answersTo(a.do(change), 1)).toEqual([]);
    const effects = ends(a);
    effects.push(...a.do({ on: 'peer', message: { m: 'no-failover-done', epoch: epoch(2) } }), ...a.after(QOS));
    expect(answersTo(effects, 1)).toHaveLength(1);
    expect(answersTo(effects, 1)).not.toEqual(['ok']);
  });

  it('no failover that the backup has not confirmed is answered when the primary hands over', () => {
    const a = active();
    a.do({ on: 'request', id: 2, what: 'hand-over' });
    expect(answersTo(a.do(hold), 1)).toEqual([]);
    expect(answersTo(a.do({ on: 'drained', end: at(2, 5) }), 1)).toEqual(['UNREACHABLE']);
  });
});
