import type { Before, Failure, Outcome, Story } from './words.ts';

/** The outage scenarios of the documents, by name, each with the outcome that is written there. */
export interface Scenario {
  readonly name: string;
  readonly before: Before;
  readonly story: Story;
  readonly outcome: Pick<Outcome, 'primary' | 'p' | 'b' | 'pauseQ'>;
}

const ARBITER: Before = { arbiter: 'connected', backup: 'active' };
const NO_ARBITER: Before = { arbiter: 'none', backup: 'active' };
const ARBITER_OUT: Before = { arbiter: 'lost: Arb', backup: 'active' };
const INACTIVE: Before = { arbiter: 'connected', backup: 'not active' };
const INACTIVE_ALONE: Before = { arbiter: 'none', backup: 'not active' };
const ACTIVE_BEFORES: readonly (readonly [string, Before])[] = [
  ['arbiter', ARBITER],
  ['no arbiter', NO_ARBITER],
  ['arbiter lost before', ARBITER_OUT],
];
const INACTIVE_BEFORES: readonly (readonly [string, Before])[] = [
  ['backup not active, arbiter', INACTIVE],
  ['backup not active, no arbiter', INACTIVE_ALONE],
];

type Ending = Scenario['outcome'];
const takesOver = (pauseQ: number): Ending => ({ primary: 'B', p: 'not primary', b: 'primary', pauseQ });
const nobody: Ending = { primary: 'none', p: 'not primary', b: 'disconnected', pauseQ: null };
const allDown: Ending = { primary: 'none', p: 'not primary', b: 'down', pauseQ: null };
const goesOn = (pauseQ: number, b: Outcome['b']): Ending => ({ primary: 'P', p: 'primary', b, pauseQ });

function each(befores: readonly (readonly [string, Before])[], name: string, story: Story, outcome: Ending): Scenario[] {
  return befores.map(([how, before]) => ({ name: `${name} (${how})`, before, story, outcome }));
}

/** Every connection of the primary's host. */
const ISOLATED: readonly Failure[] = ['P-B', 'P-Arb', 'P-agent(B)', 'B-agent(P)'];
const ALL_BEFORES = [...ACTIVE_BEFORES, ...INACTIVE_BEFORES];

export const SCENARIOS: readonly Scenario[] = [
  ...each(ACTIVE_BEFORES, 'Primary outage 1, planned: the instance is shut down', [['P shut down']], takesOver(1)),
  ...each(INACTIVE_BEFORES, 'Primary outage 1, planned: the instance is shut down', [['P shut down']], takesOver(1)),
  ...each(ALL_BEFORES, 'Primary outage 1, planned, without failover', [['P shut down, no failover']], nobody),
  ...each(ACTIVE_BEFORES, 'Primary outage 2: the instance hangs and finds that it hung', [['P hung']], takesOver(1)),
  ...each(INACTIVE_BEFORES, 'Primary outage 2: the instance hangs and goes on', [['P hung']], goesOn(0, 'backup, not active')),
  ...each(ALL_BEFORES, 'Primary outage 3: the instance is forced down', [['P instance']], takesOver(1)),
  ...each(ALL_BEFORES, 'Primary outage 3: the instance is entirely unresponsive', [['P unresponsive']], takesOver(2)),
  ...each(ACTIVE_BEFORES, 'Primary outage 4: the storage fails', [['P storage']], takesOver(1)),
  ...each(INACTIVE_BEFORES, 'Primary outage 4: the storage fails', [['P storage']], {
    primary: 'none',
    p: 'writes nothing',
    b: 'backup, not active',
    pauseQ: null,
  }),
  ...each([['arbiter', ARBITER]], 'Primary outage 5: the host fails', [['P host']], takesOver(2)),
  ...each([...ACTIVE_BEFORES.slice(1), ...INACTIVE_BEFORES], 'Primary outage 5: the host fails', [['P host']], nobody),
  ...each([['arbiter', ARBITER]], 'Primary outage 6: the primary is isolated', [ISOLATED], {
    primary: 'B',
    p: 'in trouble without limit',
    b: 'primary',
    pauseQ: 2,
  }),
  ...each(
    [['arbiter', ARBITER]],
    'Primary outage 6: the primary is isolated, and the backup loses the arbiter at the same time',
    [[...ISOLATED, 'B-Arb']],
    {
      primary: 'none',
      p: 'in trouble without limit',
      b: 'disconnected',
      pauseQ: null,
    },
  ),
  ...each(ACTIVE_BEFORES.slice(1), 'Primary outage 6: the primary is isolated', [ISOLATED], goesOn(3, 'disconnected')),
  ...each(INACTIVE_BEFORES, 'Primary outage 6: the primary is isolated', [ISOLATED], goesOn(0, 'disconnected')),
  { name: 'Arbiter outage', before: ARBITER, story: [['Arb']], outcome: goesOn(0, 'active backup') },
  { name: 'Arbiter outage, then primary outage 3', before: ARBITER, story: [['Arb'], ['P instance']], outcome: takesOver(1) },
  { name: 'Arbiter outage, then primary outage 5', before: ARBITER, story: [['Arb'], ['P host']], outcome: nobody },
  { name: 'Arbiter outage, then primary outage 6', before: ARBITER, story: [['Arb'], ISOLATED], outcome: goesOn(3, 'disconnected') },
  {
    name: 'Backup outage with arbiter: a pause of about the QoS timeout',
    before: ARBITER,
    story: [['B host']],
    outcome: goesOn(1, 'down'),
  },
  {
    name: 'Backup outage without arbiter: a pause of about three times the QoS timeout',
    before: NO_ARBITER,
    story: [['B host']],
    outcome: goesOn(3, 'down'),
  },
  {
    name: 'Backup outage, arbiter lost before: about three times the QoS timeout',
    before: ARBITER_OUT,
    story: [['B host']],
    outcome: goesOn(3, 'down'),
  },
  { name: 'Backup outage, not active: no pause', before: INACTIVE, story: [['B host']], outcome: goesOn(0, 'down') },
  { name: 'Backup outage, then primary outage', before: ARBITER, story: [['B host'], ['P host']], outcome: allDown },
  { name: 'Primary and arbiter: the agent answers', before: ARBITER, story: [['P instance', 'Arb']], outcome: takesOver(1) },
  { name: 'Primary and arbiter: the agent does not answer', before: ARBITER, story: [['P host', 'Arb']], outcome: nobody },
  {
    name: 'Backup and arbiter at once',
    before: ARBITER,
    story: [['B host', 'Arb']],
    outcome: { primary: 'none', p: 'in trouble without limit', b: 'down', pauseQ: null },
  },
  { name: 'Backup and arbiter in sequence', before: ARBITER, story: [['B host'], ['Arb']], outcome: goesOn(1, 'down') },
  { name: 'Arbiter and backup in sequence', before: ARBITER, story: [['Arb'], ['B host']], outcome: goesOn(3, 'down') },
  { name: 'Primary and backup at once', before: ARBITER, story: [['P host', 'B host']], outcome: allDown },
  { name: 'Primary and backup at once, instances only', before: NO_ARBITER, story: [['P instance', 'B instance']], outcome: allDown },
];
