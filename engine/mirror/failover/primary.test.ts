import { describe, expect, it } from 'vitest';
import { active, agentSays, answerPrimary, at, bound, Core, end, epoch, generation, hello, kinds, primary, QOS } from './testing/core.ts';
import type { AgentAnswer, Effect, Input, PeerMessage, Reign } from './types.ts';

const beat: PeerMessage = { m: 'beat', arbiter: false, canTakeOver: true };
const agentDown = (journal = end(epoch(2), 5)): AgentAnswer => agentSays('B', { state: 'down', journal });
const notPrimary = (role: 'lost' | 'backup' | 'taking' | 'in-trouble' | 'waiting', journal = end(epoch(2), 5)) =>
  ({ is: 'not-primary', boot: 'B-boot', role, journal, seen: journal.epoch, membership: 1 }) as const;
const answered = (effects: Effect[]) => effects.flatMap((e) => (e.do === 'answer-request' ? [e.error?.code ?? 'ok'] : []));

describe('alone', () => {
  it('the only failover member becomes primary at once, in a new epoch', () => {
    const a = new Core({ partner: null });
    expect(a.do({ on: 'start' })).toMatchObject([
      { do: 'persist', record: { boot: 'A-boot' } },
      { do: 'become-primary', right: { by: 'only-member' }, epoch: epoch(2) },
    ]);
    const effects = a.become(epoch(2));
    expect(kinds(effects)).toEqual([
      'persist seen grant noFailover stoppedNoFailover yielded period reign validated lastSeenPrimary',
      'gate open',
      'open',
    ]);
    expect(a.role).toMatchObject({ is: 'primary', epoch: epoch(2), backup: null });
  });

  it('steps down when a hello knows of a higher epoch, by its words or by its journal', () => {
    for (const more of [{ seen: epoch(3, 'B') }, { seen: epoch(1), journal: end(epoch(3, 'B')) }, { seen: epoch(2, 'B') }]) {
      const a = primary();
      const effects = a.do({ on: 'hello', hello: hello('B', more) });
      expect(kinds(effects).filter((k) => k !== 'persist seen')).toEqual([
        'answer not-primary',
        'gate hold',
        'persist forcedDown',
        'step-down',
      ]);
      expect(a.role.is).toBe('down');
    }
  });

  it('tells nothing to one that is not the other failover member', () => {
    expect(kinds(primary().do({ on: 'hello', hello: hello('C') }))).toEqual(['answer not-primary']);
  });

  it('does not take a former primary that asks for a backup', () => {
    const a = primary();
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { role: 'in-trouble', gaveUp: false }) }))).toEqual(['answer primary']);
    expect(a.role).toMatchObject({ backup: null });
  });
});

describe('an active period', () => {
  it('is durable before commits wait for the backup, and that before the backup hears of it', () => {
    const a = primary();
    expect(kinds(a.do({ on: 'hello', hello: hello('B') }))).toEqual(['answer primary']);
    expect(kinds(a.do({ on: 'caught-up' }))).toEqual(['persist period reign', 'gate remote', 'tell-peer active']);
    expect(a.state.durable.period).toEqual({ epoch: epoch(2), n: 1, backup: 'B', ended: false });
  });

  it('ends in trouble when the active backup is lost: nothing becomes durable, everybody is asked', () => {
    const a = active();
    expect(kinds(a.do({ on: 'peer-lost', why: 'journal data not acknowledged' }))).toEqual([
      'hang-up-peer',
      'gate hold',
      'dial-peer',
      'ask-agent',
    ]);
    expect(a.state.durable.period?.ended).toBe(false);
  });

  it('is not there yet when an inactive backup is lost: the primary works on', () => {
    const a = primary();
    a.do({ on: 'hello', hello: hello('B') });
    expect(kinds(a.do({ on: 'peer-lost', why: 'closed' }))).toEqual(['hang-up-peer', 'gate open']);
    expect(a.role).toMatchObject({ is: 'primary', trouble: null });
  });
});

