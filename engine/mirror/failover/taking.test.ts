import { describe, expect, it } from 'vitest';
import { agentSays, answerPrimary, Core, end, epoch, formed, hello, kinds, primary, QOS } from './testing/core.ts';
import { HOOK_RETRY_MS } from './taking.ts';
import type { Effect } from './types.ts';

const promised = { is: 'promise', boot: 'B-boot', grant: { to: 'A', above: epoch(1) } } as const;
const verdict = { on: 'arbiter', message: { m: 'verdict', g: 'g1', verdict: 'backup-takes-over' } } as const;
const notices = (effects: Effect[]): string[] => effects.flatMap((e) => (e.do === 'notify' ? [e.what] : []));
const codes = (effects: Effect[]): string[] => effects.flatMap((e) => (e.do === 'log' ? [e.code] : []));

/** A, with B's promise, its hooks and its address answered by hand. */
function taking(init: ConstructorParameters<typeof Core>[0] = {}, arbiter = false): Core {
  const a = new Core(init);
  a.obliging = false;
  if (arbiter) a.do({ on: 'arbiter-up' });
  a.do({ on: 'start' });
  a.do({ on: 'hello-answer', question: a.question, answer: promised });
  return a;
}

const yes = (hook: 'can-start' | 'check') => ({ on: 'hook-answer', hook, ok: true, why: '' }) as const;
const no = (hook: 'can-start' | 'check') => ({ on: 'hook-answer', hook, ok: false, why: 'maintenance' }) as const;
const bound = { on: 'vip', bound: true, why: '' } as const;
const unbound = { on: 'vip', bound: false, why: 'taken' } as const;

function became(): Core {
  const a = taking();
  a.do(yes('can-start'));
  a.become(epoch(2));
  return a;
}

describe('becoming primary', () => {
  it('goes in order: hook, journal, address, hook, open; nothing opens before all have answered', () => {
    const a = taking();
    expect(a.role).toMatchObject({ is: 'taking', step: 'can-start' });
    expect(kinds(a.do(yes('can-start')))).toEqual(['become-primary']);
    expect(kinds(a.do(yes('check'))), 'an answer nobody asked for').toEqual([]);
    expect(kinds(a.become(epoch(2))).slice(1)).toEqual(['bind-vip']);
    expect(kinds(a.do(yes('check'))), 'not asked yet').toEqual([]);
    expect(kinds(a.do(bound))).toEqual(['gate open', 'ask-hook']);
    const effects = a.do(yes('check'));
    expect(kinds(effects)).toEqual(['open']);
    expect(notices(effects)).toEqual(['became']);
  });

  it('asks a hook that said no again after 30 s, not before', () => {
    const a = taking();
    const effects = a.do(no('can-start'));
    expect(codes(effects)).toEqual(['HOOK_SAID_NO']);
    expect(notices(effects)).toEqual(['failed']);
    expect(kinds(a.do(yes('can-start'))), 'a second answer').toEqual([]);
    expect(kinds(a.after(HOOK_RETRY_MS - 1))).not.toContain('ask-hook');
    expect(kinds(a.after(1))).toContain('ask-hook');
    expect(notices(a.do(no('can-start'))), 'once per incident').toEqual([]);
    a.after(HOOK_RETRY_MS);
    expect(kinds(a.do(yes('can-start')))).toEqual(['become-primary']);
  });

  it('after a no of the check nothing is durable any more and the address goes; it is bound again before the next check', () => {
    const a = became();
    a.do(bound);
    const effects = a.do(no('check'));
    expect(kinds(effects)).toEqual(['gate hold']);
    expect(effects).toContainEqual({ do: 'release-vip' });
    expect(kinds(a.after(HOOK_RETRY_MS))).toContain('bind-vip');
    expect(kinds(a.do(bound))).toEqual(['gate open', 'ask-hook']);
    expect(notices(a.do(yes('check')))).toEqual(['became']);
  });

  it('tries to bind the address for two QoS timeouts, then undoes all and waits for an operator', () => {
    const a = became();
    expect(kinds(a.do(unbound))).toEqual([]);
    expect(kinds(a.after(QOS))).toContain('bind-vip');
    a.do(unbound);
    a.after(QOS);
    expect(kinds(a.do(unbound))).toEqual(['undo-become']);
    expect(a.role).toMatchObject({ is: 'waiting', forOperator: true });
    expect(kinds(a.after(10 * QOS)), 'not by itself').toEqual([]);
    expect(kinds(a.do({ on: 'request', id: 1, what: 'try-primary' }))).toEqual(['dial-peer']);
  });

  it('does not begin with databases that are not well, and looks again before each attempt', () => {
    const a = new Core({ partner: null });
    a.canTakeOver = false;
    expect(kinds(a.do({ on: 'start' }))).toEqual(['persist boot']);
    expect(a.role.is).toBe('waiting');
    a.canTakeOver = true;
    expect(kinds(a.after(QOS))).toContain('become-primary');
    a.do({ on: 'become-failed', why: 'x' });
    a.canTakeOver = false;
    expect(kinds(a.after(QOS))).not.toContain('become-primary');
    a.canTakeOver = true;
    expect(kinds(a.after(QOS))).toContain('become-primary');
  });

  it('a journal that fails before it is open undoes the attempt', () => {
    const a = became();
    expect(kinds(a.do({ on: 'journal-failed', why: 'no space', end: { file: 2, offset: 0 } }))).toEqual(['undo-become']);
    expect(kinds(a.after(QOS))).toContain('become-primary');
  });
});

