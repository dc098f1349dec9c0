import { Q } from '../../mirror/failover/testing/events.ts';
import { positionAtEnd } from '../../mirror/failover/testing/model-journal.ts';
import { World } from '../../mirror/failover/testing/world.ts';
import { ensure, type Scenario } from '../scenarios/staging.ts';
import { began, once, play, processOf, run } from './core-staging.ts';

/** Two members that have never met in this epoch, with the same journal; the arbiter is not there. */
function strangers(seed: number): World {
  const world = new World(seed);
  for (const member of world.members) member.journal = [{ epoch: { major: 1, minor: 1, member: 'A' }, blocks: [] }];
  return world;
}

const isOpen = (world: World, name: string): boolean => world.member(name).process?.open === true;

/** A member's disk as it is now, to be put back later. */
function snapshot(world: World, name: string): () => void {
  const member = world.member(name);
  const { durable, journal } = member;
  return () => {
    ensure(member.process === null, 'only a member that is down is put back');
    member.durable = durable;
    member.journal = journal;
  };
}

/** Scenarios of the core about who gets the right to be primary. */
export const coreRights: readonly Scenario[] = [
  {
    name: 'core: of two members that promise each other the primacy the later word counts',
    play: play(() => {
      for (let seed = 1; seed <= 24; seed += 1) {
        const world = strangers(seed);
        world.member('A').able = false;
        once(world, 'sent', '"promise"', () => {
          world.blocked.add('A>B:data');
          world.member('A').able = true;
          world.events.in(Q / 5 + seed, () => world.blocked.delete('A>B:data'));
        });
        for (const member of world.members) member.start();
        run(world, 4 * Q);
      }
    }),
  },
  {
    name: 'core: an answer to an older question gives no right',
    play: play(() => {
      for (let seed = 1; seed <= 6; seed += 1) {
        const world = strangers(seed);
        once(world, 'sent', '"down"', () => {
          world.blocked.add('A>B:agent');
          world.member('A').start();
        });
        once(world, 'taken', '"promise"', () => world.blocked.delete('A>B:agent'));
        world.member('B').start();
        run(world, 4 * Q);
        ensure(isOpen(world, 'A') || isOpen(world, 'B'), 'one of them is primary');
      }
    }),
  },
  {
    name: 'core: who knows of an epoch that is in neither journal does not become primary',
    play: play(() => {
      const world = began(1);
      const back = snapshot(world, 'B');
      world.member('A').crash(false);
      run(world, 4 * Q);
      ensure(isOpen(world, 'B'), 'B has taken over');
      once(world, 'sent', '"ready"', () => world.member('A').crash(false));
      world.member('A').start();
      run(world, Q);
      ensure(world.member('A').process === null, 'A has heard of the epoch, and no more');
      world.member('B').crash(true);
      back();
      for (const member of world.members) member.start();
      run(world, 8 * Q);
      ensure(!isOpen(world, 'A') && !isOpen(world, 'B'), 'both wait');
    }),
  },
  {
    name: 'core: an arbiter that knows of a newer epoch forbids two members put back to older copies',
    play: play(() => {
      const world = began(1);
      const back = [snapshot(world, 'A'), snapshot(world, 'B')];
      world.member('A').crash(false);
      run(world, 4 * Q);
      ensure(isOpen(world, 'B'), 'B has taken over');
      world.member('A').start();
      run(world, 4 * Q);
      for (const member of world.members) member.crash(true);
      for (const putBack of back) putBack();
      for (const member of world.members) member.start();
      run(world, 8 * Q);
      ensure(!isOpen(world, 'A') && !isOpen(world, 'B'), 'both wait');
    }),
  },
  {
    name: 'core: a primary whose journal fails while the backup catches up does not hand over to it',
    play: play(() => {
      for (let seed = 1; seed <= 6; seed += 1) {
        const world = began(seed);
        world.member('B').crash(true);
        run(world, 4 * Q);
        const end = positionAtEnd(world.member('A').journal);
        world.member('B').start();
        once(world, 'taken', '"echo"', () => processOf(world, 'A').input({ on: 'journal-failed', why: 'the disk is gone', end }));
        run(world, 3 * Q);
        ensure(!isOpen(world, 'B'), 'the backup that lacks updates is not primary');
      }
    }),
  },
];
