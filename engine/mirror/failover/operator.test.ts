import { describe, expect, it } from 'vitest';
import { emptyArbiter, stepArbiter, type ArbiterInput } from './arbiter.ts';
import { FORCE_WAIT_MS } from './operator.ts';
import {
  active,
  agentSays,
  answerPrimary,
  backup,
  bound,
  Core,
  end,
  epoch,
  generation,
  hello,
  kinds,
  primary,
  QOS,
} from './testing/core.ts';
import type { Effect, Refusal, RequestName } from './types.ts';

const answers = (effects: Effect[]): (Refusal | null)[] => effects.flatMap((e) => (e.do === 'answer-request' ? [e.error] : []));
const codes = (effects: Effect[]): string[] => answers(effects).map((a) => a?.code ?? 'ok');
const becomes = (effects: Effect[]) => effects.flatMap((e) => (e.do === 'become-primary' ? [{ by: e.right.by, epoch: e.epoch }] : []));
const request = (what: Exclude<RequestName, 'force-primary' | 'resume-primary'>) => ({ on: 'request', id: 1, what }) as const;
const force = { on: 'request', id: 1, what: 'force-primary', confirmed: true } as const;
const sure = { backupIsDown: true, backupNeverBecamePrimary: true, backupHasNoNewerJournalFile: true };
const resume = { on: 'request', id: 1, what: 'resume-primary', confirmed: sure } as const;

function waiting(init: ConstructorParameters<typeof Core>[0] = {}): Core {
  const a = new Core(init);
  a.do({ on: 'start' });
  a.do({ on: 'dial-failed', question: a.question });
  a.do({ on: 'agent-silent', member: 'B', question: a.question });
  return a;
}

/** One round of questions that nobody answers. */
function silence(a: Core): Effect[] {
  const effects = a.do({ on: 'tick' });
  effects.push(...a.do({ on: 'dial-failed', question: a.question }));
  effects.push(...a.do({ on: 'agent-silent', member: 'B', question: a.question }));
  return effects;
}

describe('trying to become primary', () => {
  it('asks at once and says what came of it, with the facts', () => {
    const a = waiting();
    expect(kinds(a.do(request('try-primary')))).toEqual(['dial-peer']);
    const effects = silence(a);
    expect(answers(effects)).toMatchObject([{ code: 'NOBODY_ANSWERS', facts: { journal: '1.1', partner: 'B' } }]);
    a.do(request('try-primary'));
    a.do({ on: 'dial-failed', question: a.question });
    const refused = { code: 'NO_FAILOVER', text: 'No failover is set.', facts: {} };
    expect(answers(a.do({ on: 'agent', question: a.question, answer: agentSays('B', { state: 'down', refused }) }))).toEqual([refused]);
    a.do(request('try-primary'));
    const undecided = { is: 'not-primary', boot: 'b', role: 'waiting', journal: end(epoch(1)), seen: epoch(1), membership: 1 } as const;
    expect(codes(a.do({ on: 'hello-answer', question: a.question, answer: undecided }))).toEqual(['PARTNER_UNDECIDED']);
  });

  it('is done when the right is there', () => {
    const a = waiting();
    a.do(request('try-primary'));
    const promise = { is: 'promise', boot: 'B-boot', grant: { to: 'A', above: epoch(1) } } as const;
    expect(codes(a.do({ on: 'hello-answer', question: a.question, answer: promise }))).toEqual(['ok']);
    const b = waiting();
    b.do(request('try-primary'));
    expect(codes(b.do({ on: 'hello-answer', question: b.question, answer: answerPrimary(epoch(2, 'B')) }))).toEqual(['PRIMARY_EXISTS']);
  });

  it('is refused where it makes no sense', () => {
    expect(codes(primary().do(request('try-primary')))).toEqual(['ALREADY_PRIMARY']);
    expect(codes(backup().do(request('try-primary')))).toEqual(['PRIMARY_EXISTS']);
    const ill = waiting();
    ill.canTakeOver = false;
    expect(codes(ill.do(request('try-primary')))).toEqual(['CANNOT_TAKE_OVER']);
    const twice = waiting();
    twice.do(request('try-primary'));
    expect(codes(twice.do(request('try-primary')))).toEqual(['BUSY']);
  });
});