describe('trouble in agent controlled mode', () => {
  function inTrouble(): Core {
    const a = active();
    a.do({ on: 'peer-lost', why: 'silent' });
    return a;
  }

  it('ends after two QoS timeouts, not before; the end of the period is durable before anything is durable alone', () => {
    const a = inTrouble();
    expect(kinds(a.after(2 * QOS - 1))).not.toContain('gate open');
    expect(kinds(a.after(1))).toEqual(['persist period', 'gate open']);
    expect(a.state.durable.period?.ended).toBe(true);
  });

  it('ends when the backup answers that it has given up, or its agent that it is down', () => {
    const answers = inTrouble();
    expect(kinds(answers.do({ on: 'hello-answer', question: answers.question - 1, answer: notPrimary('lost') }))).toEqual([
      'persist period',
      'gate open',
    ]);
    const down = inTrouble();
    expect(kinds(down.do({ on: 'agent', question: down.question, answer: agentDown() }))).toEqual(['persist period', 'gate open']);
  });

  it('does not end by answers that prove nothing', () => {
    for (const role of ['backup', 'taking', 'in-trouble'] as const) {
      const a = inTrouble();
      expect(kinds(a.do({ on: 'hello-answer', question: a.question - 1, answer: notPrimary(role) })), role).toEqual([]);
    }
    const silent = inTrouble();
    expect(
      kinds(silent.do({ on: 'agent', question: silent.question, answer: { ...agentDown(), state: 'operating', journal: null } })),
    ).toEqual([]);
    expect(kinds(silent.do({ on: 'agent-silent', question: silent.question, member: 'B' }))).toEqual([]);
  });

  it('ends by word left with its agent, of this very period and process only', () => {
    const left = (more: Partial<Reign>, member = 'B'): string[] => {
      const had = { epoch: epoch(2), boot: 'A-boot', n: 1, ...more };
      return kinds(inTrouble().do({ on: 'gave-up', member, had }));
    };
    expect(left({})).toEqual(['persist period', 'gate open']);
    expect(left({ n: 2 })).toEqual([]);
    expect(left({ boot: 'before' })).toEqual([]);
    expect(left({ epoch: epoch(1) })).toEqual([]);
    expect(left({}, 'C')).toEqual([]);
    expect(kinds(active().do({ on: 'gave-up', member: 'B', had: { epoch: epoch(2), boot: 'A-boot', n: 1 } })), 'no trouble').toEqual([]);
  });

  it('does not end by the word of an agent on another copy of the backup', () => {
    const a = inTrouble();
    expect(kinds(a.do({ on: 'agent', question: a.question, answer: { ...agentDown(), boot: 'a clone' } }))).toEqual([]);
  });

  it('does not end by an answer to a question asked before it began', () => {
    const a = inTrouble();
    const [dial, ask] = [a.question - 1, a.question];
    a.do({ on: 'hello', hello: hello('B', { role: 'lost' }) });
    a.do({ on: 'peer', message: beat });
    a.do({ on: 'caught-up' });
    a.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(a.do({ on: 'hello-answer', question: dial, answer: notPrimary('lost') }))).toEqual([]);
    expect(kinds(a.do({ on: 'agent', question: ask, answer: agentDown() }))).toEqual([]);
    expect(a.role).toMatchObject({ is: 'primary', trouble: {} });
  });

  it('does not end by a hello alone, which may be an old one, but by the first message over the connection it leads to', () => {
    const a = inTrouble();
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { role: 'lost' }) }))).toEqual(['answer primary']);
    // Caught up or not: the period begins when the trouble has ended.
    expect(kinds(a.do({ on: 'caught-up' }))).toEqual([]);
    expect(kinds(a.do({ on: 'peer', message: beat }))).toEqual([
      'persist period',
      'gate open',
      'persist period reign',
      'gate remote',
      'tell-peer active',
    ]);
    expect(a.state.durable.period).toMatchObject({ n: 2, ended: false });
  });

  it('goes on when a connection that had proven nothing is lost again', () => {
    const a = inTrouble();
    a.do({ on: 'hello', hello: hello('B', { role: 'lost' }) });
    expect(kinds(a.do({ on: 'peer-lost', why: 'closed' }))).toEqual(['hang-up-peer']);
    expect(a.role).toMatchObject({ trouble: {}, backup: null });
    expect(kinds(a.after(2 * QOS))).toEqual(['persist period', 'gate open']);
  });

  it('asks again and again, but does not dial a backup that is connected', () => {
    const a = inTrouble();
    expect(kinds(a.after(QOS / 4))).toEqual(['dial-peer', 'ask-agent']);
    a.do({ on: 'hello', hello: hello('B', { role: 'lost' }) });
    expect(kinds(a.after(QOS / 4))).toEqual(['ask-agent']);
  });

  it('ends for good when a newer primary shows itself, by itself, its words or its journal', () => {
    const ends = ['gate hold', 'persist seen', 'persist forcedDown', 'step-down'];
    const a = inTrouble();
    expect(kinds(a.do({ on: 'hello-answer', question: a.question - 1, answer: answerPrimary(epoch(3, 'B')) }))).toEqual(ends);
    const b = inTrouble();
    expect(kinds(b.do({ on: 'hello-answer', question: b.question - 1, answer: notPrimary('waiting', end(epoch(3, 'B'))) }))).toEqual(ends);
    const c = inTrouble();
    expect(kinds(c.do({ on: 'agent', question: c.question, answer: agentDown(end(epoch(3, 'B'))) }))).toEqual(ends);
  });

  it('a hello of one that is taking over gets no connection', () => {
    const a = inTrouble();
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { role: 'taking' }) }))).toEqual(['answer not-primary']);
  });
});

