import { describe, expect, it, type TestContext } from 'vitest';
import { startAgent } from '../engine/agent/start.ts';
import { asyncOf, membershipOf, recordOf, refusalOf, times, view } from './asyncs-support.ts';
import { stopAgent } from './stop-agent.ts';
import { Acknowledged, get, sameDatabases, set } from './support/acknowledged.ts';
import type { Pair, TestMember } from './support/pair.ts';
import { pairOfTest } from './support/pair-of-test.ts';
import { programs } from './support/programs.ts';
import { until } from './support/until.ts';

/** Promotion of a disaster recovery async while no primary operates. */

/** Its agent answers again, at the address that the others know. */
async function agentBack(member: TestMember): Promise<void> {
  await startAgent(member.home, { entry: programs.agent });
}

/** The primary writes what the stopped async does not get. */
async function writesWithout(primary: TestMember, away: TestMember, name: string): Promise<void> {
  await away.kill();
  await until('the primary writes without it', async () => (await set(primary, name, 'here')) === 'OK');
}

/** Waits until a member has dejournaled it. */
function has(member: TestMember, name: string, value: string): Promise<unknown> {
  return until(`${member.name} has ${name}`, async () => (await get(member, name)) === value);
}

/** First the backup, then the primary, once `behind` have everything. */
async function bothDown({ a, b }: Pick<Pair, 'a' | 'b'>, ...behind: readonly TestMember[]): Promise<void> {
  await b.kill();
  await until('the primary works alone', async () => (await set(a, 'alone', '1')) === 'OK');
  for (const member of behind) await has(member, 'alone', '1');
  await a.kill();
}

