import { comparePositions } from '../../journal/index.ts';
import { asyncWays, type Way } from '../faults/kinds.ts';
import type { AsyncMember } from '../../mirror/index.ts';
import { isConnected } from '../world/asyncs.ts';
import { mirrorName } from '../world/layout.ts';
import type { World } from '../world/world.ts';
import { between, ends, ensure, happen, LONG, now, other, primary, Q, world, type Scenario } from './staging.ts';

/** The async of such a world. */
function member(w: World): AsyncMember {
  const found = w.asyncs.sites[0]?.instance?.member ?? null;
  if (found === null) throw new Error(`no async runs: ${w.state}`);
  return found;
}

/** Whether all asyncs follow that member and have everything it has told them of. */
function areConnected(w: World): boolean {
  const name = primary(w);
  const instance = name === null ? null : w.sites[name].instance;
  return instance !== null && w.asyncs.sites.every((site) => isConnected(site, instance));
}

const all = (name: string): Way[] => asyncWays.filter((way) => way.includes(name));

async function atWork(seed: number, arbiter: boolean, asyncs = 1): Promise<World> {
  const w = await world(seed, arbiter, asyncs);
  ensure(await w.until(() => areConnected(w), 4 * Q), 'the asyncs follow');
  return w;
}

/** Async members; what they may hold and show is checked after each step of every world. */
export const asyncs: readonly Scenario[] = [
  ...[true, false].map((arbiter) => ({
    name: `an async follows the new primary and loses nothing, ${arbiter ? 'with' : 'no'} arbiter`,
    play: async () => {
      const w = await atWork(60, arbiter, 2);
      for (let i = 0; i < 3; i += 1) {
        const was = now(w);
        const held = w.asyncs.sites.map(({ instance }) => instance?.member?.journal.end.position);
        w.sites[was].instance?.process.kill();
        ensure(await w.until(() => primary(w) === other(was), 2 * Q), 'the other one takes over');
        ensure(await w.until(() => areConnected(w), 8 * Q), 'the asyncs follow it');
        for (const [n, { instance }] of w.asyncs.sites.entries()) {
          const [before, after] = [held[n], instance?.member?.journal.end.position];
          ensure(before !== undefined && after !== undefined && comparePositions(after, before) >= 0, 'nothing is dropped');
        }
        ensure(await w.until(() => w.isWell, 30 * Q), 'the mirror works again');
      }
      await ends(w);
    },
  })),
  {
    name: 'R15: an async never has what the mirror does not: a primary in trouble gives it nothing',
    play: async () => {
      const w = await atWork(61, true);
      const was = now(w);
      // A block is always on its way to the backup when the one before becomes durable.
      await happen(w, [{ kind: 'slow', at: 0, ways: between('A', 'B'), ms: 4 * Q, upToMs: Q / 10, loss: 0 }], 4 * Q);
      ensure(now(w) === was, 'it is primary still');
      // The backup acknowledges nothing more, the arbiter cannot be asked; clients and the async reach the primary.
      const cut = [...between('A', 'B'), ...between(was, 'R')];
      w.plan([{ kind: 'cut', at: 0, ways: cut, ms: 5 * Q }]);
      const { writer } = w.sites[was].instance?.mirror?.journal ?? {};
      ensure(
        await w.until(
          () => w.sites[was].instance?.mirror?.state.role.is !== 'backup' && w.sites[other(was)].instance?.isOpen === true,
          4 * Q,
        ),
        'the backup has taken over',
      );
      ensure(
        writer !== null && writer !== undefined && comparePositions(writer.end, writer.durable) > 0,
        'the former primary has more than is durable',
      );
      ensure(
        await w.until(() => member(w).primary?.guid === w.sites[other(was)].instance?.mirror?.options.record.self, 6 * Q),
        'the async follows the new primary',
      );
      await ends(w);
    },
  },
  {
    name: 'an async away for long catches up while clients write',
    play: async () => {
      const w = await atWork(62, true);
      await happen(w, [{ kind: 'power-cut', at: 0, host: 'D', ms: LONG }], 10);
      const writer = (): number => w.sites[now(w)].instance?.mirror?.journal.writer?.end.file ?? 0;
      const file = writer();
      ensure(await w.until(() => writer() >= file + 3, 400 * Q), 'journal files are switched while it is away');
      const before = w.history.acknowledged;
      w.asyncs.sites[0]?.allUp();
      ensure(await w.until(() => areConnected(w), 4 * Q), 'it catches up');
      await w.run(Q);
      ensure(w.history.acknowledged > before && areConnected(w), 'it keeps up with the clients');
      await ends(w);
    },
  },
  {
    name: 'an async that is killed again and again while it catches up gets there',
    play: async () => {
      const w = await atWork(63, false);
      await happen(w, [{ kind: 'kill', at: 0, host: 'D', ms: 20 * Q }], 15 * Q);
      for (const operations of [2, 5, 9, 17, 33]) {
        w.asyncs.sites[0]?.start();
        w.asyncs.sites[0]?.instance?.process.killAtOperation(operations);
        await w.run(Q);
      }
      w.asyncs.sites[0]?.start();
      ensure(await w.until(() => areConnected(w), 8 * Q), 'it follows');
      await ends(w);
    },
  },
  {
    name: 'an async that follows a primary in trouble finds the new one',
    play: async () => {
      const w = await atWork(64, true);
      const was = now(w);
      w.plan([{ kind: 'cut', at: 0, ways: [...between('A', 'B'), ...between(was, 'R')], ms: 20 * Q }]);
      ensure(await w.until(() => w.sites[other(was)].instance?.isOpen === true, 4 * Q), 'the backup has taken over');
      const isFollowed = (): boolean => member(w).primary?.guid === w.sites[other(was)].instance?.mirror?.options.record.self;
      ensure(w.sites[was].instance?.mirror?.state.role.is === 'primary', 'the former primary is in trouble and knows nothing');
      ensure(await w.until(isFollowed, 6 * Q), 'the async follows the new primary');
      await ends(w);
    },
  },
  {
    name: 'an async that only the backup can be reached from waits, and follows once the primary can be reached',
    play: async () => {
      const w = await atWork(65, true);
      const was = now(w);
      await happen(w, [{ kind: 'cut', at: 0, ways: all(`${was}`), ms: 6 * Q }], 3 * Q);
      ensure(member(w).primary === null, 'it follows nobody');
      ensure(await w.until(() => areConnected(w), 8 * Q), 'it follows again');
      await ends(w);
    },
  },
  {
    name: 'the databases of an async never contain more than its journal, whatever the power cut leaves of that',
    play: async () => {
      for (let seed = 70; seed < 78; seed += 1) {
        const w = await atWork(seed, false);
        const [site] = w.asyncs.sites;
        if (site === undefined) return;
        const { receiver } = member(w).journal;
        site.host.drive.slowMs = 2 * Q;
        const isUnsynced = (): boolean => receiver !== null && comparePositions(receiver.synced, receiver.end.position) < 0;
        ensure(await w.until(isUnsynced, 20 * Q), 'not all of its journal is synced');
        // Whoever is started next finds what its predecessor wrote and never synced, and can ask nobody for it.
        w.plan([{ kind: 'cut', at: 0, ways: [...asyncWays], ms: 8 * Q }]);
        await w.run(1);
        for (let starts = 0; starts < 2; starts += 1) {
          site.instance?.process.kill();
          site.host.drive.slowMs = 0;
          site.start();
          await w.run(Q);
        }
        site.powerCut();
        site.allUp();
        await w.run(Q);
        w.asyncs.checkShown();
        await ends(w);
      }
    },
  },
  {
    name: 'mirroring that could not be recorded as started is started by the next request',
    play: async () => {
      const w = await atWork(66, false);
      const [site] = w.asyncs.sites;
      site?.setMirroring(false);
      await w.run(Q / 4);
      ensure(member(w).stopped && member(w).primary === null, 'mirroring is stopped');
      const unwritable = { on: 'write', matches: (path: string) => path.includes(`mirror-${mirrorName}.json`), effect: 'EIO' } as const;
      site?.host.drive.faults.add(unwritable);
      site?.setMirroring(true);
      await w.run(Q / 4);
      ensure(member(w).stopped, 'mirroring is still stopped');
      site?.host.drive.faults.delete(unwritable);
      site?.setMirroring(true);
      ensure(await w.until(() => areConnected(w), 4 * Q), 'it follows again');
      await ends(w);
    },
  },
];