describe('who forbids it', () => {
  it('the arbiter is shown every right that is not its own, and its silence is no veto', () => {
    const a = taking({}, true);
    expect(a.role).toMatchObject({ is: 'taking', step: 'claim' });
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'known', epoch: epoch(1), membership: 1 } }))).toEqual(['ask-hook']);
    expect(kinds(taking({}, true).after(QOS / 4))).toEqual(['ask-hook']);
    expect(kinds(taking({}, true).do({ on: 'arbiter-lost' }))).toEqual(['ask-hook']);
    const b = formed();
    b.obliging = false;
    b.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(b.do(verdict))).toEqual(['ask-hook']);
  });

  it('one that knows a newer epoch or membership stops it, at whatever step', () => {
    const a = taking({}, true);
    a.do({ on: 'arbiter', message: { m: 'known', epoch: epoch(3, 'C'), membership: 1 } });
    expect(a.role.is).toBe('waiting');
    expect(a.state.durable.seen).toEqual(epoch(3, 'C'));
    const m = taking({}, true);
    m.do({ on: 'arbiter', message: { m: 'known', epoch: epoch(1), membership: 2 } });
    expect(m.role.is).toBe('waiting');

    const told = taking();
    expect(kinds(told.do({ on: 'hello', hello: hello('B', { seen: epoch(4, 'B') }) }))).toContain('answer not-primary');
    expect(told.role.is).toBe('waiting');
    const late = became();
    const effects = late.do({ on: 'hello', hello: hello('B', { seen: epoch(4, 'B') }) });
    expect(kinds(effects)).toEqual(['persist seen', 'undo-become', 'answer not-primary']);
    expect(effects).toContainEqual({ do: 'release-vip' });
    const agent = taking();
    agent.after(QOS);
    agent.do({ on: 'agent', question: agent.question, answer: agentSays('B', { seen: epoch(5, 'B') }) });
    expect(agent.role.is).toBe('waiting');
  });

  it('an attempt that ends after the right was lost is undone', () => {
    const a = taking();
    a.do(yes('can-start'));
    a.do({ on: 'hello', hello: hello('B', { seen: epoch(4, 'B') }) });
    expect(kinds(a.do({ on: 'became', epoch: epoch(2) }))).toEqual(['undo-become']);
  });

  it('a promise to another one that is still outstanding', () => {
    const a = new Core({ partner: null, durable: { grant: { to: 'C', above: epoch(1) } } });
    a.do({ on: 'start' });
    expect(a.role.is).toBe('waiting');
    const kept = new Core({
      partner: null,
      durable: { grant: { to: 'C', above: epoch(1) }, seen: epoch(2, 'C') },
      journal: end(epoch(2, 'C')),
    });
    expect(kinds(kept.do({ on: 'start' }))).toContain('become-primary');
  });

  it('a primary that turns up while it waits for a hook', () => {
    const a = taking();
    a.do(no('can-start'));
    a.after(QOS);
    a.do({ on: 'hello-answer', question: a.question, answer: answerPrimary(epoch(1, 'B')) });
    expect(a.role.is).toBe('waiting');
  });
});

