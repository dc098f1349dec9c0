import { describe, expect, it } from 'vitest';
import { agentSays, answerPrimary, at, backup, Core, end, epoch, formed, GEN, hello, kinds, QOS } from './testing/core.ts';
import type { Effect } from './types.ts';

const verdict = { on: 'arbiter', message: { m: 'verdict', g: 'g1', verdict: 'backup-takes-over' } } as const;
const becomes = (effects: Effect[]) => effects.flatMap((e) => (e.do === 'become-primary' ? [e.right.by] : []));

function lost(): Core {
  const b = formed();
  b.do({ on: 'peer-lost', why: 'silent' });
  return b;
}

describe('a backup', () => {
  it('follows a primary: what it promised of older epochs is history, no failover is what the primary says', () => {
    const b = new Core({ self: 'B', durable: { grant: { to: 'A', above: epoch(1) }, noFailover: epoch(1) } });
    b.do({ on: 'start' });
    expect(kinds(b.do({ on: 'hello-answer', question: b.question, answer: answerPrimary(epoch(2)) }))).toEqual([
      'persist seen',
      'persist noFailover grant stoppedNoFailover validated lastSeenPrimary',
    ]);
    expect(b.state.durable).toMatchObject({ grant: null, noFailover: null, seen: epoch(2) });
    expect(b.role).toMatchObject({ is: 'backup', active: null });
  });

  it('keeps a promise that is not outdated', () => {
    const b = new Core({ self: 'B', durable: { grant: { to: 'C', above: epoch(2) } } });
    b.do({ on: 'start' });
    b.do({ on: 'hello-answer', question: b.question, answer: answerPrimary(epoch(2)) });
    expect(b.state.durable.grant).toEqual({ to: 'C', above: epoch(2) });
  });

  it('holds a generation of this very process only, and with the arbiter connected', () => {
    expect(formed().role).toMatchObject({ generation: { phase: 'formed' } });
    const b = backup();
    const gen = { ...GEN, g: 'g2' };
    expect(kinds(b.do({ on: 'peer', message: { m: 'propose', gen } }))).toEqual([]);
    b.do({ on: 'arbiter-up' });
    expect(kinds(b.do({ on: 'peer', message: { m: 'propose', gen: { ...gen, backupBoot: 'before' } } }))).toEqual([]);
    expect(kinds(b.do({ on: 'peer', message: { m: 'propose', gen: { ...gen, primaryBoot: 'before' } } }))).toEqual([]);
    expect(kinds(b.do({ on: 'peer', message: { m: 'propose', gen } }))).toEqual(['tell-arbiter hold', 'tell-peer hold']);
  });
});

