import { Q } from '../../mirror/failover/testing/events.ts';
import type { MemberProcess } from '../../mirror/failover/testing/member-process.ts';
import { isWell, settle } from '../../mirror/failover/testing/stories.ts';
import { World } from '../../mirror/failover/testing/world.ts';
import { ensure } from '../scenarios/staging.ts';

/* What scenarios of the core are made of. */

/** A is primary, B its active backup, under the arbiter's rules. */
export function began(seed: number): World {
  const world = new World(seed);
  world.startArbiter();
  world.member('A').journal = [{ epoch: { major: 1, minor: 1, member: 'A' }, blocks: [] }];
  for (const member of world.members) member.start();
  for (let round = 0; round < 4; round += 1) {
    settle(world);
    if (isWell(world)) break;
  }
  ensure(processOf(world, 'A').state.role.is === 'primary' && isWell(world), 'A is primary and the mirror works');
  return world;
}

export function processOf(world: World, name: string): MemberProcess {
  const { process } = world.member(name);
  if (process === null) throw new Error(`${name} does not run`);
  return process;
}

export function cut(world: World, ...ways: string[]): void {
  for (const way of ways) world.blocked.add(way);
}

/** Clients write all the time. */
export function run(world: World, ms: number): void {
  for (let past = 0; past < ms; past += Q / 40) {
    for (const member of world.members) member.process?.write(1);
    world.events.run(Q / 40);
  }
}

/** The first time that a message with these words is sent, or has been taken. */
export function once(world: World, when: 'sent' | 'taken', words: string, act: () => void): void {
  const before = world.network.onPassing;
  let isDue = true;
  world.network.onPassing = (message, at) => {
    before(message, at);
    if (!isDue || at !== when || !JSON.stringify(message).includes(words)) return;
    isDue = false;
    world.events.in(0, act);
  };
}

export const play = (act: () => void) => (): Promise<void> => {
  act();
  return Promise.resolve();
};