describe('a right given back', () => {
  const inTrouble = hello('A', { role: 'in-trouble', gaveUp: false, journal: end(epoch(2), 5), seen: epoch(2) });

  function stuck(): Core {
    const b = formed();
    b.do({ on: 'peer-lost', why: 'silent' });
    b.do(verdict);
    b.do({ on: 'become-failed', why: 'A database cannot be mounted.' });
    return b;
  }

  it('goes to the primary that asks, durably before it is told; then no verdict and no new attempt count', () => {
    const b = stuck();
    expect(kinds(b.do({ on: 'hello', hello: inTrouble }))).toEqual(['persist grant', 'answer not-primary']);
    expect(b.state.durable.grant).toEqual({ to: 'A', above: epoch(2) });
    expect(kinds(b.do(verdict))).toEqual([]);
    expect(kinds(b.after(QOS))).toEqual(['dial-peer']);
  });

  it('stays while the attempt is under way, and once its epoch is in the journal', () => {
    const b = formed();
    b.do({ on: 'peer-lost', why: 'silent' });
    b.do(verdict);
    expect(kinds(b.do({ on: 'hello', hello: inTrouble }))).toEqual(['answer not-primary']);
    expect(b.role.is).toBe('taking');
    const begun = stuck();
    begun.journal = end(epoch(3, 'B'));
    expect(kinds(begun.do({ on: 'hello', hello: inTrouble }))).toEqual(['answer not-primary']);
    expect(begun.role.is).toBe('taking');
  });

  it('goes to a primary that has restarted as a promise', () => {
    const b = stuck();
    const restarted = hello('A', { role: 'starting', wasPrimary: true, journal: end(epoch(2), 5), seen: epoch(2) });
    expect(kinds(b.do({ on: 'hello', hello: restarted }))).toEqual(['persist grant', 'answer promise']);
  });

  it('lets both ask anew when the other one, whose journal it lacks, is up again', () => {
    const a = taking();
    a.do(yes('can-start'));
    a.do({ on: 'become-failed', why: 'the journal cannot be fetched' });
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { journal: end(epoch(1), 9) }) }))).toEqual(['answer not-primary']);
    expect(a.role.is).toBe('waiting');
    const held = taking();
    held.do(no('can-start'));
    held.do({ on: 'hello', hello: hello('B') });
    expect(held.role.is, 'a hook would say no again').toBe('taking');
  });

  it('again and again is asked for later and later, at most after Q, until this member is primary or backup again', () => {
    const a = new Core();
    a.do({ on: 'start' });
    /** Gets the right, cannot finish, gives it back to B; how long it then waits before it asks. */
    const round = (): number => {
      a.do({ on: 'hello-answer', question: a.question, answer: promised });
      a.do({ on: 'become-failed', why: 'No space.' });
      expect(kinds(a.do({ on: 'hello', hello: hello('B', { role: 'waiting', journal: a.journal }) }))).toEqual([
        'persist grant',
        'answer promise',
      ]);
      const gaveBackAt = a.now;
      while (kinds(a.after(1)).length === 0) expect(a.now - gaveBackAt).toBeLessThanOrEqual(QOS);
      return a.now - gaveBackAt;
    };
    expect([round(), round(), round(), round(), round()]).toEqual([125, 250, 500, 1000, 1000]);
    a.do({ on: 'hello-answer', question: a.question, answer: answerPrimary(epoch(2, 'B')) });
    expect(a.role.is).toBe('backup');
    a.do({ on: 'peer-lost', why: 'closed' });
    a.journal = end(epoch(2, 'B'), 1);
    a.do({ on: 'agent-silent', member: 'B', question: a.question });
    expect(kinds(a.after(QOS))).toEqual(['dial-peer']);
    expect(round()).toBe(125);
  });
});

it('a primary lets a newer one be at once, whoever tells of it', () => {
  const ends = ['gate hold', 'persist seen', 'persist forcedDown', 'step-down'];
  const a = primary();
  expect(kinds(a.do({ on: 'arbiter', message: { m: 'known', epoch: epoch(3, 'B'), membership: 1 } }))).toEqual(ends);
  const b = primary();
  expect(
    kinds(b.do({ on: 'agent', question: b.question, answer: agentSays('B', { seen: epoch(2, 'B') }) })),
    'the same epoch, another member',
  ).toEqual(ends.filter((e) => e !== 'persist seen'));
});