describe('a generation', () => {
  it('is proposed when all three links are up, and binds when both hold it; only then the backup hears that it is formed', () => {
    const a = active();
    expect(kinds(a.do({ on: 'arbiter-up' }))).toEqual([]);
    expect(kinds(a.do({ on: 'peer', message: { ...beat, arbiter: true } }))).toEqual(['tell-arbiter propose', 'tell-peer propose']);
    const { g } = generation(a);
    expect(kinds(a.do({ on: 'peer', message: { m: 'hold', g } }))).toEqual([]);
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'hold', g } }))).toEqual(['tell-peer formed']);
  });

  it('takes the trouble timeout away: only an answer ends trouble', () => {
    const a = bound();
    const effects = a.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(effects)).toContain('tell-arbiter lost');
    for (let n = 0; n < 20; n += 1) expect(kinds(a.after(QOS))).not.toContain('gate open');
    expect(a.role).toMatchObject({ trouble: { until: null } });
  });

  it('one that is only proposed does not bind', () => {
    const a = active();
    a.do({ on: 'arbiter-up' });
    a.do({ on: 'peer', message: { ...beat, arbiter: true } });
    a.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(a.after(2 * QOS))).toContain('gate open');
  });

  it('its verdict ends the trouble, or leaves it as it is', () => {
    const a = bound();
    const { g } = generation(a);
    a.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'verdict', g: 'another', verdict: 'primary-continues' } }))).toEqual([]);
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'verdict', g, verdict: 'backup-takes-over' } }))).toEqual([]);
    expect(kinds(a.do({ on: 'arbiter', message: { m: 'unknown', g } }))).toEqual([]);
    expect(a.role).toMatchObject({ trouble: {} });
    const b = bound();
    b.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(b.do({ on: 'arbiter', message: { m: 'verdict', g: generation(b).g, verdict: 'primary-continues' } }))).toEqual([
      'persist period',
      'gate open',
    ]);
  });

  it('asks the arbiter again when it is back', () => {
    const a = bound();
    a.do({ on: 'arbiter-lost' });
    a.do({ on: 'peer-lost', why: 'silent' });
    expect(kinds(a.do({ on: 'arbiter-up' }))).toEqual(['tell-arbiter lost']);
  });

  it("is left only with the backup's answer; until then it binds", () => {
    const a = bound();
    const { g } = generation(a);
    expect(kinds(a.do({ on: 'arbiter-lost' }))).toEqual(['tell-peer leave']);
    expect(a.role).toMatchObject({ generation: { phase: 'leaving' } });
    expect(kinds(a.do({ on: 'peer', message: { m: 'leaving', g } }))).toEqual(['tell-peer left']);
    expect(a.role).toMatchObject({ generation: null });
    const lost = bound();
    lost.do({ on: 'arbiter-lost' });
    lost.do({ on: 'peer-lost', why: 'silent' });
    expect(lost.role).toMatchObject({ trouble: { until: null } });
  });
});

