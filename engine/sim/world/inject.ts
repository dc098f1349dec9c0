import { assertNever } from '../../io/assert.ts';
import { asyncHosts, asyncWays, roleWays, ways, type AsyncHostName, type Fault, type Target, type Way } from '../faults/kinds.ts';
import type { DriveFault, SimProcess } from '../io/index.ts';
import { damageDatabase, damageJournal, revert, wipe } from './damage.ts';
import { ports } from './layout.ts';
import { ask, changeBack, changeMirror, force, primarySite, resume } from './operator.ts';
import { changeRoles } from './role-operator.ts';
import type { Site } from './site.ts';
import type { World } from './world.ts';

/** Lets a fault happen now, and sees to its end. */
export function inject(world: World, fault: Fault): void {
  const later = (ms: number, fn: () => void): void => void world.timeline.in(ms, fn);
  world.disturbed('ms' in fault ? fault.ms : 0);
  const site = 'host' in fault ? anySite(world, fault.host) : world.sites.A;
  if (site === undefined) return;
  switch (fault.kind) {
    case 'kill':
      site.instance?.process.kill();
      return later(fault.ms, () => site.start());
    case 'kill-inside':
      return site.instance?.process.killAtOperation(fault.operations);
    case 'kill-agent':
      site.agent?.kill();
      return later(fault.ms, () => site.startAgent());
    case 'kill-arbiter':
      world.arbiter?.kill();
      return later(fault.ms, () => world.startArbiter());
    case 'power-cut':
      site.powerCut();
      return later(fault.ms, () => site.allUp());
    case 'power-cut-both':
      return powerCutBoth(world, fault.ms);
    case 'pause':
      return pause(world, [site.instance?.process], fault.ms);
    case 'pause-agent':
      return pause(world, [siteOf(world, fault.host).agent], fault.ms);
    case 'pause-host':
      return pause(world, site.host.processes, fault.ms);
    case 'pause-arbiter':
      return pause(world, [world.arbiter], fault.ms);
    case 'cut':
      return cut(world, fault.ways, fault.ms);
    case 'flap':
      return flap(world, fault.ways, fault.ms, fault.everyMs);
    case 'slow':
      return slow(world, fault.ways, fault.upToMs, fault.loss, fault.ms);
    case 'reset':
      for (const { from, to, port } of fault.ways.map(routeOf)) if (port !== null) world.net.reset(from, to, port);
      return;
    case 'clock-step':
      return site.host.time.step(fault.byMs);
    case 'clock-drift': {
      const { time } = site.host;
      time.drift(world.now, 1 + fault.ppm / 1_000_000);
      return later(fault.ms, () => time.drift(world.now, 1));
    }
    case 'replay':
      return replay(world, fault.way, fault.ms);
    case 'disk-full':
      return disk(world, site, [{ on: 'write', effect: 'ENOSPC' }], fault.ms);
    case 'disk-error':
      return disk(
        world,
        site,
        (['read', 'write', 'sync'] as const).map((on) => ({ on, effect: 'EIO' })),
        fault.ms,
      );
    case 'sync-fails':
      site.host.drive.faults.add({ on: 'sync', effect: 'EIO', times: 1 });
      return;
    case 'disk-slow': {
      const { drive } = site.host;
      drive.slowMs = fault.upToMs;
      drive.slowUntil = world.now + fault.ms;
      return later(fault.ms, () => {
        drive.slowMs = 0;
      });
    }
    case 'operator':
      return ask(siteOf(world, fault.host), fault.act);
    case 'journal-damaged':
      return damageJournal(world, siteOf(world, fault.host), fault.how, fault.place);
    case 'database-damaged':
      return damageDatabase(world, siteOf(world, fault.host));
    case 'reverted':
      return revert(world, siteOf(world, fault.host), fault.what, fault.ms);
    case 'wiped':
      return wipe(world, siteOf(world, fault.host));
    case 'mirroring-stopped':
      site.setMirroring(false);
      return later(fault.ms, () => site.setMirroring(true));
    case 'arbiter-changed':
      changeMirror(world, (membership) => ({ ...membership, arbiter: null }));
      return later(fault.ms, () => changeBack(world));
    case 'qos-changed':
      changeMirror(world, (membership) => ({ ...membership, qosMs: Math.round(world.profile.qosMs * fault.times) }));
      return later(fault.ms, () => changeBack(world));
    case 'resumed':
      return leftAlone(world, fault.ms);
    case 'forced':
      return forced(world, fault.how, fault.ms);
    case 'promoted':
    case 'demoted':
    case 'promoted-alone':
      return changeRoles(world, fault);
    default:
      return assertNever(fault);
  }
}

/** undefined: this world has no such async. */
function anySite(world: World, target: Target | AsyncHostName): Site | undefined {
  return isAsyncHost(target) ? world.everyone.find(({ name }) => name === target) : siteOf(world, target);
}

function isAsyncHost(target: Target | AsyncHostName): target is AsyncHostName {
  return (asyncHosts as readonly string[]).includes(target);
}

function siteOf(world: World, target: Target): Site {
  return target === 'primary' ? primarySite(world) : world.sites[target];
}

function powerCutBoth(world: World, ms: number): void {
  const both = world.all;
  for (const each of both) each.powerCut();
  world.timeline.in(ms, () => both.forEach((each) => each.allUp()));
}

