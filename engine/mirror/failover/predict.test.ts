import { describe, expect, test } from 'vitest';
import { initialState } from './state.ts';
import { OutageWorld } from './outcomes/testing/outage-world.ts';
import { SETTLED_MS, TOLERANCE_MS } from './outcomes/testing/play.ts';
import { BEFORES, type Before, type Failure } from './outcomes/words.ts';
import { FAULTS, predict, situationOf, whatIf, type Fault, type Prediction, type Situation } from './predict.ts';
import { Q } from './testing/events.ts';
import { holds } from './testing/model-journal.ts';

/** What the question means in the simulated mirror. */
const MEANS: Readonly<Record<Fault, readonly Failure[]>> = {
  'primary-stopped': ['P shut down'],
  'primary-killed': ['P instance'],
  'primary-hung': ['P unresponsive'],
  'primary-storage-failed': ['P storage'],
  'primary-host-lost': ['P host'],
  'primary-isolated': ['P-B', 'P-Arb', 'P-agent(B)', 'B-agent(P)'],
  'members-disconnected': ['P-B', 'P-agent(B)', 'B-agent(P)'],
  'backup-lost': ['B host'],
  'arbiter-lost': ['Arb'],
  'backup-and-arbiter-lost': ['B host', 'Arb'],
};

/** Everything besides the mode that an answer may depend on. */
interface State {
  readonly before: Before;
  /** Lost before, and settled. */
  readonly lost: readonly Failure[];
  readonly able: boolean;
  readonly noFailover: boolean;
}

const yesAndNo = [true, false];
const STATES: readonly State[] = BEFORES.flatMap((before) =>
  [[], ['P-agent(B)'], ['B-agent(P)'], ['P-agent(B)', 'B-agent(P)'], ['B host']].flatMap((lost) =>
    yesAndNo.flatMap((able) => yesAndNo.map((noFailover) => ({ before, lost: lost as Failure[], able, noFailover }))),
  ),
);

function worldIn(state: State): OutageWorld {
  const world = new OutageWorld(state.before);
  if (!state.able) world.b.able = false;
  if (state.noFailover) world.p.process?.request('set-no-failover');
  world.pass(2 * Q);
  for (const what of state.lost) world.lose(what);
  if (state.lost.length > 0) world.pass(SETTLED_MS);
  return world;
}

/** The situation as the member knows it that was asked. */
function known(world: OutageWorld, state: State, asked: 'P' | 'B'): Situation | null {
  const { process } = asked === 'P' ? world.p : world.b;
  if (process === null) return null;
  const agents = { ofPrimary: !state.lost.includes('B-agent(P)'), ofBackup: !state.lost.includes('P-agent(B)') };
  return situationOf(process.state, { canTakeOver: world.b.able }, agents);
}

/** What then happens; `lacking`: acknowledged updates that are not in the backup's journal. */
function happens(state: State, fault: Fault): { primary: Prediction['primary']; pauseMs: number; lacking: number } {
  const world = worldIn(state);
  world.beginPause();
  for (const what of MEANS[fault]) world.lose(what);
  world.pass(SETTLED_MS);
  const { primary } = world.observed();
  const lacking = [...world.acknowledged.keys()].filter((block) => !holds(world.b.journal, block)).length;
  return { primary: primary === 'P' ? 'primary' : primary === 'B' ? 'backup' : null, pauseMs: world.pauseMs, lacking };
}

function name({ before, lost, able, noFailover }: State): string {
  const more = [...lost.map((what) => `${what} lost`), ...(able ? [] : ['backup not able']), ...(noFailover ? ['no failover'] : [])];
  return [`arbiter ${before.arbiter}`, `backup ${before.backup}`, ...more].join(', ');
}

describe('what is predicted is what then happens', () => {
  test.each(STATES.map((state) => ({ state, name: name(state) })))('$name', ({ state }) => {
    const world = worldIn(state);
    const situation = known(world, state, 'P');
    expect(situation).not.toBeNull();
    if (situation === null) return;
    for (const prediction of whatIf(situation)) {
      const { primary, pauseMs, lacking } = happens(state, prediction.fault);
      expect({ fault: prediction.fault, primary }).toEqual({ fault: prediction.fault, primary: prediction.primary });
      // An operator who forces the backup loses nothing, if nothing is said to be at risk.
      if (primary === null && prediction.dataAtRisk === 'none') expect({ fault: prediction.fault, lacking }).toMatchObject({ lacking: 0 });
      const inTime = prediction.timeMs === null ? pauseMs >= SETTLED_MS : pauseMs <= prediction.timeMs.atMost + TOLERANCE_MS;
      expect({ fault: prediction.fault, pauseMs, atMost: prediction.timeMs?.atMost ?? null, inTime }).toMatchObject({ inTime: true });
    }
    const asBackup = known(world, state, 'B');
    if (asBackup !== null) expect(whatIf(asBackup).map(answer)).toEqual(whatIf(situation).map(answer));
  });
});

const answer = ({ fault, outcome, primary, dataAtRisk, timeMs }: Prediction): unknown => ({ fault, outcome, primary, dataAtRisk, timeMs });

describe('what is predicted', () => {
  const well: Situation = {
    qosMs: 8000,
    mode: 'arbiter',
    backup: { status: 'active', able: true },
    arbiter: { configured: true, primaryConnected: true, backupConnected: true },
    agents: { ofPrimary: true, ofBackup: true },
    noFailover: false,
  };

  test('answers every question once, with reasons and facts', () => {
    const rows = whatIf(well);
    expect(rows.map((r) => r.fault)).toEqual([...FAULTS]);
    for (const row of rows) {
      expect(row.why.length).toBeGreaterThan(0);
      expect(row.facts).toMatchObject({ mode: 'arbiter', backup: 'active', qosMs: 8000 });
    }
  });

  test('times are multiples of the QoS timeout', () => {
    expect(predict(well, 'primary-host-lost').timeMs).toEqual({ atMost: 16_000 });
    expect(predict({ ...well, mode: 'agent' }, 'backup-lost').timeMs).toEqual({ atMost: 24_000 });
  });

  test('forcing a backup that was not active may lose data; forcing one that was does not', () => {
    const agent: Situation = { ...well, mode: 'agent', agents: { ofPrimary: false, ofBackup: false } };
    expect(predict(agent, 'primary-host-lost')).toMatchObject({ primary: null, dataAtRisk: 'none' });
    expect(predict({ ...agent, backup: { status: 'not-active', able: true } }, 'primary-host-lost').dataAtRisk).toBe('if-forced');
  });

  test('a mirror with one failover member has nobody who takes over', () => {
    const alone: Situation = { ...well, mode: 'agent', backup: { status: 'none', able: false } };
    expect(predict(alone, 'primary-killed')).toMatchObject({ outcome: 'nobody-is-primary', code: 'NO_BACKUP' });
    expect(predict(alone, 'members-disconnected')).toMatchObject({ outcome: 'primary-continues', timeMs: { atMost: 0 } });
  });

  test('without an operating primary there is nothing to predict', () => {
    const { p } = new OutageWorld({ arbiter: 'none', backup: 'active' });
    const state = initialState({ self: 'A', boot: 'x', qosMs: Q, membership: 1, partner: 'B', arbiter: true, durable: p.durable });
    expect(situationOf(state, { canTakeOver: true }, { ofPrimary: true, ofBackup: true })).toBeNull();
  });
});
