import type { MemberView, MirrorStatus, MonitorSnapshot } from '../../engine/api/status.ts';
import type {
  Freshness,
  HostView,
  InstanceView,
  MemberMonitor,
  MirrorMemberView,
  MirrorMonitor,
  MirrorSettings,
  MirrorView,
  Overview,
} from '../contract/index.ts';
import type { HostFacts, InstanceFacts, World } from '../hosts/index.ts';
import { dataSafe, failoverReady, nextStep } from './answers.ts';
import { instanceOf, mirrorsOf, ownPicture } from './group.ts';
import type { MirrorFacts } from './group.ts';
import { hostSeverity, instanceSeverity, memberSeverity, worst, worstFirst } from './severity.ts';
import { topologyOf } from './topology.ts';

/** What a person has set about a mirror in this console. */
export type MirrorSettingsOf = (mirror: string) => MirrorSettings;

const NEVER: Freshness = { state: 'connecting', since: 0, asOf: null, reason: null };

/** The whole picture, worst first. Pure: the same world gives the same overview. */
export function overviewOf(world: World, settings: MirrorSettingsOf): Overview {
  return {
    at: world.at,
    hosts: worstFirst(world.hosts.map(hostView), (h) => h.label),
    instances: worstFirst(
      world.hosts.flatMap((h) => h.instances.map(instanceView)),
      (i) => i.id,
    ),
    mirrors: worstFirst(
      mirrorsOf(world).map((facts) => mirrorView(facts, world, settings(facts.name))),
      (m) => m.name,
    ),
  };
}

/** One mirror with each reachable member's own view; null when no instance is a member of it. */
export function monitorOf(world: World, name: string, settings: MirrorSettingsOf): MirrorMonitor | null {
  const facts = mirrorsOf(world).find((m) => m.name === name);
  if (!facts) return null;
  const members = facts.instances.map((instance) => memberMonitor(instance, name)).toSorted((a, b) => a.name.localeCompare(b.name));
  return { mirror: mirrorView(facts, world, settings(name)), members };
}

function hostView(host: HostFacts): HostView {
  const { id, label, kind, home } = host.known;
  return { id, label, kind, home, severity: hostSeverity(host), connection: host.connection, agent: host.agent };
}

function instanceView(instance: InstanceFacts): InstanceView {
  const { id, host, name, connection, status } = instance;
  return { id, host, name, connection, status, severity: instanceSeverity(instance) };
}

/** As it sees the mirror at hand; its other mirrors come after that. */
function memberMonitor(instance: InstanceFacts, mirror: string): MemberMonitor {
  const { id, name, status, connection, snapshot } = instance;
  const picture = ownPicture(instance, mirror, false);
  return { instance: id, name: picture?.thisMember ?? name, status, connection, snapshot: snapshot && turnedTo(snapshot, picture) };
}

function turnedTo(snapshot: MonitorSnapshot, picture: MirrorStatus | null): MonitorSnapshot {
  const { otherMirrors = [], mirror } = snapshot;
  if (picture === mirror) return snapshot;
  const others = [mirror, ...otherMirrors].flatMap((each) => (each === null || each === picture ? [] : [each]));
  return { ...snapshot, mirror: picture, otherMirrors: others };
}

function mirrorView(facts: MirrorFacts, world: World, settings: MirrorSettings): MirrorView {
  const { source } = facts;
  const members = source?.mirror.members.map((member) => memberView(member, facts)) ?? [];
  const [safe, ready] = [dataSafe(facts), failoverReady(facts)];
  return {
    name: facts.name,
    environment: settings.environment,
    locked: settings.locked,
    demo: facts.instances.every((i) => world.hosts.some((h) => h.known.id === i.host && h.known.demo)),
    severity: worst([safe.severity, ready.severity, ...members.map((m) => m.severity)]),
    noFailover: source?.mirror.noFailover ?? null,
    dataSafe: safe,
    failoverReady: ready,
    nextStep: nextStep(facts, world, settings.locked),
    primary: source?.instance.connection.state === 'live' ? (members.find((m) => m.status === 'Primary')?.name ?? null) : null,
    readiness: source?.instance.snapshot?.readiness ?? [],
    members,
    arbiter: source?.mirror.arbiter ?? null,
    topology: topologyOf(facts, members, world),
    source: source?.instance.id ?? null,
    connection: source?.instance.connection ?? facts.instances[0]?.connection ?? NEVER,
  };
}

function memberView(member: MemberView, facts: MirrorFacts): MirrorMemberView {
  const lag = facts.source?.instance.snapshot?.lag.find((l) => l.member === member.name)?.received;
  const { name, type, status, journalTransfer, dejournaling } = member;
  return {
    name,
    type,
    status,
    severity: memberSeverity(member),
    instance: instanceOf(member, facts)?.id ?? null,
    journalTransfer,
    dejournaling,
    behindBytes: lag?.behindBytes ?? null,
    behindMs: lag?.behindMs ?? null,
  };
}