describe('forcing a member to become primary', () => {
  it('not confirmed, says what it would mean', () => {
    const unconfirmed = { ...force, confirmed: false };
    expect(answers(waiting().do(unconfirmed))).toMatchObject([
      { code: 'FORCE_NOT_CONFIRMED', facts: { wasActive: 0, file: 1, offset: 10, journalEpoch: '1.1' } },
    ]);
    const b = backup();
    b.do({ on: 'peer-lost', why: 'silent' });
    expect(answers(b.do(unconfirmed))).toMatchObject([{ facts: { wasActive: 1, file: 2, offset: 5 } }]);
    const restarted = waiting({ durable: { lastSeenPrimary: { primary: 'B', epoch: epoch(1, 'B'), active: true } } });
    expect(answers(restarted.do(unconfirmed))).toMatchObject([{ facts: { wasActive: 1 } }]);
  });

  it('tries the ordinary way for 60 s first, then raises the major of the epoch', () => {
    const a = waiting();
    expect(kinds(a.do(force))).toEqual(['dial-peer']);
    silence(a);
    a.now += FORCE_WAIT_MS - 1;
    expect(becomes(silence(a))).toEqual([]);
    a.now += 1;
    expect(becomes(a.do({ on: 'tick' }))).toEqual([{ by: 'force', epoch: epoch(2, 'A', 2) }]);
  });

  it('takes the ordinary way if it opens meanwhile', () => {
    const a = waiting();
    a.do(force);
    a.do({ on: 'dial-failed', question: a.question });
    const granted = agentSays('B', { state: 'down', journal: end(epoch(1), 10), grant: { to: 'A', above: epoch(1) } });
    const effects = a.do({ on: 'agent', question: a.question, answer: granted });
    expect(becomes(effects)).toEqual([{ by: 'grant', epoch: epoch(2) }]);
    expect(codes(effects)).toEqual(['ok']);
  });

  it('is refused while the other member or its agent answers', () => {
    for (const answer of [
      agentSays('B', { state: 'operating', refused: { code: 'RUNNING', text: 'It runs.', facts: {} } }),
      agentSays('B', { state: 'down', refused: { code: 'NO_FAILOVER', text: 'No failover is set.', facts: {} } }),
    ]) {
      const a = waiting();
      a.do(force);
      silence(a);
      a.now += FORCE_WAIT_MS - QOS;
      a.do({ on: 'tick' });
      a.do({ on: 'dial-failed', question: a.question });
      a.do({ on: 'agent', question: a.question, answer });
      a.now += QOS;
      const effects = a.do({ on: 'tick' });
      expect(answers(effects)).toMatchObject([{ code: 'FORCE_REFUSED', facts: { answered: `agent: ${answer.state}` } }]);
      expect(becomes(effects)).toEqual([]);
    }
  });

  it('asks the other member until it has heard of it, for that one may be primary too; it alone asks', () => {
    const a = waiting();
    a.do(force);
    silence(a);
    a.after(FORCE_WAIT_MS);
    a.become(epoch(2, 'A', 2));
    a.after(QOS);
    expect(a.role).toMatchObject({ is: 'primary', backup: null });
    for (let n = 0; n < 3; n += 1) {
      expect(kinds(a.after(QOS))).toEqual(['dial-peer']);
      a.do({ on: 'dial-failed', question: a.question });
      expect(kinds(a.do({ on: 'tick' }))).toEqual([]);
    }
    a.after(QOS);
    const lower = {
      is: 'not-primary',
      boot: 'b',
      role: 'primary',
      journal: end(epoch(1, 'B')),
      seen: epoch(1, 'B'),
      membership: 1,
    } as const;
    a.do({ on: 'hello-answer', question: a.question, answer: lower });
    expect(kinds(a.after(5 * QOS))).toEqual([]);
    expect(a.role.is).toBe('primary');
    expect(kinds(primary().after(5 * QOS))).toEqual([]);
  });

  it('is not stopped by no failover, a hook that leaves it to operators, or journal that nobody has; databases must be well', () => {
    const a = waiting({ durable: { noFailover: epoch(1, 'B'), seen: epoch(4, 'B') } });
    a.obliging = false;
    a.do(force);
    silence(a);
    a.now += FORCE_WAIT_MS;
    expect(becomes(a.do({ on: 'tick' }))).toEqual([{ by: 'force', epoch: epoch(5, 'A', 2) }]);
    const ill = waiting();
    ill.do(force);
    silence(ill);
    ill.now += FORCE_WAIT_MS;
    ill.canTakeOver = false;
    expect(becomes(ill.do({ on: 'tick' }))).toEqual([]);
  });
});