/** A pair and an async that has everything, for the test of that context. */
async function disaster({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const pair = await pairOfTest({}, onTestFinished);
  const c = await asyncOf(pair, 'C', 'dr');
  return { pair, a: pair.a, b: pair.b, c };
}

describe.concurrent('a promotion while nothing runs and all agents answer', () => {
  it('pairs with the last primary, whose newest journal it gets; the others find their new roles when they start', async (test) => {
    const { pair, a, b, c } = await disaster(test);
    const d = await asyncOf(pair, 'D', 'reporting-ro');
    const written = await Acknowledged.by(a, 200);
    await writesWithout(a, c, 'late');
    await written.stop();
    await bothDown(pair);
    await c.start();
    expect(await c.call('mirror.promote', { dryRun: true })).toMatchObject({ partner: 'A', setValidatedMember: [] });
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
    const done = await c.call('mirror.promote', {});
    expect(done).toMatchObject({ partner: 'A', setValidatedMember: [] });
    await c.sees({ C: 'Primary' });
    expect(await get(c, 'late')).toBe('here');
    await written.verify(c);
    await d.sees({ C: 'Primary', D: 'Connected' });
    await b.start();
    await b.sees({ C: 'Primary', B: 'Connected' });
    expect((await view(b, 'B')).type).toBe('Disaster Recovery');
    await a.start();
    await c.sees({ A: 'Backup', C: 'Primary', B: 'Connected' });
    expect(a.messages().split('[PRIMARY]').length).toBe(2);
    await set(c, 'after', '1');
    await sameDatabases(pair, c, d);
  });

  it('takes no other partner, and not none', async (test) => {
    const { pair, c } = await disaster(test);
    await bothDown(pair);
    expect((await refusalOf(c.call('mirror.promote', { partner: 'B' }))).condition?.code).toBe('PARTNER_IS_CHOSEN');
    expect((await refusalOf(c.call('mirror.promote', { partner: null, confirmed: true }))).condition?.code).toBe('PARTNER_IS_CHOSEN');
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
  });

  it('of two asyncs at once: one becomes primary, the other stays what it is and follows it', async (test) => {
    const { pair, a, c } = await disaster(test);
    const d = await asyncOf(pair, 'D', 'dr');
    await bothDown(pair);
    const outcomes = await Promise.allSettled([c, d].map((each) => each.call('mirror.promote', {})));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [winner, loser] = outcomes[0]?.status === 'fulfilled' ? [c, d] : [d, c];
    await loser.sees({ [winner.name]: 'Primary', [loser.name]: 'Connected' });
    expect(times(loser, 'PRIMARY')).toBe(0);
    expect(membershipOf(loser)).toEqual(membershipOf(winner));
    await a.start();
    await winner.sees({ A: 'Backup', [winner.name]: 'Primary', [loser.name]: 'Connected' });
  });
});

describe.concurrent('a promotion while a failover member runs', () => {
  it('that is not primary is refused, with what to do instead', async (test) => {
    const { a, b, c } = await disaster(test);
    await a.stop({ nofailover: true });
    const refusal = await refusalOf(c.call('mirror.promote', {}));
    expect(refusal.condition).toMatchObject({ code: 'FAILOVER_MEMBER_RUNS', facts: { member: 'B' } });
    await b.stop();
    expect((await refusalOf(c.call('mirror.promote', {}))).condition?.code).toBe('PARTNER_NO_FAILOVER');
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
  });
});

describe.concurrent('a promotion while an agent is silent', () => {
  /** C lacks the last update; the agent of A does not answer. */
  async function silentPrimary(test: Pick<TestContext, 'onTestFinished'>) {
    const made = await disaster(test);
    const { pair, a, c } = made;
    await writesWithout(a, c, 'late');
    await bothDown(pair);
    await stopAgent(a.home);
    await c.start();
    return made;
  }

  it('leaves the choice to the operator, and says what cannot be reached', async (test) => {
    const { c } = await silentPrimary(test);
    const { condition } = await refusalOf(c.call('mirror.promote', {}));
    expect(condition?.code).toBe('PARTNER_NEEDED');
    expect(condition?.facts).toMatchObject({ lastPrimary: 'A', members: 'A, B', unreachable: expect.stringMatching(/^A \(/) });
    expect((await refusalOf(c.call('mirror.promote', { partner: null }))).condition?.code).toBe('PROMOTION_NOT_CONFIRMED');
    expect((await refusalOf(c.call('mirror.promote', { partner: 'B' }))).condition?.code).toBe('PROMOTION_NOT_CONFIRMED');
    expect((await refusalOf(c.call('mirror.promote', { partner: 'X' }))).condition?.code).toBe('NO_SUCH_PARTNER');
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
  });

  it('with that partner: waits for its agent, then has its journal and is primary; the partner becomes backup', async (test) => {
    const { pair, a, b, c } = await silentPrimary(test);
    const done = await c.call('mirror.promote', { partner: 'a' });
    expect(done).toMatchObject({ partner: 'A', setValidatedMember: ['A'] });
    await c.sees({ C: 'Waiting' });
    await b.start();
    await until('B knows its new role', async () => (await view(b, 'B')).type === 'Disaster Recovery');
    expect(times(c, 'PRIMARY')).toBe(0);
    await agentBack(a);
    await c.sees({ C: 'Primary' });
    expect([await get(c, 'late'), await get(c, 'alone'), times(c, 'ROLE_TOLD')]).toEqual(['here', '1', 1]);
    await a.start();
    await c.sees({ A: 'Backup', B: 'Connected', C: 'Primary' });
    await sameDatabases(pair, c);
  });

  it('with that partner, which starts instead: it learns of the promotion, and one of the two is primary with all data', async (test) => {
    const { pair, a, c } = await silentPrimary(test);
    await c.call('mirror.promote', { partner: 'A' });
    await agentBack(a);
    await a.start();
    await until('one is primary, the other its backup', async () => {
      const statuses = [(await a.status())?.members, (await c.status())?.members].map((members) =>
        ['A', 'C']
          .map((name) => members?.find((m) => m.name === name)?.status)
          .toSorted()
          .join(),
      );
      return statuses.every((each) => each === 'Backup,Primary');
    });
    const primary = (await view(a, 'A')).status === 'Primary' ? a : c;
    expect([await get(primary, 'late'), await get(primary, 'alone')]).toEqual(['here', '1']);
    await pair.b.start();
    await primary.sees({ B: 'Connected' });
    await sameDatabases(pair, c);
  });

  it('with that partner, forced: primary with what it has', async (test) => {
    const { c } = await silentPrimary(test);
    await c.call('mirror.promote', { partner: 'A' });
    await c.call('mirror.forcePrimary', { confirmed: true }).catch(() => undefined);
    await c.sees({ C: 'Primary' });
    expect(await get(c, 'late')).toBe('null');
  }, 120_000);

  it('with the other partner, at the operator’s word: primary with that one’s journal', async (test) => {
    const { b, c } = await silentPrimary(test);
    const done = await c.call('mirror.promote', { partner: 'B', confirmed: true });
    expect(done).toMatchObject({ partner: 'B', setValidatedMember: ['A'] });
    await c.sees({ C: 'Primary' });
    expect([await get(c, 'late'), await get(c, 'alone')]).toEqual(['here', 'null']);
    await b.start();
    await c.sees({ B: 'Backup', C: 'Primary' });
  });

  it('without a partner: gets what another async has beyond it; the former primary then does not become primary', async (test) => {
    const made = await disaster(test);
    const { pair, a, b, c } = made;
    const d = await asyncOf(pair, 'D', 'dr');
    await writesWithout(a, c, 'late');
    await bothDown(pair, d);
    for (const member of [a, b]) await stopAgent(member.home);
    await c.start();
    const done = await c.call('mirror.promote', { partner: null, confirmed: true });
    expect(done).toMatchObject({ partner: null, setValidatedMember: ['A', 'B'] });
    await c.sees({ C: 'Primary' });
    expect([await get(c, 'late'), await get(c, 'alone')]).toEqual(['here', '1']);
    expect(c.messages()).toMatch(/\[JOURNAL_FETCHED\].*from=D/);
    expect(c.messages()).toMatch(/\[JOURNAL_SOURCE_SILENT\].*from=A/);
    await d.sees({ C: 'Primary', D: 'Connected' });
    for (const member of [a, b]) {
      await agentBack(member);
      await member.start();
      await c.sees({ [member.name]: 'Connected' });
      expect((await view(member, member.name)).type).toBe('Disaster Recovery');
    }
    // Once when the mirror was made.
    expect(times(a, 'PRIMARY')).toBe(1);
    await set(c, 'after', '1');
    await sameDatabases(pair, c, d);
  });

  it('without a partner: agents that come back store the new roles, once each, while their instances stay down', async (test) => {
    const { pair, a, b, c } = await disaster(test);
    await bothDown(pair, c);
    for (const member of [a, b]) await stopAgent(member.home);
    await c.call('mirror.promote', { partner: null, confirmed: true });
    await c.sees({ C: 'Primary' });
    for (const member of [a, b]) {
      await agentBack(member);
      await until('it is told', () => Promise.resolve(membershipOf(member).version === membershipOf(c).version));
      expect(recordOf(member).durable.validated).toBe(false);
      expect(membershipOf(member)).toEqual(membershipOf(c));
    }
    await until('both are logged', () => Promise.resolve(times(c, 'ROLE_TOLD') === 2));
    // Nobody is left who could tell them.
    await c.kill();
    await Promise.all([a.start(), b.start()]);
    for (const member of [a, b]) expect((await view(member, member.name)).type).toBe('Disaster Recovery');
    await c.start();
    await c.sees({ A: 'Connected', B: 'Connected', C: 'Primary' });
    await sameDatabases(pair, c);
  });

  it('without a partner and with no failover: holds, collects from who comes, and becomes primary when it is cleared', async (test) => {
    const made = await disaster(test);
    const { pair, a, b, c } = made;
    const d = await asyncOf(pair, 'D', 'dr');
    await writesWithout(a, c, 'late');
    await has(d, 'late', 'here');
    await d.stop();
    await bothDown(pair);
    for (const member of [a, b, d]) await stopAgent(member.home);
    await c.start();
    await c.call('mirror.promote', { partner: null, confirmed: true, nofailover: true });
    const { noFailover } = await c.sees({ C: 'Waiting' });
    expect(noFailover).toBe(true);
    await c.kill();
    await c.start();
    await c.sees({ C: 'Waiting' });
    await d.start();
    await until(
      'it has collected',
      () => Promise.resolve(/\[JOURNAL_FETCHED\].*from=D/.test(c.messages())),
      () => c.messages(),
    );
    expect(times(c, 'PRIMARY')).toBe(0);
    await c.call('mirror.clearNoFailover', {});
    await c.sees({ C: 'Primary' });
    expect(await get(c, 'late')).toBe('here');
    await d.sees({ C: 'Primary', D: 'Connected' });
  });

  it('of two asyncs at once, without a partner: one is primary in the end', async (test) => {
    const { pair, a, b, c } = await disaster(test);
    const d = await asyncOf(pair, 'D', 'dr');
    await bothDown(pair);
    for (const member of [a, b]) await stopAgent(member.home);
    await Promise.allSettled([c, d].map((each) => each.call('mirror.promote', { partner: null, confirmed: true })));
    let winner = c;
    await until('one is primary, and the other follows', async () => {
      const [byC, byD] = [await view(c, 'C').catch(() => null), await view(d, 'D').catch(() => null)];
      if (byC?.status === 'Primary' && byD?.status === 'Primary') throw new Error('two primaries');
      winner = byC?.status === 'Primary' ? c : d;
      return [byC?.status, byD?.status].toSorted().join() === 'Connected,Primary';
    });
    expect(times(winner === c ? d : c, 'PRIMARY')).toBe(0);
  });
});

describe.concurrent('a former failover member that is started after a promotion that it was not told of', () => {
  /** The failover members do not know of C, which is primary. */
  async function untold(test: Pick<TestContext, 'onTestFinished'>) {
    const made = await disaster(test);
    const { pair, a, b, c } = made;
    await bothDown(pair, c);
    for (const member of [a, b]) await stopAgent(member.home);
    await c.call('mirror.promote', { partner: null, confirmed: true });
    await c.sees({ C: 'Primary' });
    await set(c, 'of', 'C');
    return made;
  }

  it('waits when it reaches nobody, and learns its role once it reaches the new primary', async (test) => {
    const { a, c } = await untold(test);
    await c.stop();
    await agentBack(a);
    await a.start();
    await until('it waits', () => Promise.resolve(times(a, 'NOBODY_ANSWERS') > 0));
    expect(times(a, 'PRIMARY')).toBe(1);
    await c.start();
    await a.sees({ C: 'Primary', A: 'Connected' });
    await has(a, 'of', 'C');
  });

  it('finds its role although the other former member answers and knows nothing either', async (test) => {
    const { a, b, c } = await untold(test);
    for (const member of [a, b]) await agentBack(member);
    await Promise.all([a.start(), b.start()]);
    await c.sees({ A: 'Connected', B: 'Connected', C: 'Primary' });
    expect([times(a, 'PRIMARY'), times(b, 'PRIMARY')]).toEqual([1, 0]);
  });
});

describe.concurrent('a promotion in indefinite trouble', () => {
  it('is refused: the primary may go on', async (test) => {
    const { pair, a, b, c } = await disaster(test);
    const pid = b.pid();
    process.kill(pid, 'SIGSTOP');
    if (pair.arbiterHome !== null) await stopAgent(pair.arbiterHome);
    await stopAgent(b.home);
    await a.sees({ A: 'In Trouble' });
    await until('the async has left it', async () => (await view(c, 'C')).status !== 'Connected');
    expect((await refusalOf(c.call('mirror.promote', {}))).condition?.code).toBe('PROMOTION_IN_TROUBLE');
    expect((await refusalOf(c.call('mirror.promote', { partner: null, confirmed: true }))).condition?.code).toBe('PROMOTION_IN_TROUBLE');
    expect((await view(c, 'C')).type).toBe('Disaster Recovery');
  });
});