describe('a backup that lost its primary', () => {
  it('in a formed generation asks arbiter and agent', () => {
    expect(kinds(formed().do({ on: 'peer-lost', why: 'silent' }))).toEqual(['hang-up-peer', 'tell-arbiter lost', 'ask-agent for a grant']);
  });

  it('does not ask the arbiter in a generation that is held only, or being left', () => {
    const held = backup();
    held.do({ on: 'arbiter-up' });
    held.do({
      on: 'peer',
      message: { m: 'propose', gen: GEN },
    });
    expect(kinds(held.do({ on: 'peer-lost', why: 'silent' }))).not.toContain('tell-arbiter lost');
    expect(becomes(held.do(verdict))).toEqual([]);
    const leaving = formed();
    leaving.do({ on: 'peer', message: { m: 'leave', g: 'g1' } });
    expect(kinds(leaving.do({ on: 'peer-lost', why: 'silent' }))).not.toContain('tell-arbiter lost');
    expect(becomes(leaving.do(verdict))).toEqual([]);
  });

  it('takes over by a verdict of its generation, and by no other', () => {
    const b = lost();
    expect(becomes(b.do({ on: 'arbiter', message: { m: 'verdict', g: 'g0', verdict: 'backup-takes-over' } }))).toEqual([]);
    expect(becomes(b.do(verdict))).toEqual(['verdict']);
    expect(b.role).toMatchObject({ is: 'taking', above: epoch(2) });
  });

  it('after the verdict for the primary takes over by no verdict any more', () => {
    const b = lost();
    b.do({ on: 'arbiter', message: { m: 'verdict', g: 'g1', verdict: 'primary-continues' } });
    expect(becomes(b.do(verdict))).toEqual([]);
  });

  it('opens half a QoS timeout after the last heartbeat from the primary, or at once when that is proven down', () => {
    const b = lost();
    b.lastBeatFromPeer = b.now - 10;
    b.do(verdict);
    expect(kinds(b.become(epoch(3, 'B')))).not.toContain('open');
    b.now += QOS / 2 - 10;
    expect(kinds(b.do({ on: 'tick' }))).not.toContain('open');
    b.now += QOS * 0.05;
    expect(kinds(b.do({ on: 'tick' }))).toEqual(['gate open', 'open']);
  });

  it('opens at once when the primary is proven down, by an answer to what was asked since its loss', () => {
    const b = lost();
    b.lastBeatFromPeer = b.now;
    expect(kinds(b.do(verdict)), 'that question is still under way').not.toContain('ask-agent');
    b.become(epoch(3, 'B'));
    const down = agentSays('A', { state: 'down' });
    expect(kinds(b.do({ on: 'agent', question: b.question - 1, answer: down })), 'asked before the loss').toEqual([]);
    expect(kinds(b.do({ on: 'agent', question: b.question, answer: down }))).toEqual(['gate open', 'open']);
  });

  it('asks again, soon, when the agent has not found the primary down', () => {
    const b = lost();
    b.lastBeatFromPeer = b.now;
    const running = agentSays('A', { state: 'operating', refused: { code: 'RUNNING', text: '', facts: {} } });
    b.do({ on: 'agent', question: b.question, answer: running });
    const first = b.question;
    expect(kinds(b.do(verdict))).toContain('ask-agent');
    b.become(epoch(3, 'B'));
    expect(kinds(b.do({ on: 'agent', question: first, answer: agentSays('A', { state: 'down' }) })), 'answered already').toEqual([]);
    b.do({ on: 'agent', question: b.question, answer: running });
    expect(kinds(b.after(10))).toEqual(['ask-agent']);
    expect(kinds(b.do({ on: 'agent', question: b.question, answer: agentSays('A', { state: 'down' }) }))).toEqual(['gate open', 'open']);
  });

  it('sleeps while it becomes primary, though its time to open has come', () => {
    const b = lost();
    b.lastBeatFromPeer = b.now - QOS;
    const wakes = b.do(verdict).flatMap((e) => (e.do === 'wake' ? [e.at] : []));
    expect(wakes.every((wake) => wake > b.now)).toBe(true);
  });

  it('gives up when the arbiter asks it to, and ignores the verdict that comes later', () => {
    const b = lost();
    expect(kinds(b.do({ on: 'arbiter', message: { m: 'give-up', g: 'g1' } }))).toEqual(['tell-arbiter gave-up']);
    expect(becomes(b.do(verdict))).toEqual([]);
  });

  it('asked to give up while its connection still looks well, leaves it', () => {
    const b = formed();
    expect(kinds(b.do({ on: 'arbiter', message: { m: 'give-up', g: 'g1' } }))).toEqual([
      'hang-up-peer',
      'ask-agent for a grant',
      'tell-arbiter gave-up',
    ]);
    expect(b.role).toMatchObject({ is: 'lost', generation: null });
  });

  it('having the right already it gives nothing up', () => {
    const b = lost();
    b.do(verdict);
    expect(kinds(b.do({ on: 'arbiter', message: { m: 'give-up', g: 'g1' } }))).toEqual([]);
  });

  it('says "not primary" to the primary that dials only after it has left the generation for good', () => {
    const b = lost();
    b.now += QOS;
    expect(kinds(b.do({ on: 'hello', hello: hello('A', { role: 'in-trouble', gaveUp: false }) }))).toEqual(['answer not-primary']);
    expect(becomes(b.do(verdict))).toEqual([]);
  });

  const inTrouble = hello('A', { role: 'in-trouble', gaveUp: false, journal: end(epoch(2), 5) });

  it('dialled by a primary that has lost it, it loses that primary too before it answers', () => {
    const b = backup();
    expect(kinds(b.do({ on: 'hello', hello: inTrouble }))).toEqual(['hang-up-peer', 'ask-agent for a grant', 'answer not-primary']);
    expect(b.role).toMatchObject({ is: 'lost', generation: null });
    expect(becomes(b.do(verdict))).toEqual([]);
  });

  it('does not answer a primary in trouble while the arbiter has yet to say who goes on: its answer may be the one that is lost', () => {
    const b = formed();
    expect(kinds(b.do({ on: 'hello', hello: inTrouble }))).toEqual(['hang-up-peer', 'tell-arbiter lost', 'ask-agent for a grant']);
    expect(kinds(b.do({ on: 'hello', hello: inTrouble }))).toEqual([]);
    expect(becomes(b.do(verdict))).toEqual(['verdict']);
    const c = lost();
    c.do({ on: 'arbiter', message: { m: 'give-up', g: 'g1' } });
    expect(kinds(c.do({ on: 'hello', hello: inTrouble }))).toEqual(['answer not-primary']);
    expect(becomes(c.do(verdict))).toEqual([]);
  });

  it('without its arbiter follows the agent rules', () => {
    const b = lost();
    b.do({ on: 'arbiter-lost' });
    b.do({ on: 'arbiter-up' });
    expect(becomes(b.do(verdict))).toEqual([]);
  });

  it('does not ask for the right while no failover is set or its databases are not well', () => {
    const b = formed();
    b.do({ on: 'peer', message: { m: 'no-failover', epoch: epoch(2) } });
    expect(kinds(b.do({ on: 'peer-lost', why: 'silent' }))).toEqual(['hang-up-peer', 'ask-agent']);
    expect(becomes(b.do(verdict))).toEqual([]);
    const c = formed();
    c.canTakeOver = false;
    expect(kinds(c.do({ on: 'peer-lost', why: 'silent' }))).toEqual(['hang-up-peer', 'ask-agent']);
  });
});