describe('resuming a primary in trouble without limit', () => {
  function isolated(): Core {
    const a = bound();
    a.do({ on: 'arbiter-lost' });
    a.do({ on: 'peer-lost', why: 'silent' });
    return a;
  }

  it('needs all three confirmations', () => {
    for (const missing of Object.keys(sure)) {
      const a = isolated();
      const effects = a.do({ ...resume, confirmed: { ...sure, [missing]: false } });
      expect(answers(effects)).toMatchObject([{ code: 'RESUME_NOT_CONFIRMED', facts: { [missing]: 0 } }]);
      expect(becomes(effects)).toEqual([]);
    }
  });

  it('ends the period, durably, and goes on in an epoch with its major raised', () => {
    const a = isolated();
    const effects = a.do(resume);
    expect(kinds(effects)).toEqual(['persist period', 'answer-request', 'become-primary']);
    expect(a.state.durable.period?.ended).toBe(true);
    expect(becomes(effects)).toEqual([{ by: 'resume', epoch: epoch(3, 'A', 2) }]);
    a.become(epoch(3, 'A', 2));
    expect(a.role).toMatchObject({ is: 'primary', epoch: epoch(3, 'A', 2) });
  });

  it('is refused where a database is not well: it stays a primary in trouble', () => {
    const a = isolated();
    a.canTakeOver = false;
    expect(codes(a.do(resume))).toEqual(['CANNOT_TAKE_OVER']);
    expect(a.role).toMatchObject({ is: 'primary', trouble: { until: null } });
  });

  it('is refused where trouble ends by itself, or is none', () => {
    const timed = active();
    timed.do({ on: 'peer-lost', why: 'silent' });
    expect(codes(timed.do(resume))).toEqual(['TROUBLE_ENDS_BY_ITSELF']);
    expect(codes(primary().do(resume))).toEqual(['NOT_IN_TROUBLE']);
    expect(codes(backup().do(resume))).toEqual(['NOT_IN_TROUBLE']);
  });

  it('an isolated primary gives up the virtual address, and binds it again when it goes on', () => {
    const a = bound();
    expect(a.do({ on: 'peer-lost', why: 'silent' })).not.toContainEqual({ do: 'release-vip' });
    expect(a.do({ on: 'arbiter-lost' })).toContainEqual({ do: 'release-vip' });
    const other = bound();
    expect(other.do({ on: 'arbiter-lost' })).not.toContainEqual({ do: 'release-vip' });
    expect(other.do({ on: 'peer-lost', why: 'silent' }), 'the other way round').toContainEqual({ do: 'release-vip' });
    a.obliging = false;
    const back = hello('B', { role: 'lost' });
    a.do({ on: 'hello', hello: back });
    expect(kinds(a.do({ on: 'peer', message: { m: 'beat', arbiter: false, canTakeOver: true } }))).toContain('bind-vip');
    expect(kinds(a.do({ on: 'vip', bound: false, why: 'taken' }))).toEqual([]);
    expect(kinds(a.after(QOS))).toEqual(['bind-vip']);
    a.do({ on: 'vip', bound: true, why: '' });
    expect(a.role).toMatchObject({ vip: 'bound' });
  });
});