describe('a hand-over', () => {
  it('stops for good in this epoch, durably, before the backup is asked', () => {
    const a = active();
    expect(kinds(a.do({ on: 'request', id: 1, what: 'hand-over' }))).toEqual(['drain']);
    expect(kinds(a.do({ on: 'drained', end: at(2, 9) }))).toEqual([
      'persist yielded',
      'gate hold',
      'tell-peer take-over',
      'answer-request',
    ]);
    expect(kinds(a.do({ on: 'peer', message: { m: 'taking-over', epoch: epoch(2) } }))).toEqual(['handed-over']);
  });

  it('unconfirmed, refused, or with the connection lost, it ends all the same: this member asks like one that starts', () => {
    const ends: ((a: Core) => Effect[])[] = [
      (a) => a.after(QOS),
      (a) => a.do({ on: 'peer', message: { m: 'cannot-take-over', why: 'x' } }),
      (a) => a.do({ on: 'peer-lost', why: 'closed' }),
    ];
    for (const last of ends) {
      const a = active();
      a.do({ on: 'request', id: 1, what: 'hand-over' });
      a.do({ on: 'drained', end: at(2, 9) });
      expect(last(a)).toContainEqual({ do: 'handed-over', accepted: false });
      expect(kinds(a.do({ on: 'start' }))).toEqual(['dial-peer']);
    }
  });

  it('is refused without an active backup that can take over; a stop then goes without', () => {
    const after = (core: Core, input: Input): Core => {
      core.do(input);
      return core;
    };
    const cases: [string, () => Core][] = [
      ['NO_BACKUP', primary],
      ['BACKUP_NOT_ACTIVE', () => after(primary(), { on: 'hello', hello: hello('B') })],
      ['BACKUP_NOT_ABLE', () => after(active(), { on: 'peer', message: { ...beat, canTakeOver: false } })],
      ['NO_FAILOVER', () => after(active(), { on: 'request', id: 9, what: 'set-no-failover' })],
      ['IN_TROUBLE', () => after(active(), { on: 'peer-lost', why: 'silent' })],
    ];
    for (const [code, make] of cases) {
      expect(answered(make().do({ on: 'request', id: 1, what: 'hand-over' }))).toEqual([code]);
      expect(kinds(make().do({ on: 'request', id: 1, what: 'stop' }))).toContain('handed-over');
    }
  });

  it('is given up when the backup is lost while draining: updates are taken again', () => {
    const a = active();
    a.do({ on: 'request', id: 1, what: 'hand-over' });
    const effects = a.do({ on: 'peer-lost', why: 'closed' });
    expect(kinds(effects)).toContain('resume');
    expect(answered(effects)).toEqual(['UNREACHABLE']);
    expect(kinds(a.do({ on: 'drained', end: at(2, 9) }))).toEqual([]);
  });
});

describe('no failover', () => {
  it('leaves the generation, is durable here, and is confirmed when it is durable there', () => {
    const a = bound();
    const effects = a.do({ on: 'request', id: 1, what: 'set-no-failover' });
    expect(kinds(effects)).toEqual(['tell-peer leave', 'persist noFailover', 'tell-peer no-failover']);
    expect(answered(a.do({ on: 'peer', message: { m: 'no-failover-done', epoch: epoch(2) } }))).toEqual(['ok']);
  });

  it('every request gets an answer: a second one, one in trouble, one whose backup is lost', () => {
    const a = active();
    expect(answered(a.do({ on: 'request', id: 1, what: 'set-no-failover' }))).toEqual([]);
    expect(answered(a.do({ on: 'request', id: 2, what: 'clear-no-failover' }))).toEqual(['BUSY']);
    expect(answered(a.do({ on: 'peer-lost', why: 'closed' }))).toEqual(['UNREACHABLE']);
    expect(answered(a.do({ on: 'request', id: 3, what: 'set-no-failover' }))).toEqual(['IN_TROUBLE']);
  });

  it('a stop without failover tells a connected backup, which the arbiter might let take over, and waits for its word', () => {
    const a = bound();
    expect(kinds(a.do({ on: 'request', id: 1, what: 'stop-nofailover' }))).toEqual([
      'persist stoppedNoFailover',
      'tell-peer leave',
      'persist noFailover',
      'tell-peer no-failover',
    ]);
    expect(kinds(a.do({ on: 'peer', message: { m: 'no-failover-done', epoch: epoch(2) } }))).toEqual(['answer-request', 'handed-over']);
  });

  it('a stop that waits for a backup which connects anew goes through without it', () => {
    const a = bound();
    a.do({ on: 'request', id: 1, what: 'stop-nofailover' });
    expect(kinds(a.do({ on: 'hello', hello: hello('B', { role: 'lost' }) }))).toEqual([
      'hang-up-peer',
      'answer-request',
      'handed-over',
      'answer not-primary',
    ]);
    expect(a.role.is).toBe('down');
  });

  it('alone or in trouble, a stop without failover waits for nobody', () => {
    expect(kinds(primary().do({ on: 'request', id: 1, what: 'stop-nofailover' }))).toEqual([
      'persist stoppedNoFailover',
      'answer-request',
      'handed-over',
    ]);
    const a = bound();
    a.do({ on: 'peer-lost', why: 'closed' });
    expect(kinds(a.do({ on: 'request', id: 1, what: 'stop-nofailover' }))).toEqual([
      'persist stoppedNoFailover',
      'answer-request',
      'handed-over',
    ]);
  });
});
