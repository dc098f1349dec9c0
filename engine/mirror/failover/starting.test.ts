import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentSays, answerPrimary, backup, Core, end, epoch, formed, GEN, hello, kinds, primary, QOS } from './testing/core.ts';
import { rank } from './epochs.ts';
import type { AgentAnswer, Effect, Hello, HelloAnswer } from './types.ts';

const granted = (journal = end(epoch(1), 10)): AgentAnswer =>
  agentSays('B', { state: 'down', journal, grant: { to: 'A', above: journal.epoch } });
const running = agentSays('B', { refused: { code: 'RUNNING', text: 'It runs.', facts: {} } });
const becomes = (effects: Effect[]) => effects.flatMap((e) => (e.do === 'become-primary' ? [{ by: e.right.by, epoch: e.epoch }] : []));
const promise = (above = epoch(1)) => ({ is: 'promise', boot: 'B-boot', grant: { to: 'A', above } }) as const;

function started(init: ConstructorParameters<typeof Core>[0] = {}): Core {
  const a = new Core(init);
  a.do({ on: 'start' });
  return a;
}

describe('a member that starts', () => {
  it('asks the other member, then its agent, then waits and asks again', () => {
    const a = new Core();
    expect(kinds(a.do({ on: 'start' }))).toEqual(['persist boot', 'dial-peer']);
    expect(kinds(a.do({ on: 'dial-failed', question: a.question }))).toEqual(['ask-agent for a grant']);
    a.do({ on: 'agent-silent', member: 'B', question: a.question });
    expect(a.role.is).toBe('waiting');
    expect(kinds(a.after(QOS))).toEqual(['dial-peer']);
  });

  it('joins a primary', () => {
    const a = started();
    a.do({ on: 'hello-answer', question: a.question, answer: answerPrimary(epoch(2, 'B')) });
    expect(a.role).toMatchObject({ is: 'backup', primary: 'B', active: null });
    const forked = started();
    forked.do({ on: 'hello-answer', question: forked.question, answer: { ...answerPrimary(epoch(2, 'B')), membership: 7 } as HelloAnswer });
    expect(forked.state.membership, 'what the mirror is, the primary says').toBe(7);
  });

  it("becomes primary under the grant of the other one's agent, above every epoch either knows of", () => {
    const b = started();
    b.do({ on: 'dial-failed', question: b.question });
    expect(becomes(b.do({ on: 'agent', question: b.question, answer: granted(end(epoch(7, 'B'))) }))).toEqual([
      { by: 'grant', epoch: epoch(8, 'A') },
    ]);
  });

  it("becomes primary by the other one's promise, above what that one knows of", () => {
    const a = started({ journal: end(epoch(5, 'A')) });
    expect(becomes(a.do({ on: 'hello-answer', question: a.question, answer: promise(epoch(5, 'A')) }))).toEqual([
      { by: 'promise', epoch: epoch(6, 'A') },
    ]);
  });

  it('does not become primary while a newer one is known whose journal neither it nor the giver of the right has', () => {
    const a = started({ durable: { seen: epoch(4, 'B') } });
    a.do({ on: 'dial-failed', question: a.question });
    expect(becomes(a.do({ on: 'agent', question: a.question, answer: granted(end(epoch(3, 'B'))) }))).toEqual([]);
    expect(a.role).toMatchObject({ is: 'waiting' });
    const b = started();
    expect(becomes(b.do({ on: 'hello-answer', question: b.question, answer: promise(epoch(5, 'B')) }))).toEqual([]);
  });

  it('does not take a promise or a grant that is not for it, or that it cannot use', () => {
    const a = started();
    expect(
      becomes(a.do({ on: 'hello-answer', question: a.question, answer: { ...promise(), grant: { to: 'C', above: epoch(1) } } })),
    ).toEqual([]);
    const ill = started();
    ill.canTakeOver = false;
    expect(becomes(ill.do({ on: 'hello-answer', question: ill.question, answer: promise() }))).toEqual([]);
    const c = started();
    c.do({ on: 'dial-failed', question: c.question });
    expect(becomes(c.do({ on: 'agent', question: c.question, answer: { ...granted(), grant: { to: 'C', above: epoch(1) } } }))).toEqual([]);
  });

  it('waits, saying why, when the agent refuses; a running instance is asked again', () => {
    const a = started();
    a.do({ on: 'dial-failed', question: a.question });
    a.do({ on: 'agent', question: a.question, answer: running });
    expect(a.role.is).toBe('starting');
    a.after(QOS);
    a.do({ on: 'dial-failed', question: a.question });
    a.do({
      on: 'agent',
      question: a.question,
      answer: { ...running, state: 'down', refused: { code: 'NO_FAILOVER', text: 'No failover is set.', facts: {} } },
    });
    expect(a.role).toMatchObject({ is: 'waiting', why: 'No failover is set.' });
  });

  it('takes no answer to an older question', () => {
    const a = started();
    const first = a.question;
    a.do({ on: 'dial-failed', question: first });
    const second = a.question;
    a.do({ on: 'agent-silent', member: 'B', question: second });
    a.after(QOS);
    expect(becomes(a.do({ on: 'agent', question: second, answer: granted() }))).toEqual([]);
    expect(becomes(a.do({ on: 'hello-answer', question: first, answer: promise() }))).toEqual([]);
    expect(kinds(a.do({ on: 'dial-failed', question: first }))).toEqual([]);
    expect(becomes(a.do({ on: 'hello-answer', question: a.question, answer: promise() }))).toHaveLength(1);
  });

  it('the last primary may go on in spite of no failover, which its restart clears; the other may not', () => {
    const a = started({ durable: { noFailover: epoch(1) } });
    expect(kinds(a.do({ on: 'dial-failed', question: a.question }))).toEqual(['ask-agent for a grant']);
    a.do({ on: 'agent', question: a.question, answer: granted() });
    a.become(epoch(2));
    expect(a.state.durable.noFailover).toBeNull();
    const b = started({ self: 'B', durable: { noFailover: epoch(1) } });
    expect(kinds(b.do({ on: 'dial-failed', question: b.question }))).toEqual(['ask-agent']);
  });
});