describe('a backup that is asked to take over', () => {
  const take = { on: 'peer', message: { m: 'take-over', epoch: epoch(2), end: at(2, 5) } } as const;

  it('with all of the journal accepts, which counts as having become primary', () => {
    const b = formed();
    const effects = b.do(take);
    expect(kinds(effects)).toEqual(['tell-peer taking-over', 'become-primary']);
    expect(kinds(b.do({ on: 'hello', hello: hello('A', { seen: epoch(2) }) }))).toEqual(['answer not-primary']);
  });

  it('lacking journal, with no failover set, or with a database that is not well refuses', () => {
    const lacks = formed();
    lacks.journal = end(epoch(2), 4);
    const held = formed();
    held.do({ on: 'peer', message: { m: 'no-failover', epoch: epoch(2) } });
    const ill = formed();
    ill.canTakeOver = false;
    for (const b of [lacks, held, ill]) expect(kinds(b.do(take))).toEqual(['tell-peer cannot-take-over']);
  });
});

describe('no failover asked for on the backup', () => {
  it('is answered when the primary says so, when it is lost, and when one is under way already', () => {
    const b = backup();
    expect(kinds(b.do({ on: 'request', id: 1, what: 'set-no-failover' }))).toEqual(['tell-peer ask-no-failover']);
    expect(b.do({ on: 'request', id: 2, what: 'set-no-failover' })).toMatchObject([
      { do: 'answer-request', id: 2, error: { code: 'BUSY' } },
    ]);
    const done = b.do({ on: 'peer', message: { m: 'no-failover', epoch: epoch(2) } });
    expect(kinds(done)).toEqual(['persist noFailover', 'tell-peer no-failover-done', 'answer-request']);
    b.do({ on: 'request', id: 3, what: 'clear-no-failover' });
    expect(kinds(b.do({ on: 'peer-lost', why: 'closed' }))[0]).toBe('answer-request');
  });
});
