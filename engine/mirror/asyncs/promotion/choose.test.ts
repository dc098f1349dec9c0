import { describe, expect, it } from 'vitest';
import { conditionOf } from '../../../api/conditions.ts';
import type { AgentAnswer, Epoch } from '../../failover/index.ts';
import { choosePartner, type Found, type Survey, type Wish } from './choose.ts';

const epoch = (minor: number, member: string, major = 1): Epoch => ({ major, minor, member });

function down(member: string, last: Epoch, more: Partial<AgentAnswer> = {}): AgentAnswer {
  return {
    member,
    boot: 'boot',
    reign: null,
    period: null,
    seen: last,
    membership: 1,
    role: null,
    state: 'down',
    journal: { epoch: last, position: { file: 1, offset: 100 } },
    grant: null,
    refused: null,
    noFailover: false,
    ...more,
  };
}

const found = (guid: string, agent: AgentAnswer | null, role: Found['role'] = null): Found => ({
  guid,
  name: guid,
  agentAddress: `${guid}:2188`,
  agent,
  role,
});
const wish = (more: Partial<Wish> = {}): Wish => ({ isHeld: false, isConfirmed: false, ...more });

/** Name of the partner, 'none', or the refusal's code. */
function outcome(failover: readonly Found[], wished: Wish = wish(), newest: Epoch = epoch(1, 'A')): string {
  const choice = choosePartner({ failover, newest } satisfies Survey, wished);
  if (!('refused' in choice)) return choice.partner?.name ?? 'none';
  expect(conditionOf(choice.refused.code)?.severity).toBe('refusal');
  return choice.refused.code;
}

const a = down('A', epoch(1, 'A'));
const b = down('B', epoch(1, 'A'));

describe('all agents answer, nothing runs', () => {
  it('the most recent primary is the partner', () => {
    expect(outcome([found('A', a), found('B', b)])).toBe('A');
    expect(outcome([found('A', a), found('B', down('B', epoch(2, 'B')))])).toBe('B');
    expect(outcome([found('A', a)])).toBe('A');
    // Its new epoch was durable when it ended, although it was not open yet.
    const taking = down('B', epoch(1, 'A'), { journal: { epoch: epoch(2, 'B'), position: { file: 2, offset: 0 } } });
    expect(outcome([found('A', a), found('B', taking)])).toBe('B');
  });

  it('the newest journal decides when the last primary is no failover member any more', () => {
    const further = down('B', epoch(1, 'Z'), { journal: { epoch: epoch(1, 'Z'), position: { file: 1, offset: 200 } } });
    expect(outcome([found('A', down('A', epoch(1, 'Z'))), found('B', further)], wish(), epoch(1, 'Z'))).toBe('B');
  });

  it('no other choice is taken', () => {
    expect(outcome([found('A', a), found('B', b)], wish({ partner: 'A' }))).toBe('A');
    expect(outcome([found('A', a), found('B', b)], wish({ partner: 'B', isConfirmed: true }))).toBe('PARTNER_IS_CHOSEN');
    expect(outcome([found('A', a), found('B', b)], wish({ partner: null, isConfirmed: true }))).toBe('PARTNER_IS_CHOSEN');
  });

  it('nobody takes over from one that was stopped so', () => {
    expect(outcome([found('A', { ...a, noFailover: true }), found('B', b)])).toBe('PARTNER_NO_FAILOVER');
    expect(outcome([found('A', a), found('B', { ...b, noFailover: true })])).toBe('A');
  });
});

describe('something runs', () => {
  const running = (role: AgentAnswer['role'], state: AgentAnswer['state'] = 'operating'): AgentAnswer => ({
    ...a,
    role,
    state,
    journal: null,
  });
  it.each([
    [running('primary'), null, 'PRIMARY_OPERATES'],
    [running('in-trouble', 'in-trouble'), null, 'PROMOTION_IN_TROUBLE'],
    [running('waiting'), null, 'FAILOVER_MEMBER_RUNS'],
    [running('lost'), null, 'FAILOVER_MEMBER_RUNS'],
    [running(null, 'starting'), null, 'FAILOVER_MEMBER_RUNS'],
    [running('primary', 'hung'), null, 'FAILOVER_MEMBER_RUNS'],
    // Its agent is silent, but it answers itself.
    [null, 'primary', 'PRIMARY_OPERATES'],
    [null, 'in-trouble', 'PROMOTION_IN_TROUBLE'],
    [null, 'waiting', 'FAILOVER_MEMBER_RUNS'],
  ] as const)('%#: refused', (agent, role, code) => {
    for (const wished of [wish(), wish({ partner: null, isConfirmed: true }), wish({ partner: 'A', isConfirmed: true })])
      for (const other of [found('B', b), found('B', null)]) expect(outcome([found('A', agent, role), other], wished)).toBe(code);
  });
});

describe('an agent is silent, or cannot read the journal', () => {
  const silent = [
    [found('A', null), found('B', b)],
    [found('A', { ...a, state: 'unknown' }), found('B', b)],
    [found('A', { ...a, journal: null }), found('B', b)],
    [found('A', null), found('B', null)],
  ];
  it.each(silent.map((each, n) => ({ n, each })))('$n: an operator chooses', ({ each }) => {
    expect(outcome(each)).toBe('PARTNER_NEEDED');
    expect(outcome(each, wish({ partner: 'A' })), 'primary last: nothing can be lost').toBe('A');
    expect(outcome(each, wish({ partner: 'B' }))).toBe('PROMOTION_NOT_CONFIRMED');
    expect(outcome(each, wish({ partner: 'B', isConfirmed: true }))).toBe('B');
    expect(outcome(each, wish({ partner: null }))).toBe('PROMOTION_NOT_CONFIRMED');
    expect(outcome(each, wish({ partner: null, isConfirmed: true }))).toBe('none');
    expect(outcome(each, wish({ partner: 'Z', isConfirmed: true }))).toBe('NO_SUCH_PARTNER');
  });

  it('is told which cannot be reached, and who was primary last', () => {
    const choice = choosePartner({ failover: [found('A', null), found('B', down('B', epoch(2, 'B')))], newest: epoch(1, 'A') }, wish());
    expect(choice).toMatchObject({ refused: { facts: { unreachable: 'A (A:2188)', lastPrimary: 'B', members: 'A, B' } } });
  });

  it('only a promotion without a partner can be held', () => {
    expect(outcome([found('A', null)], wish({ partner: 'A', isHeld: true }))).toBe('HOLD_NEEDS_NO_PARTNER');
    expect(outcome([found('A', null)], wish({ partner: null, isHeld: true, isConfirmed: true }))).toBe('none');
    expect(outcome([found('A', a)], wish({ isHeld: true }))).toBe('HOLD_NEEDS_NO_PARTNER');
  });
});