describe('mirroring stopped on a member', () => {
  it('is durable before the primary can notice, and survives a restart until it is started', () => {
    const b = backup();
    expect(kinds(b.do(request('stop-mirroring')))).toEqual(['persist mirroringStopped lastSeenPrimary', 'hang-up-peer', 'answer-request']);
    expect(b.role.is).toBe('stopped');
    // The primary goes on without it: forcing it later is not without loss.
    expect(b.state.durable.lastSeenPrimary).toMatchObject({ active: false });
    const again = new Core({ self: 'B', durable: b.state.durable });
    expect(kinds(again.do({ on: 'start', byPerson: true }))).toEqual(
      ['persist boot'].filter(() => again.state.durable.boot !== b.state.boot),
    );
    expect(again.role.is).toBe('stopped');
    expect(codes(again.do(request('try-primary')))).toEqual(['MIRRORING_STOPPED']);
    expect(kinds(again.do(request('start-mirroring')))).toEqual(['persist mirroringStopped', 'dial-peer', 'answer-request']);
  });

  it('does not take over, answers the primary in trouble, and lets a member with newer journal go on', () => {
    const b = backup();
    b.do(request('stop-mirroring'));
    expect(kinds(b.do({ on: 'hello', hello: hello('A', { role: 'in-trouble', gaveUp: false }) }))).toEqual(['answer not-primary']);
    const newer = hello('A', { wasPrimary: true, journal: end(epoch(2), 9), seen: epoch(2) });
    expect(kinds(b.do({ on: 'hello', hello: newer }))).toEqual(['persist grant', 'answer promise']);
    const a = active();
    a.do({ on: 'peer-lost', why: 'closed' });
    const stopped = { is: 'not-primary', boot: 'b', role: 'stopped', journal: end(epoch(2), 5), seen: epoch(2), membership: 1 } as const;
    expect(kinds(a.do({ on: 'hello-answer', question: a.question - 1, answer: stopped }))).toEqual(['persist period', 'gate open']);
  });

  it('is refused on a primary', () => {
    expect(codes(primary().do(request('stop-mirroring')))).toEqual(['PRIMARY_CANNOT_STOP']);
    expect(codes(bound().do(request('stop-mirroring')))).toEqual(['PRIMARY_CANNOT_STOP']);
  });
});

