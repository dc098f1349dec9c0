import fc from 'fast-check';
import { compareEpochs } from '../epochs.ts';
import { Q } from './events.ts';
import type { Member } from './member.ts';
import { journalEnd } from './model-journal.ts';
import { World } from './world.ts';

const name = fc.constantFrom('A', 'B');
const ways = ['A>B:data', 'B>A:data', 'A>B:agent', 'B>A:agent', 'A>R:arb', 'R>A:arb', 'B>R:arb', 'R>B:arb'];
const both = (pair: string): string[] => ways.filter((w) => [...pair].every((host) => w.slice(0, 3).includes(host)));
const cut = fc.oneof(
  fc.constantFrom('AB', 'AR', 'BR').map(both),
  fc.constantFrom(['A'], ['B'], ['R']).map(([host = '']) => ways.filter((w) => w.slice(0, 3).includes(host))),
  fc.subarray(ways, { minLength: 1, maxLength: 3 }),
);

/** Between two writes of clients that write all the time, in ms. */
const WRITE_MS = Q / 40;

const ill = fc.constantFrom('hook' as const, 'vip' as const, 'disk' as const, 'unreadable' as const);

/** Whatever can be said: what happens while it is under way, or has just been taken, meets the rules in the middle. */
const said = fc.constantFrom(
  ...(['active', 'propose', 'hold', 'formed', 'leave', 'leaving', 'left', 'lost', 'ping', 'pong', 'verdict'] as const),
  ...(['give-up', 'gave-up', 'unknown', 'claim', 'known', 'take-over', 'taking-over', 'end-period', 'period-ended'] as const),
  ...(['no-failover', 'hello', 'is primary', 'is not-primary', 'is promise', 'ask', 'told', 'ready', 'ack'] as const),
);

function nameOf(message: unknown): string {
  if (typeof message !== 'object' || message === null) return '';
  if ('message' in message) return String((message.message as { m?: string }).m);
  if ('answer' in message) return `is ${(message.answer as { is: string }).is}`;
  if ('gaveUp' in message) return 'hello';
  if ('refused' in message) return 'told';
  return 't' in message ? String(message.t) : '';
}

const blow = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), name, host: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cut' as const), ways: cut, ms: fc.integer({ min: 5, max: 3 * Q }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), name, ms: fc.integer({ min: 5, max: 3 * Q }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('arbiter' as const), up: fc.constant(false) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart-arbiter' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ill' as const), name, ill, ms: fc.integer({ min: 5, max: 4 * Q }) }) },
);

/** What happens in a story, in any order: writes, crashes, cuts, frozen processes, requests, illnesses, operators. */
const storyAction = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), ms: fc.integer({ min: 1, max: 2 * Q }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), updates: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crash' as const), name, host: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fuse' as const), name, effects: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('start' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), ways: cut, ms: fc.integer({ min: 5, max: 3 * Q }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), name, ms: fc.integer({ min: 5, max: 3 * Q }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('arbiter' as const), up: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      name,
      what: fc.constantFrom(
        'hand-over' as const,
        'stop' as const,
        'stop-nofailover' as const,
        'set-no-failover' as const,
        'clear-no-failover' as const,
        'try-primary' as const,
        'stop-mirroring' as const,
        'start-mirroring' as const,
        'change-membership' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart-arbiter' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('upon' as const), said, when: fc.constantFrom('sent' as const, 'taken' as const), blow }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('able' as const), name, able: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ill' as const), name, ill, ms: fc.integer({ min: 5, max: 4 * Q }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('force' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), name }) },
);
export type StoryAction = typeof storyAction extends fc.Arbitrary<infer T> ? T : never;

function perform(world: World, act: StoryAction): void {
  world.log(`--- ${JSON.stringify(act)}`);
  switch (act.do) {
    case 'run':
      return world.events.run(act.ms);
    case 'settle':
      return settle(world);
    case 'write':
      for (const m of world.members) m.process?.write(act.updates);
      return;
    case 'crash':
      return world.member(act.name).crash(act.host);
    case 'fuse': {
      const { process } = world.member(act.name);
      if (process !== null) process.fuse = act.effects;
      return;
    }
    case 'start':
      return world.member(act.name).start();
    case 'cut':
      for (const way of act.ways) world.blocked.add(way);
      world.events.in(act.ms, () => {
        for (const way of act.ways) world.blocked.delete(way);
      });
      return;
    case 'freeze': {
      const { process } = world.member(act.name);
      process?.freeze(act.ms);
      return;
    }
    case 'arbiter':
      return act.up ? world.startArbiter() : world.stopArbiter();
    case 'restart-arbiter':
      world.stopArbiter();
      return world.startArbiter();
    case 'upon':
      return upon(world, act);
    case 'request':
      return world.member(act.name).process?.request(act.what);
    case 'able':
      world.member(act.name).able = act.able;
      return;
    case 'ill':
      world.member(act.name).ills.add(act.ill);
      world.events.in(act.ms, () => world.member(act.name).ills.delete(act.ill));
      return;
    case 'force':
      return force(world, world.member(act.name));
    case 'resume':
      return resume(world, world.member(act.name));
  }
}