describe('two members that both start', () => {
  it('the one with the newer journal is promised to, durably, before it hears of it', () => {
    const b = started({ self: 'B', journal: end(epoch(1), 9) });
    expect(kinds(b.do({ on: 'hello', hello: hello('A') }))).toEqual(['persist grant', 'answer promise']);
    expect(b.state.durable.grant).toEqual({ to: 'A', above: epoch(1) });
  });

  it('the one with the older journal is not', () => {
    const a = started();
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { journal: end(epoch(1), 9) }) }))).toEqual(['answer not-primary']);
  });

  it('who has promised takes nothing any more that it asked for before', () => {
    const b = started({ self: 'B', journal: end(epoch(1), 9) });
    b.do({ on: 'dial-failed', question: b.question });
    const asked = b.question;
    b.do({ on: 'hello', hello: hello('A') });
    expect(
      becomes(b.do({ on: 'agent', question: asked, answer: { ...granted(), member: 'A', grant: { to: 'B', above: epoch(1) } } })),
    ).toEqual([]);
    const c = started({ self: 'B', journal: end(epoch(1), 9) });
    const dialled = c.question;
    c.do({ on: 'hello', hello: hello('A') });
    expect(becomes(c.do({ on: 'hello-answer', question: dialled, answer: { ...promise(), grant: { to: 'B', above: epoch(1) } } }))).toEqual(
      [],
    );
  });

  it('one that may not go on lets the writer of the same epoch go on, whose journal lacks only what was never acknowledged', () => {
    const init = { self: 'B', journal: end(epoch(1), 11), durable: { noFailover: epoch(1) } };
    expect(kinds(started(init).do({ on: 'hello', hello: hello('A', { wasPrimary: true }) }))).toEqual(['persist grant', 'answer promise']);
    expect(kinds(started(init).do({ on: 'hello', hello: hello('A', { wasPrimary: false }) }))).toEqual(['answer not-primary']);
    expect(kinds(started({ ...init, journal: end(epoch(2, 'B')) }).do({ on: 'hello', hello: hello('A', { wasPrimary: true }) }))).toEqual([
      'answer not-primary',
    ]);
  });

  it('one that could not become primary, and one that is or becomes primary, is promised nothing', () => {
    const b = started({ self: 'B', journal: end(epoch(1), 9) });
    for (const more of [{ able: false }, { role: 'in-trouble' }, { role: 'primary' }, { role: 'taking' }, { role: 'down' }] as const)
      expect(kinds(b.do({ on: 'hello', hello: hello('A', more) })), JSON.stringify(more)).toEqual(['answer not-primary']);
  });

  it('while it becomes primary, and when it was refused the hand-over, a member promises nothing', () => {
    const a = started();
    a.do({ on: 'hello-answer', question: a.question, answer: promise() });
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { journal: end(epoch(1), 99) }) }))).toEqual(['answer not-primary']);
  });

  it('ranks are a strict order', () => {
    const side = (member: string) =>
      fc.record({
        member: fc.constant(member),
        wasPrimary: fc.boolean(),
        journal: fc.record({
          epoch: fc.record({ major: fc.nat(1), minor: fc.nat(2), member: fc.constant('x') }),
          position: fc.record({ file: fc.nat(2), offset: fc.nat(2) }),
        }),
      });
    fc.assert(fc.property(side('A'), side('B'), (a, b) => Math.sign(rank(a, b)) === -Math.sign(rank(b, a)) && rank(a, b) !== 0));
    expect(rank(hello('A'), hello('B'))).toBeGreaterThan(0);
    expect(rank(hello('A'), hello('B', { wasPrimary: true }))).toBeLessThan(0);
    expect(rank(hello('A', { wasPrimary: true, journal: end(epoch(2), 0) }), hello('B', { journal: end(epoch(3), 0) }))).toBeLessThan(0);
  });
});