function pause(world: World, processes: readonly (SimProcess | null | undefined)[], ms: number): void {
  const paused = processes.filter((process) => process !== null && process !== undefined);
  const instances = world.everyone.flatMap(({ instance }) => (instance !== null && paused.includes(instance.process) ? [instance] : []));
  for (const process of paused) process.pause();
  for (const instance of instances) instance.stoppedAt = world.now;
  world.timeline.in(ms, () => {
    for (const instance of instances) {
      instance.stoodStillMs = ms;
      instance.stoppedAt = null;
    }
    for (const process of paused) process.resume();
  });
}

/** From where to where on connections to which port; null: the clients' own way. */
function routeOf(way: Way): { readonly from: string; readonly to: string; readonly port: number | null } {
  const [from, to] = [way.slice(0, 1), way.slice(2, 3)];
  const service = way.slice(4);
  switch (service) {
    case 'data':
      return { from, to, port: ports.data };
    case 'agent-of-A':
      return { from, to, port: ports.agent.A };
    case 'agent-of-B':
      return { from, to, port: ports.agent.B };
    case 'agent-of-D':
      return { from, to, port: ports.agent.D };
    case 'arbiter':
      return { from, to, port: ports.agent.R };
    default:
      return { from, to, port: null };
  }
}

function cut(world: World, ways: readonly Way[], ms: number): void {
  const heals = ways.map((way) => {
    const route = routeOf(way);
    if (route.port === null) {
      world.clients.cut.add(way);
      return () => world.clients.cut.delete(way);
    }
    world.net.cut(route);
    return () => world.net.heal(route);
  });
  world.timeline.in(ms, () => heals.forEach((heal) => heal()));
}

/** The primary's partner and the arbiter are gone; an operator makes sure of it, and resumes the primary. */
function leftAlone(world: World, ms: number): void {
  const primary = primarySite(world);
  const partner = world.partnerOf(primary);
  if (partner === null) return;
  partner.powerCut();
  world.arbiter?.kill();
  // Nobody starts it for a while.
  world.arbiterIsAway = true;
  const { qosMs } = world.profile;
  for (const times of [1.2, 1.8]) world.timeline.in(times * qosMs, () => resume(world, primary, partner));
  world.timeline.in(ms, () => {
    partner.allUp();
    world.arbiterIsAway = false;
    world.startArbiter();
  });
}

/** All there are in this world. */
function waysOf({ profile }: World): readonly Way[] {
  return [...ways, ...asyncWays, ...(profile.roles === true ? roleWays : [])];
}

function forced(world: World, how: 'power' | 'isolated', ms: number): void {
  const lost = primarySite(world);
  const partner = world.partnerOf(lost);
  if (partner === null) return;
  if (how === 'power') {
    lost.powerCut();
    world.timeline.in(ms, () => lost.allUp());
  } else {
    const isOfPartners = (way: Way): boolean => !way.endsWith('client') && (way[0] === lost.name || way[2] === lost.name);
    cut(world, waysOf(world).filter(isOfPartners), ms);
  }
  world.timeline.in(2 * world.profile.qosMs, () => force(world, partner));
}

function flap(world: World, ways: readonly Way[], ms: number, everyMs: number): void {
  const again = (): void => {
    if (world.isFaulty) cut(world, ways, everyMs);
  };
  for (let at = 0; at < ms; at += 2 * everyMs) world.timeline.in(at, again);
}

function slow(world: World, ways: readonly Way[], upToMs: number, loss: number, ms: number): void {
  for (const each of ways) {
    const { from, to, port } = routeOf(each);
    if (port === null) {
      world.clients.slowMs.set(each, upToMs);
      world.timeline.in(ms, () => world.clients.slowMs.delete(each));
      continue;
    }
    // What is slow now does not count as what it was before: several ways of a list are one between hosts.
    world.net.slow(from, to, { jitterMs: upToMs, loss });
    world.timeline.in(ms, () => world.net.usual(from, to));
  }
}

function replay(world: World, way: Way, ms: number): void {
  const { from, to, port } = routeOf(way);
  const host = world.net.host(from);
  if (port === null || host?.isOn !== true) return;
  const process = host.spawn('replay');
  process.run(() => world.net.replay(process, to, port));
  world.timeline.in(ms, () => process.kill());
}

function disk(world: World, site: Site, faults: readonly DriveFault[], ms: number): void {
  for (const fault of faults) site.host.drive.faults.add(fault);
  world.timeline.in(ms, () => faults.forEach((fault) => site.host.drive.faults.delete(fault)));
}

/** Everything is well: the network, the disks, the hosts and all processes; what is broken for good is started anew. */
export function healAll(world: World): void {
  world.disturbed(0);
  world.net.healAll();
  world.clients.cut.clear();
  world.clients.slowMs.clear();
  for (const site of world.everyone) {
    site.host.drive.faults.clear();
    site.host.drive.slowMs = 0;
    site.isHeldDown = false;
    site.instance?.process.killAtOperation(Number.POSITIVE_INFINITY);
    site.allUp();
  }
  world.arbiterIsAway = false;
  world.arbiter?.resume();
  world.startArbiter();
}