/** A blow at the moment at which somebody says this, or has been told it; once. */
function upon(world: World, { said: name, when, blow: act }: Extract<StoryAction, { do: 'upon' }>): void {
  const before = world.network.onPassing;
  let isDue = true;
  world.network.onPassing = (message, at) => {
    before(message, at);
    if (!isDue || at !== when || nameOf(message) !== name) return;
    isDue = false;
    world.events.in(0, () => perform(world, act));
  };
}

/** Clients that write all the time, in every other story. */
function keepWriting(world: World): void {
  world.events.in(2 * WRITE_MS * world.random(), () => {
    for (const m of world.members) m.process?.write(1);
    keepWriting(world);
  });
}

/** An operator who has made sure that the other member's host is down forces this one, and waits. */
function force(world: World, member: Member): void {
  const other = world.member(member.partner);
  if (member.process === null) return;
  // Two forks by force have nothing in common that a rule could keep; nobody forces a member that missed another force.
  if (journalEnd(other.journal).epoch.major > journalEnd(member.journal).epoch.major) return;
  other.crash(true);
  member.process.request('force-primary');
  world.events.run(61_000);
}

/** An operator who has made sure that the other member is down and never became primary resumes this one. */
function resume(world: World, member: Member): void {
  const other = world.member(member.partner);
  const role = member.process?.state.role;
  if (role?.is !== 'primary' || other.process !== null) return;
  if (compareEpochs(journalEnd(other.journal).epoch, role.epoch) > 0) return;
  member.process?.request('resume-primary');
  world.events.run(100);
}

/** Everything is well for a while. */
export function settle(world: World): void {
  for (const m of world.members) {
    const role = m.process?.state.role;
    // What only a person ends.
    if (role?.is === 'primary' && role.frozen !== null) m.crash(false);
    if (role?.is === 'stopped') m.process?.request('start-mirroring');
    if (role?.is === 'waiting' && role.forOperator) m.process?.request('try-primary');
    m.start();
  }
  world.startArbiter();
  world.events.run(4 * Q);
}

function healAll(world: World): void {
  world.network.onPassing = () => undefined;
  world.blocked.clear();
  for (const m of world.members) {
    m.able = true;
    m.ills.clear();
    if (m.process !== null) m.process.fuse = null;
  }
}

/** One primary with an active backup under the arbiter's rules, taking updates. */
export function isWell(world: World): boolean {
  const roles = world.members.map((m) => m.process?.state.role);
  const primary = roles.find((r) => r?.is === 'primary');
  if (primary?.is !== 'primary' || !roles.some((r) => r?.is === 'backup' && r.active !== null && r.generation?.phase === 'formed'))
    return false;
  const before = world.acknowledged.size;
  for (const m of world.members) m.process?.write(1);
  world.events.run(Q);
  return world.acknowledged.size > before;
}

/** Plays it; then everything is well, and the mirror must come back to work. Throws Violation when something was not as it must be. */
export function playStory(seed: number, actions: readonly StoryAction[]): void {
  const world = new World(seed);
  world.startArbiter();
  // A mirror begins with one member, which the other one joins.
  world.member('A').journal = [{ epoch: { major: 1, minor: 1, member: 'A' }, blocks: [] }];
  for (const m of world.members) m.start();
  world.events.run(Q);
  if (world.random() < 0.5) keepWriting(world);
  for (const act of actions) {
    perform(world, act);
    world.events.run(5 * world.random());
  }
  healAll(world);
  for (let round = 0; round < 12; round += 1) {
    settle(world);
    if (isWell(world)) return;
  }
  world.fail(
    `the mirror does not come to work again: ${world.members.map((m) => `${m.name} ${JSON.stringify(m.process?.state.role)}`).join('; ')}`,
  );
}

/** A world's seed and up to 40 actions; fails when the story does. */
export const anyStory = fc.property(fc.integer(), fc.array(storyAction, { maxLength: 40, size: 'max' }), playStory);
