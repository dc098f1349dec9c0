import { comparePositions } from '../../journal/index.ts';
import { readRecord } from '../../mirror/index.ts';
import { asyncWays, roleWays, ways, type FailoverHostName, type Way } from '../faults/kinds.ts';
import { simIo } from '../io/index.ts';
import { isConnected } from '../world/asyncs.ts';
import { memberGuids, mirrorName, pathsOf } from '../world/layout.ts';
import { askDemotion, askPromotion, clearHold } from '../world/role-operator.ts';
import type { Site } from '../world/site.ts';
import type { World } from '../world/world.ts';
import { between, ends, ensure, LONG, now, other, Q, world, type Scenario } from './staging.ts';

/** Everything but the clients' ways. */
const allWays: readonly Way[] = [...ways, ...asyncWays, ...roleWays].filter((way) => !way.endsWith('client'));
const waysAt = (name: string, others: readonly string[]): Way[] =>
  allWays.filter((way) => {
    const ends = [way.slice(0, 1), way.slice(2, 3)];
    return ends.includes(name) && others.some((each) => each !== name && ends.includes(each));
  });

const isOpen = (w: World, name: FailoverHostName): boolean => w.site(name).instance?.isOpen === true;

/** All that are asyncs now follow that primary and have everything it has told them of. */
function areConnected(w: World, name: FailoverHostName): boolean {
  const { instance } = w.site(name);
  return instance !== null && instance.isOpen && w.asyncs.sites.every((site) => isConnected(site, instance));
}

async function atWork(seed: number, arbiter: boolean, asyncs = 1): Promise<World> {
  const w = await world(seed, arbiter, asyncs, true);
  ensure(await w.until(() => areConnected(w, now(w)), 4 * Q), 'the asyncs follow');
  return w;
}

/** A promotion that is asked for now. */
function promoted(site: Site, wish: Parameters<typeof askPromotion>[1] = {}): { isDone: boolean } {
  const asked = { isDone: false };
  askPromotion(site, wish, () => (asked.isDone = true));
  return asked;
}

/** Both hosts of the failover members are gone, and D's member is promoted without a partner. */
async function promotedAlone(w: World, nofailover = false): Promise<void> {
  for (const site of w.all) site.powerCut();
  await w.run(1.5 * Q);
  const asked = promoted(w.site('D'), { partner: null, confirmed: true, nofailover });
  ensure(await w.until(() => asked.isDone, 8 * Q), 'it is promoted');
  w.forces = w.site('D');
}

/** Somebody keeps that instance from being started. */
function heldDown(site: Site): void {
  site.isHeldDown = true;
  site.instance?.process.kill();
}

function started(site: Site): void {
  site.isHeldDown = false;
  site.allUp();
}

/** Whom a member that is down has promised itself to, as its record says. */
function promisedTo(site: Site): string | null {
  const process = site.host.spawn('looks');
  const record = readRecord(simIo(process).files, pathsOf(site.name).mgr, mirrorName);
  process.kill();
  return record?.durable.grant?.to ?? null;
}