describe('a member that may not itself', () => {
  function unable(): Core {
    const b = started({ self: 'B' });
    b.canTakeOver = false;
    return b;
  }
  const asks = (more: Partial<Hello>) => kinds(unable().do({ on: 'hello', hello: hello('Z', { member: 'A', ...more }) })).at(-1);

  it('lets one go on that has all that was acknowledged: the same journal, or the last epoch of its own', () => {
    expect(kinds(unable().do({ on: 'hello', hello: hello('A', { boot: 'x' }) })).at(-1)).toBe('answer promise');
    expect(asks({ journal: end(epoch(1), 9), wasPrimary: true })).toBe('answer promise');
    expect(asks({ journal: end(epoch(1), 9) }), 'its records may not be believed').toBe('answer not-primary');
    expect(asks({ journal: end(epoch(0), 99), wasPrimary: true })).toBe('answer not-primary');
    expect(asks({ able: false })).toBe('answer not-primary');
  });

  it('with the higher GUID as with the lower', () => {
    const a = started();
    a.canTakeOver = false;
    expect(kinds(a.do({ on: 'hello', hello: hello('B') })).at(-1)).toBe('answer promise');
  });
});

describe('becoming primary', () => {
  it('that fails is tried again, and nothing that the failed attempt still says counts', () => {
    const a = started();
    a.do({ on: 'hello-answer', question: a.question, answer: promise() });
    a.do({ on: 'become-failed', why: 'A database cannot be mounted.' });
    expect(a.role).toMatchObject({ is: 'taking', stuck: 'A database cannot be mounted.' });
    expect(kinds(a.do({ on: 'became', epoch: epoch(2) }))).toEqual(['undo-become']);
    expect(kinds(a.after(QOS))).toContain('become-primary');
  });

  it('an epoch of its own in the journal is told to others, though it was never opened', () => {
    const a = started({ journal: end(epoch(3, 'A')), durable: { seen: epoch(2) } });
    const [dial] = a
      .after(0)
      .concat(started({ journal: end(epoch(3, 'A')), durable: { seen: epoch(2) } }).do({ on: 'start' }))
      .filter((e) => e.do === 'dial-peer');
    expect(dial?.do === 'dial-peer' && dial.hello.seen).toEqual(epoch(3, 'A'));
  });
});

describe('what arrives in a state it is not for', () => {
  it('changes nothing', () => {
    for (const make of [() => started(), primary, backup]) {
      const core = make();
      const before = core.role.is;
      for (const m of ['active', 'formed', 'leaving', 'left', 'taking-over', 'hold'] as const)
        core.do({ on: 'peer', message: { m, n: 1, epoch: epoch(1), g: 'none' } as never });
      core.do({ on: 'became', epoch: epoch(9) });
      core.do({ on: 'become-failed', why: 'x' });
      core.do({ on: 'drained', end: { file: 1, offset: 1 } });
      core.do({ on: 'arbiter', message: { m: 'verdict', g: 'none', verdict: 'backup-takes-over' } });
      expect(core.role.is).toBe(before);
    }
  });
});

describe('a member that was forced down', () => {
  it('stays down until a person starts it, and then believes the others rather than its own records', () => {
    const a = new Core({ durable: { forcedDown: true } });
    expect(kinds(a.do({ on: 'start' }))).toEqual(['step-down']);
    expect(a.role.is).toBe('down');
    const b = new Core({ durable: { forcedDown: true, noFailover: epoch(1) } });
    const effects = b.do({ on: 'start', byPerson: true });
    expect(b.state.durable).toMatchObject({ forcedDown: false, validated: false, boot: 'A-boot' });
    expect(effects).toMatchObject(
      [{ do: 'persist' }, { do: 'dial-peer', hello: { wasPrimary: false, able: false } }, { do: 'wake' }].slice(0, 2),
    );
  });

  it('not validated and alone, waits for the arbiter before it is primary by its own records', () => {
    const a = new Core({ partner: null, durable: { validated: false } });
    expect(kinds(a.do({ on: 'start' }))).toEqual(['persist boot']);
    expect(kinds(a.do({ on: 'arbiter-up' }))).toEqual(['tell-arbiter claim']);
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'known', epoch: null, membership: 0 } }))).toEqual(['become-primary']);
    const b = new Core({ partner: null, durable: { validated: false } });
    b.do({ on: 'start' });
    expect(kinds(b.after(QOS / 4)), 'it cannot be reached').toEqual(['become-primary']);
  });
});

