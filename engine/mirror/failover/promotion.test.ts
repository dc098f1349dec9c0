import { describe, expect, it } from 'vitest';
import { agentSays, Core, end, epoch, kinds, primary } from './testing/core.ts';

/** C, promoted: it never was a failover member, and its journal ends in A's epoch. */
function promoted(isHeld = false): Core {
  const c = new Core({ self: 'C', partner: null, durable: { validated: false, promotion: { isHeld } } });
  c.hasAsyncs = true;
  return c;
}

const nobody = { on: 'asked-around', answered: 0, silent: 2, unaware: 2, committed: null, told: null } as const;
const answers = { ...nobody, answered: 1, silent: 1, unaware: 1 } as const;

describe('promoted without a partner', () => {
  it('asks the others first, then raises the major; being primary ends the promotion', () => {
    const c = promoted();
    expect(kinds(c.do({ on: 'start' }))).toEqual(['persist boot', 'ask-around']);
    c.do({ on: 'arbiter-lost' });
    expect(c.do(nobody)).toContainEqual(
      expect.objectContaining({ do: 'become-primary', right: { by: 'promotion' }, epoch: { major: 2, minor: 2, member: 'C' } }),
    );
    c.become({ major: 2, minor: 2, member: 'C' });
    expect(c.role.is).toBe('primary');
    expect(c.state.durable).toMatchObject({ promotion: null, validated: true });
  });

  it('goes on although a newer epoch is known whose journal nobody gives it', () => {
    const c = promoted();
    c.state = { ...c.state, durable: { ...c.state.durable, seen: epoch(7, 'B') } };
    c.do({ on: 'start' });
    c.do({ on: 'arbiter-lost' });
    expect(c.do(nobody)).toContainEqual(expect.objectContaining({ epoch: { major: 2, minor: 8, member: 'C' } }));
  });

  it('gives up when it learns of another membership before it is primary', () => {
    const c = promoted();
    c.do({ on: 'start' });
    c.do({ on: 'membership', version: 3, partner: 'A', arbiter: true, qosMs: 1000 });
    expect(c.role.is).toBe('waiting');
    expect(kinds(c.do(nobody))).toEqual([]);
  });

  it('waits, and asks again, while somebody follows a primary or is one', () => {
    const c = promoted();
    c.do({ on: 'start' });
    c.do({ on: 'arbiter-lost' });
    expect(kinds(c.do({ ...answers, committed: epoch(2, 'B') }))).toEqual([]);
    expect(c.role.is).toBe('waiting');
    expect(kinds(c.after(1000))).toContain('ask-around');
    c.do({ on: 'arbiter-lost' });
    expect(kinds(c.do(answers))).toEqual(['become-primary']);
  });

  it('as primary tells the others again and again, until all have heard it, also when it has a partner', () => {
    const c = promoted();
    c.do({ on: 'start' });
    c.do({ on: 'arbiter-lost' });
    c.do(nobody);
    c.become({ major: 2, minor: 2, member: 'C' });
    for (let rounds = 0; rounds < 3; rounds += 1) {
      expect(kinds(c.after(1000))).toContain('ask-around');
      c.do(answers);
    }
    c.do({ on: 'membership', version: 3, partner: 'A', arbiter: true, qosMs: 1000 });
    expect(kinds(c.after(1000))).toContain('ask-around');
    // What was asked before it was primary told them nothing of that.
    const toldBefore = { ...answers, silent: 0, unaware: 0 };
    c.do(toldBefore);
    expect(kinds(c.after(1000))).toContain('ask-around');
    const told = { major: 2, minor: 2, member: 'C' };
    // One that has another membership, and keeps it until this one's is the newer.
    c.do({ ...answers, silent: 0, told });
    expect(kinds(c.after(1000))).toContain('ask-around');
    c.do({ ...toldBefore, told });
    expect(kinds(c.after(1000))).not.toContain('ask-around');
  });

  it('so does one that was forced: the other one may go on elsewhere and be demoted meanwhile', () => {
    const b = new Core({ self: 'B' });
    b.hasAsyncs = true;
    b.do({ on: 'start' });
    b.do({ on: 'request', id: 1, what: 'force-primary', confirmed: true });
    b.after(60_000);
    b.do({ on: 'arbiter-lost' });
    b.become({ major: 2, minor: 2, member: 'B' });
    expect(b.role).toMatchObject({ is: 'primary', tellAt: expect.any(Number) });
  });

  it('held: does nothing until no failover is cleared, also after a restart; a try is refused', () => {
    const c = promoted(true);
    for (let starts = 0; starts < 2; starts += 1) {
      c.do({ on: 'start' });
      expect(c.role).toMatchObject({ is: 'waiting', forOperator: true });
      expect(kinds(c.after(60_000))).toEqual([]);
      c.state = { ...c.state, role: { is: 'starting', why: '', askAt: 0, asking: null, forOperator: false } };
    }
    c.do({ on: 'start' });
    expect(c.do({ on: 'request', id: 1, what: 'try-primary' })).toContainEqual(
      expect.objectContaining({ do: 'answer-request', error: expect.objectContaining({ code: 'NO_FAILOVER' }) }),
    );
    const cleared = c.do({ on: 'request', id: 2, what: 'clear-no-failover' });
    expect(cleared).toContainEqual({ do: 'answer-request', id: 2, error: null });
    expect(kinds(cleared)).toContain('ask-around');
    expect(c.role).toMatchObject({ is: 'taking', right: { by: 'promotion' } });
  });

  it('held: forced all the same', () => {
    const c = promoted(true);
    c.do({ on: 'start' });
    c.do({ on: 'request', id: 1, what: 'force-primary', confirmed: true });
    c.do({ on: 'arbiter-lost' });
    expect(c.role).toMatchObject({ is: 'taking', right: { by: 'force' } });
  });
});