/** Members that become failover members and asyncs. */
export const roles: readonly Scenario[] = [
  ...[true, false].map((arbiter) => ({
    name: `an async promoted while the primary operates takes over when that is killed, ${arbiter ? 'with' : 'no'} arbiter`,
    play: async () => {
      const w = await atWork(100, arbiter, 2);
      const was = now(w);
      const asked = promoted(w.site('D'));
      ensure(await w.until(() => asked.isDone && w.isWell, 8 * Q), 'it is the active backup');
      ensure(w.partnerOf(w.site(was))?.name === 'D', 'it has taken the place of the former backup');
      ensure(await w.until(() => isConnected(w.site(other(was)), primaryOf(w)), 4 * Q), 'the former backup follows as an async');
      const before = w.history.acknowledged;
      await w.run(2 * Q);
      ensure(w.history.acknowledged > before, 'clients go on');
      w.site(was).instance?.process.kill();
      ensure(await w.until(() => isOpen(w, 'D'), 4 * Q), 'it takes over');
      await ends(w);
    },
  })),
  ...(['backup', 'primary'] as const).map((by) => ({
    name: `a demoted backup follows as an async and is promoted again, asked by the ${by}`,
    play: async () => {
      const w = await atWork(101, true);
      const was = now(w);
      askDemotion(w.site(by === 'primary' ? was : other(was)));
      ensure(await w.until(() => w.all.length === 1 && areConnected(w, was), 6 * Q), 'all others follow the only failover member');
      const asked = promoted(w.site(other(was)));
      ensure(await w.until(() => asked.isDone && w.isWell, 8 * Q), 'it is the active backup again');
      await ends(w);
    },
  })),
  {
    name: 'promoted without a partner: it becomes primary, and both former members return as asyncs',
    play: async () => {
      for (const seed of [102, 103, 104]) {
        const w = await atWork(seed, seed !== 104);
        await promotedAlone(w);
        ensure(await w.until(() => isOpen(w, 'D'), 6 * Q), 'it is primary');
        for (const name of ['A', 'B'] as const) w.site(name).allUp();
        ensure(await w.until(() => areConnected(w, 'D') && w.asyncs.sites.length === 2, 10 * Q), 'both follow it as asyncs');
        await ends(w);
      }
    },
  },
  {
    name: 'promoted without a partner: it has what a former member that is down left',
    play: async () => {
      const w = await atWork(105, true);
      const [lost, down] = [now(w), other(now(w))];
      w.plan([{ kind: 'cut', at: 0, ways: waysAt('D', ['A', 'B']), ms: 2 * Q }]);
      await w.run(2 * Q);
      heldDown(w.site(down));
      w.site(lost).powerCut();
      const { left } = w.site(down);
      const asked = promoted(w.site('D'), { partner: null, confirmed: true });
      ensure(await w.until(() => asked.isDone && isOpen(w, 'D'), 12 * Q), 'it is primary');
      const [, begun] = w.site('D').instance?.journal?.reach.lineage ?? [];
      ensure(begun !== undefined && left !== null && comparePositions(begun.previousEnd, left.end) >= 0, 'it went on from that journal');
      started(w.site(down));
      w.site(lost).allUp();
      await ends(w);
    },
  },
  {
    name: 'promoted while the partner had promised itself to the other one, which ended before it used that: it becomes primary',
    play: async () => {
      const w = await atWork(106, false);
      const [was, next] = [now(w), other(now(w))];
      heldDown(w.site(was));
      const isGranted = (): boolean => promisedTo(w.site(was)) === memberGuids[next];
      for (let steps = 0; !isGranted() && steps < 4 * Q; steps += 1) await w.run(0.25);
      ensure(isGranted(), 'the backup has got the promise');
      heldDown(w.site(next));
      ensure(!isOpen(w, next), 'it has not used it');
      await w.run(1.5 * Q);
      const asked = promoted(w.site('D'));
      ensure(await w.until(() => asked.isDone && isOpen(w, 'D'), 12 * Q), 'the promoted member is primary');
      for (const name of [was, next]) started(w.site(name));
      await ends(w);
    },
  },
  ...(['an async', 'the arbiter'] as const).map((who) => ({
    name: `former failover members with old settings that reach nobody but ${who} do not become primary`,
    play: async () => {
      const w = await atWork(107, who === 'the arbiter', who === 'an async' ? 2 : 1);
      await promotedAlone(w);
      ensure(await w.until(() => isOpen(w, 'D'), 6 * Q), 'the promoted member is primary');
      if (who === 'an async') ensure(await w.until(() => areConnectedTo(w, 'E', 'D'), 4 * Q), 'the async follows it');
      await w.run(Q);
      w.site('D').powerCut();
      await w.run(2 * Q);
      // What it says takes longer than they need to agree who goes on.
      for (const name of ['A', 'B'] as const) w.net.slow('E', name, { latencyMs: 40 });
      for (const name of ['A', 'B'] as const) w.site(name).allUp();
      for (let ms = 0; ms < 12 * Q; ms += Q / 8) {
        await w.run(Q / 8);
        ensure(!isOpen(w, 'A') && !isOpen(w, 'B'), 'nobody becomes primary');
      }
      w.site('D').allUp();
      await ends(w);
    },
  })),
  {
    name: 'two primaries in two parts of the network: when these meet the one in the older epoch gives way, with its backup',
    play: async () => {
      for (const arbiter of [true, false]) {
        const w = await atWork(108, arbiter);
        await promotedAlone(w, true);
        w.plan([{ kind: 'cut', at: 0, ways: waysAt('D', ['A', 'B', 'R']), ms: LONG }]);
        await w.run(1);
        clearHold(w.site('D'));
        for (const name of ['A', 'B'] as const) w.site(name).allUp();
        ensure(await w.until(() => isOpen(w, 'D') && (isOpen(w, 'A') || isOpen(w, 'B')), 10 * Q), 'both parts have a primary');
        await w.run(3 * Q);
        w.net.healAll();
        ensure(await w.until(() => areConnected(w, 'D') && w.asyncs.sites.length === 2, 10 * Q), 'all follow the one');
        await ends(w);
      }
    },
  },
  {
    name: 'promoted where it could not reach the primary: it gives way when it is about to become one and meets it',
    play: async () => {
      const w = await atWork(109, false);
      await promotedAlone(w, true);
      w.plan([{ kind: 'cut', at: 0, ways: waysAt('D', ['A', 'B']), ms: 8 * Q }]);
      await w.run(1);
      for (const name of ['A', 'B'] as const) w.site(name).allUp();
      ensure(await w.until(() => isOpen(w, 'A') || isOpen(w, 'B'), 8 * Q), 'the former members go on');
      await w.run(8 * Q);
      clearHold(w.site('D'));
      for (let ms = 0; ms < 8 * Q; ms += Q / 8) {
        await w.run(Q / 8);
        ensure(!isOpen(w, 'D'), 'it does not become primary');
      }
      ensure(areConnected(w, now(w)), 'it follows the primary as an async again');
      const asked = promoted(w.site('D'));
      ensure(await w.until(() => asked.isDone && w.isWell, 8 * Q), 'it is promoted to be the backup');
      w.site(now(w)).instance?.process.kill();
      ensure(await w.until(() => isOpen(w, 'D'), 6 * Q), 'nothing of its former promotion keeps it from taking over');
      await ends(w);
    },
  },
  {
    name: 'a former backup that was cut off when it was replaced gets no promise from the agent of the primary',
    play: async () => {
      const w = await atWork(112, false);
      const [was, former] = [now(w), other(now(w))];
      w.plan([{ kind: 'cut', at: 0, ways: between(was, former).filter((way) => way.endsWith('data')), ms: LONG }]);
      ensure(await w.until(() => w.site(former).instance?.mirror?.state.role.is === 'lost', 3 * Q), 'the backup has lost the primary');
      // It learns of nothing but from that agent.
      w.plan([{ kind: 'cut', at: 0, ways: waysAt('D', [former]), ms: LONG }]);
      await w.run(3 * Q);
      const asked = promoted(w.site('D'));
      w.plan([{ kind: 'cut', at: 0, ways: between(was, former), ms: 0.3 * Q }]);
      ensure(await w.until(() => asked.isDone && w.isWell, 8 * Q), 'the other one is the active backup');
      w.plan([{ kind: 'cut', at: 0, ways: waysAt('D', [was]).filter((way) => way.includes('agent')), ms: 2 * Q }]);
      await w.run(1);
      heldDown(w.site(was));
      ensure(await w.until(() => isOpen(w, 'D'), 8 * Q), 'the new backup takes over');
      started(w.site(was));
      await ends(w);
    },
  },
  {
    name: 'of two members that are promoted at once one becomes primary',
    play: async () => {
      for (const seed of [113, 114, 115, 116]) {
        const w = await atWork(seed, seed % 2 === 0);
        const [was, former] = [now(w), other(now(w))];
        askDemotion(w.site(was));
        ensure(await w.until(() => w.all.length === 1 && areConnected(w, was), 6 * Q), 'two asyncs follow the primary');
        heldDown(w.site(was));
        await w.run(1.5 * Q);
        promoted(w.site('D'));
        await w.run((seed - 113) * 2);
        promoted(w.site(former));
        const isPrimary = (): boolean => isOpen(w, 'D') || isOpen(w, former);
        ensure(await w.until(isPrimary, 12 * Q), 'one of them is primary');
        await w.run(4 * Q);
        ensure(isOpen(w, 'D') !== isOpen(w, former), 'the other one is none');
        started(w.site(was));
        await ends(w);
      }
    },
  },
  {
    name: 'a former failover member brings nothing into its databases that did not become durable',
    play: async () => {
      const w = await atWork(110, false);
      const [was, next] = [now(w), other(now(w))];
      w.plan([{ kind: 'cut', at: 0, ways: between(was, next), ms: LONG }]);
      const writer = w.site(was).instance?.mirror?.journal.writer ?? null;
      ensure(writer !== null, 'the primary writes');
      const hasMore = (): boolean => writer !== null && comparePositions(writer.end, writer.durable) > 0;
      for (let steps = 0; !hasMore() && steps < Q; steps += 1) await w.run(1);
      // What was written is on its disk.
      await w.run(20);
      ensure(hasMore(), 'the primary has written what the backup does not have');
      heldDown(w.site(was));
      heldDown(w.site(next));
      const agent = w.site(was).agent;
      agent?.kill();
      w.net.healAll();
      await w.run(1.5 * Q);
      const asked = promoted(w.site('D'), { partner: null, confirmed: true });
      ensure(await w.until(() => asked.isDone && isOpen(w, 'D'), 12 * Q), 'the promoted member is primary');
      w.plan([{ kind: 'cut', at: 0, ways: waysAt('D', [was]), ms: 4 * Q }]);
      await w.run(1);
      for (const name of [was, next]) started(w.site(name));
      ensure(await w.until(() => w.site(was).instance?.member !== null, 3 * Q), 'it finds that it is an async');
      await w.run(Q);
      w.asyncs.checkShown();
      await ends(w);
    },
  },
  ...(['D', 'primary', 'backup'] as const).map((killed) => ({
    name: `a promotion interrupted by a kill at any point, of ${killed === 'D' ? 'the promoted member' : `the ${killed}`}`,
    play: async () => {
      for (const operations of [1, 2, 3, 5, 8, 13, 21]) {
        const w = await atWork(111 + operations, operations % 2 === 0);
        const was = now(w);
        const victim = w.site(killed === 'D' ? 'D' : killed === 'primary' ? was : other(was));
        promoted(w.site('D'));
        victim.instance?.process.killAtOperation(operations);
        await w.run(6 * Q);
        await ends(w);
      }
    },
  })),
  {
    name: 'a promotion with the partner that its agent says, interrupted by kills of the promoted member, is asked for again',
    play: async () => {
      for (const operations of [1, 2, 3, 4, 6, 9]) {
        const w = await atWork(140 + operations, operations % 2 === 0);
        for (const site of w.all) heldDown(site);
        await w.run(1.5 * Q);
        promoted(w.site('D'));
        w.site('D').instance?.process.killAtOperation(operations);
        await w.run(4 * Q);
        w.site('D').start();
        w.site('D').instance?.process.killAtOperation(Number.POSITIVE_INFINITY);
        await w.run(3 * Q);
        const asked = promoted(w.site('D'));
        ensure(await w.until(() => isOpen(w, 'D'), 16 * Q), `it is primary in the end (${String(asked.isDone)})`);
        for (const name of ['A', 'B'] as const) started(w.site(name));
        await ends(w);
      }
    },
  },
];

function primaryOf(w: World): NonNullable<Site['instance']> {
  const { instance } = w.site(now(w));
  if (instance === null) throw new Error(`there is no primary: ${w.state}`);
  return instance;
}

function areConnectedTo(w: World, name: 'E', primary: FailoverHostName): boolean {
  const { instance } = w.site(primary);
  return instance !== null && isConnected(w.site(name), instance);
}