describe('what the agent of a lost primary says', () => {
  const reign = { epoch: epoch(2), boot: 'A-boot', n: 1 };
  const period = { epoch: epoch(2), n: 1, backup: 'B', ended: false };
  const down = agentSays('A', {
    state: 'down',
    boot: 'A-boot',
    reign,
    period,
    seen: epoch(2),
    journal: end(epoch(2), 5),
    grant: { to: 'B', above: epoch(2) },
  });

  function lost(make: () => Core = backup): Core {
    const b = make();
    b.lastEchoedByPeer = b.now - 100;
    b.do({ on: 'peer-lost', why: 'closed' });
    return b;
  }
  const answered = (b: Core, answer: AgentAnswer): string[] =>
    becomes(b.do({ on: 'agent', question: b.question, answer })).map((x) => x.by);

  it('counts of the member and the time as primary that this backup saw, or of a later one', () => {
    expect(answered(lost(), down)).toEqual(['grant']);
    expect(
      answered(lost(), { ...down, reign: { ...reign, epoch: epoch(3), boot: 'later' }, journal: end(epoch(3)), period: null }),
    ).toEqual(['grant']);
    for (const other of [
      { reign: null },
      { reign: { ...reign, boot: 'a clone' } },
      { reign: { ...reign, n: 0 }, period: null },
      { reign: { ...reign, epoch: epoch(1) } },
      { reign: { ...reign, epoch: { ...epoch(2), member: 'C' } } },
    ])
      expect(answered(lost(), { ...down, ...other }), JSON.stringify(other)).toEqual([]);
  });

  it('without its journal lets only a backup take over that certainly holds everything', () => {
    const unreadable = { ...down, journal: null };
    expect(answered(lost(), unreadable)).toEqual(['grant']);
    expect(answered(lost(), { ...unreadable, period: { ...period, ended: true } }), 'ended').toEqual([]);
    expect(answered(lost(), { ...unreadable, period: { ...period, n: 2 } }), 'another period').toEqual([]);
    expect(answered(lost(), { ...unreadable, period: null }), 'no record').toEqual([]);
    expect(answered(lost(), { ...unreadable, period: { ...period, backup: 'C' } }), 'of another').toEqual([]);
    const late = lost();
    late.now = late.lastEchoedByPeer + 2 * QOS * 0.95;
    expect(answered(late, unreadable), 'too late').toEqual([]);
    const inactive = (): Core => {
      const b = new Core({ self: 'B' });
      b.do({ on: 'start' });
      b.do({ on: 'hello-answer', question: b.question, answer: answerPrimary(epoch(2)) });
      b.journal = end(epoch(2), 5);
      return b;
    };
    expect(answered(lost(inactive), { ...unreadable, period: { ...period, n: 0 } }), 'was not active').toEqual([]);
    const held = (): Core => {
      const b = backup();
      b.do({ on: 'arbiter-up' });
      b.do({ on: 'peer', message: { m: 'propose', gen: GEN } });
      return b;
    };
    const passedOver = lost(held);
    answered(passedOver, unreadable);
    expect(passedOver.role.is, 'passed over').toBe('lost');
    const shown = lost(held);
    answered(shown, down);
    expect(shown.role, 'with the journal').toMatchObject({ is: 'taking', right: { by: 'grant' } });
    const started = new Core({
      self: 'B',
      durable: { lastSeenPrimary: { primary: 'A', epoch: epoch(2), active: true } },
      journal: end(epoch(2), 5),
    });
    started.do({ on: 'start' });
    started.do({ on: 'dial-failed', question: started.question });
    expect(answered(started, unreadable), 'another process').toEqual([]);
  });

  it('is asked together with word that no verdict counts any more', () => {
    const left = (effects: Effect[]) => effects.flatMap((e) => (e.do === 'ask-agent' ? [e.gaveUp] : []));
    expect(left(backup().do({ on: 'peer-lost', why: 'closed' }))).toEqual([{ epoch: epoch(2), boot: 'A-boot', n: 1 }]);
    const hopes = formed();
    expect(left(hopes.do({ on: 'peer-lost', why: 'closed' })), 'a verdict is still possible').toEqual([null]);
  });
});