describe('a change of arbiter, members or Q', () => {
  const done = { on: 'membership', version: 2, partner: 'B', arbiter: true, qosMs: 500 } as const;

  it('leaves the generation, then ends the period, then changes; commits wait for the backup all the time; then all forms anew', () => {
    const a = bound();
    const { g } = generation(a);
    expect(kinds(a.do(request('change-membership')))).toEqual(['tell-peer leave']);
    expect(kinds(a.do({ on: 'peer', message: { m: 'leaving', g } }))).toEqual(['tell-peer left', 'tell-peer end-period']);
    expect(kinds(a.do({ on: 'peer', message: { m: 'period-ended', n: 9 } })), 'of another period').toEqual([]);
    expect(kinds(a.do({ on: 'peer', message: { m: 'period-ended', n: 1 } }))).toEqual(['persist period', 'change-membership']);
    const effects = a.do(done);
    expect(codes(effects)).toEqual(['ok']);
    expect(kinds(effects).slice(1)).toEqual([
      'persist period reign',
      'gate remote',
      'tell-peer active',
      'tell-arbiter propose',
      'tell-peer propose',
    ]);
    expect(generation(a).membership).toBe(2);
    expect(a.state.qosMs).toBe(500);
  });

  it('that leaves no backup is told to the arbiter at once, which forbids whoever has missed it', () => {
    const a = bound();
    const { g } = generation(a);
    a.do(request('change-membership'));
    a.do({ on: 'peer', message: { m: 'leaving', g } });
    a.do({ on: 'peer', message: { m: 'period-ended', n: 1 } });
    const claim = { m: 'claim', epoch: epoch(2), membership: 2 } as const;
    expect(a.do({ ...done, partner: null })).toContainEqual({ do: 'tell-arbiter', message: claim });
    const mine = { ...claim, epoch: epoch(3, 'B'), membership: 1 };
    const heard: ArbiterInput[] = [
      { on: 'up', member: 'A', boot: 'A-boot' },
      { on: 'message', member: 'A', message: claim },
      { on: 'up', member: 'B', boot: 'B-boot' },
    ];
    const state = heard.reduce((before, input) => stepArbiter(before, input, 0, QOS).state, emptyArbiter);
    expect(stepArbiter(state, { on: 'message', member: 'B', message: mine }, 0, QOS).effects).toContainEqual({
      do: 'tell',
      member: 'B',
      message: { m: 'known', epoch: null, membership: 2 },
    });
    expect(kinds(primary().do(done)), 'to none that is not connected').toEqual([]);
  });

  it('is told again before each period begins: a backup that was connecting may have missed it', () => {
    const a = primary();
    a.do({ on: 'hello', hello: hello('B') });
    const order = a
      .do({ on: 'caught-up' })
      .flatMap((e) => (e.do === 'tell-membership' ? [e.do] : e.do === 'tell-peer' ? [e.message.m] : []));
    expect(order).toEqual(['tell-membership', 'active']);
  });

  it('that comes without being asked for ends the generation of the older membership', () => {
    expect(kinds(bound().do(done))).toEqual(['tell-peer leave']);
  });

  it('alone is made at once; in trouble it is refused; a backup lost meanwhile has first to be out of question', () => {
    expect(kinds(primary().do(request('change-membership')))).toEqual(['change-membership']);
    const troubled = active();
    troubled.do({ on: 'peer-lost', why: 'silent' });
    expect(codes(troubled.do(request('change-membership')))).toEqual(['IN_TROUBLE']);
    const a = active();
    a.do(request('change-membership'));
    expect(codes(a.do(request('change-membership')))).toEqual(['BUSY']);
    expect(kinds(a.do({ on: 'peer-lost', why: 'silent' }))).not.toContain('change-membership');
    expect(kinds(a.after(2 * QOS))).toEqual(['persist period', 'gate open', 'change-membership']);
  });

  it('a backup leaves its period when told, and takes no generation of another membership', () => {
    const b = backup();
    b.do({ on: 'arbiter-up' });
    expect(kinds(b.do({ on: 'peer', message: { m: 'end-period', n: 1 } }))).toEqual(['persist lastSeenPrimary', 'tell-peer period-ended']);
    expect(b.role).toMatchObject({ active: null });
    b.do({ on: 'peer', message: { m: 'active', n: 2, epoch: epoch(2) } });
    const gen = { g: 'g9', primary: 'A', primaryBoot: 'A-boot', backup: 'B', backupBoot: 'B-boot', membership: 7, epoch: epoch(2) };
    expect(kinds(b.do({ on: 'peer', message: { m: 'propose', gen } }))).toEqual([]);
  });

  it('that ends while the backup is inactive leaves commits to this member alone', () => {
    const a = active();
    a.do(request('change-membership'));
    a.do({ on: 'peer', message: { m: 'period-ended', n: 1 } });
    expect(kinds(a.do({ on: 'peer-lost', why: 'closed' }))).toEqual(['hang-up-peer', 'gate open']);
  });

  it.each([null, 'C'])('after which the former backup is no failover member (but %s is) leaves commits to this member alone', (partner) => {
    const a = active();
    a.do(request('change-membership'));
    a.do({ on: 'peer', message: { m: 'period-ended', n: 1 } });
    expect(kinds(a.do({ ...done, partner }))).toContain('gate open');
    expect(a.do({ on: 'tick' })).toEqual([]);
  });
});
