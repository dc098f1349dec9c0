import { decideGrant } from '../../mirror/failover/agent.ts';
import { Q } from '../../mirror/failover/testing/events.ts';
import { journalEnd } from '../../mirror/failover/testing/model-journal.ts';
import { World } from '../../mirror/failover/testing/world.ts';
import { ensure, type Scenario } from '../scenarios/staging.ts';
import { began, cut, once, play, processOf, run } from './core-staging.ts';
import { coreRights } from './core-rights.ts';

/* Scenarios of the core alone, for what a simulated host cannot do: copies of members, and single moments between two messages. */

export const coreScenarios: readonly Scenario[] = [
  ...coreRights,
  {
    name: "core: an older copy of the primary that answers at its agent's address lets nobody take over",
    play: play(() => {
      const world = new World(1);
      const a = world.member('A');
      a.journal = [{ epoch: { major: 1, minor: 1, member: 'A' }, blocks: [] }];
      for (const member of world.members) member.start();
      run(world, 3 * Q);
      // As A's host was before A became primary this time.
      const copy = { durable: { ...a.durable, reign: null, period: null }, journal: journalEnd(a.journal.slice(0, 1)) };
      ensure(processOf(world, 'A').state.role.is === 'primary' && processOf(world, 'B').state.role.is === 'backup', 'the mirror works');
      a.ask = (asker, above) => {
        const { boot, seen } = copy.durable;
        const said = { member: 'A', boot, reign: null, period: null, seen, membership: 1, role: null, noFailover: false };
        const decision = decideGrant({ ...copy, members: ['A', 'B'], self: 'A', asker, above: above ?? seen });
        const grant = above === null || 'refused' in decision ? null : decision.grant;
        return { ...said, state: 'down', journal: copy.journal, grant, refused: null };
      };
      cut(world, 'A>B:data', 'B>A:data');
      run(world, 6 * Q);
      ensure(processOf(world, 'B').state.role.is === 'lost', 'B waits for the member that it was connected to');
    }),
  },
  {
    name: 'core: a backup that is lost when it was asked to give up brings the verdict for the primary',
    play: play(() => {
      // In some of them the primary loses the backup before that one has noticed anything.
      for (let seed = 1; seed <= 12; seed += 1) {
        const world = began(seed);
        cut(world, 'A>B:data', 'B>A:data', 'A>B:agent');
        once(world, 'sent', '"give-up"', () => world.member('B').crash(true));
        run(world, 4 * Q);
        const { role } = processOf(world, 'A').state;
        ensure(role.is === 'primary' && role.trouble === null && world.member('B').process === null, 'the primary works on');
      }
    }),
  },
  {
    name: 'core: a backup whose connection is reset takes over while the primary knows nothing yet: no old data is read there',
    play: play(() => {
      for (let seed = 1; seed <= 4; seed += 1) {
        const world = began(seed);
        cut(world, 'A>R:arb', 'R>A:arb', 'A>B:data', 'B>A:data', 'A>B:agent', 'B>A:agent');
        world.arbiter?.reset('A');
        processOf(world, 'B').partner.link?.end.onClose();
        run(world, Q);
        ensure(world.member('B').process?.open === true, 'the backup has taken over');
      }
    }),
  },
  {
    name: 'core: an operator forces a member that has missed an epoch: it does not use that one',
    play: play(() => {
      const world = began(3);
      const begun = world.epochWritten.bind(world);
      world.epochWritten = (...what) => {
        begun(...what);
        // Before anybody can hear of it.
        if (what[0] === 'B') world.events.in(0, () => world.member('B').crash(true));
      };
      world.member('A').crash(false);
      run(world, 2 * Q);
      ensure(world.member('B').process === null, 'the backup began an epoch and was lost');
      world.member('A').start();
      run(world, 2 * Q);
      processOf(world, 'A').request('force-primary');
      world.events.run(62_000);
      ensure(processOf(world, 'A').state.role.is === 'primary', 'it is primary');
    }),
  },
  {
    name: 'core: a backup whose answers are lost keeps what it may need: the primary is cut off, and it takes over',
    play: play(() => {
      const world = began(4);
      cut(world, 'B>A:data', 'A>B:agent', 'B>A:agent');
      once(world, 'sent', '"gaveUp"', () => cut(world, 'A>R:arb', 'R>A:arb'));
      run(world, 4 * Q);
      ensure(world.member('B').process?.open === true, 'the backup has taken over');
    }),
  },
  {
    name: 'core: a backup that has not noticed its loss says nothing by which its primary may go on',
    play: play(() => {
      for (let seed = 1; seed <= 12; seed += 1) {
        const world = began(seed);
        cut(world, 'B>A:data', 'A>B:agent');
        once(world, 'sent', '"gaveUp"', () => world.blocked.delete('B>A:data'));
        once(world, 'taken', '"not-primary"', () => cut(world, 'A>R:arb', 'R>A:arb', 'A>B:data', 'B>A:data', 'A>B:agent', 'B>A:agent'));
        run(world, 4 * Q);
      }
    }),
  },
];