describe('a member that was down asks around before it becomes primary', () => {
  const grant = { state: 'down', journal: end(epoch(1), 10), grant: { to: 'A', above: epoch(1) } } as const;

  function granted(): Core {
    const a = new Core();
    a.hasAsyncs = true;
    a.do({ on: 'start' });
    a.do({ on: 'dial-failed', question: a.question });
    a.do({ on: 'agent', question: a.question, answer: agentSays('B', grant) });
    return a;
  }

  it('and goes on when nobody knows better, or after a quarter of Q', () => {
    const asked = granted();
    expect(asked.role).toMatchObject({ is: 'taking', step: 'claim' });
    expect(kinds(asked.do(nobody))).toEqual(['become-primary']);
    expect(kinds(granted().after(250))).toEqual(['become-primary']);
  });

  it('but not for who has another partner now', () => {
    const a = granted();
    a.do({ on: 'membership', version: 2, partner: 'C', arbiter: true, qosMs: 1000 });
    expect(a.role.is).toBe('waiting');
  });

  it('and waits for an answer when its own records do not count and it has no partner', () => {
    const a = new Core({ partner: null, durable: { validated: false } });
    a.hasAsyncs = true;
    a.do({ on: 'start' });
    a.do({ on: 'arbiter-lost' });
    a.do(nobody);
    expect(a.role.is).toBe('waiting');
    a.after(1000);
    a.do({ on: 'arbiter-lost' });
    expect(kinds(a.do(answers))).toEqual(['become-primary']);
  });

  it('and asks the new partner when it learns of it by the answer of the old one', () => {
    const a = new Core();
    a.hasAsyncs = true;
    a.do({ on: 'start' });
    a.do({ on: 'dial-failed', question: a.question });
    const { question } = a;
    a.do({ on: 'membership', version: 2, partner: 'C', arbiter: true, qosMs: 1000 });
    a.do({ on: 'agent', question, answer: agentSays('B', grant) });
    expect(a.role.is).toBe('starting');
    expect(kinds(a.after(1000))).toEqual(['dial-peer']);
  });

  it('asks around for a promise that another partner has, and is free once that one is none and never was primary by it', () => {
    const a = new Core({ partner: 'C', durable: { grant: { to: 'B', above: epoch(1) } } });
    a.hasAsyncs = true;
    a.do({ on: 'start' });
    const promise = { on: 'hello-answer', answer: { is: 'promise', boot: 'C-boot', grant: { to: 'A', above: epoch(1) } } } as const;
    expect(kinds(a.do({ ...promise, question: a.question }))).toContain('ask-around');
    expect(a.role.is).toBe('waiting');
    a.do({ on: 'no-partner', member: 'B', seen: epoch(2, 'B') });
    expect(a.state.durable.grant).not.toBeNull();
    a.do({ on: 'no-partner', member: 'B', seen: epoch(1) });
    expect(a.state.durable.grant).toBeNull();
  });

  it('not in a mirror without asyncs', () => {
    expect(primary().role.is).toBe('primary');
  });
});

describe('the only failover member of a mirror with disaster recovery members', () => {
  function only(arbiter = true): Core {
    const a = new Core({ partner: null, arbiter });
    a.hasAsyncs = a.hasDisasterRecovery = true;
    a.do({ on: 'start' });
    return a;
  }

  it('becomes primary on the word of any of them', () => {
    expect(kinds(only(false).do(answers))).toEqual(['become-primary']);
  });

  it('becomes primary on the word of the arbiter, which it waits for', () => {
    const a = only();
    expect(kinds(a.do(nobody))).toEqual([]);
    expect(a.do({ on: 'arbiter-up' })).toContainEqual(
      expect.objectContaining({ do: 'tell-arbiter', message: expect.objectContaining({ m: 'claim' }) as unknown }),
    );
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'known', epoch: null, membership: 0 } }))).toEqual(['become-primary']);
  });

  it('does not when the arbiter knows of a newer membership', () => {
    const a = only();
    a.do(nobody);
    a.do({ on: 'arbiter-up' });
    a.do({ on: 'arbiter', message: { m: 'known', epoch: null, membership: 9 } });
    expect(a.role).toMatchObject({ is: 'waiting' });
  });

  it.each([true, false])('waits where nobody can be reached, and asks again (arbiter configured: %s)', (arbiter) => {
    const a = only(arbiter);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      a.do(nobody);
      if (arbiter) a.after(250);
      expect(a.role.is).toBe('waiting');
      expect(kinds(a.after(1000))).toContain('ask-around');
    }
    expect(kinds(a.do(answers))).toContain('become-primary');
  });

  it('can be forced then', () => {
    const a = only(false);
    a.do(nobody);
    a.do({ on: 'request', id: 1, what: 'force-primary', confirmed: true });
    expect(a.role).toMatchObject({ is: 'taking', right: { by: 'force' } });
  });

  it('asks nobody where none can have been promoted', () => {
    const a = new Core({ partner: null, arbiter: false });
    a.hasAsyncs = true;
    a.do({ on: 'start' });
    expect(kinds(a.do(nobody))).toEqual(['become-primary']);
  });
});
