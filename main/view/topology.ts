import type { AsyncType, MemberView } from '../../engine/api/status.ts';
import type { MirrorMemberView, Severity, TopologyLink, TopologyNode } from '../contract/index.ts';
import type { World } from '../hosts/index.ts';
import { ownPicture } from './group.ts';
import type { MirrorFacts } from './group.ts';
import { hostSeverity } from './severity.ts';

type LinkState = TopologyLink['state'];
const SEVERITY: Record<LinkState, Severity> = { up: 'good', down: 'bad', unknown: 'unknown' };
const ARBITER = 'arbiter';
/** Short enough for the picture. */
const ASYNC: Record<AsyncType, string> = {
  'Disaster Recovery': 'DR async',
  'Read-Only Reporting': 'reporting',
  'Read-Write Reporting': 'reporting, r/w',
};

/** The picture: members, arbiter and agents, and the links between them. */
export function topologyOf(
  facts: MirrorFacts,
  members: readonly MirrorMemberView[],
  world: World,
): { nodes: TopologyNode[]; links: TopologyLink[] } {
  const nodes = [...members.map(memberNode), ...arbiterNode(facts), ...agentNodes(facts, world)];
  const links = [...dataLinks(facts, members), ...arbiterLinks(facts, members), ...agentLinks(facts, members, world)];
  return { nodes, links };
}

function memberNode(member: MirrorMemberView): TopologyNode {
  return {
    id: memberId(member.name),
    kind: 'member',
    label: member.name,
    detail: member.type === 'Failover' ? member.status : `${member.status}, ${ASYNC[member.type]}`,
    severity: member.severity,
    instance: member.instance,
    memberType: member.type,
  };
}

function arbiterNode(facts: MirrorFacts): TopologyNode[] {
  const address = facts.source?.mirror.arbiter.address ?? null;
  if (address === null) return [];
  const states = facts.source?.mirror.members.filter((m) => m.type === 'Failover').map((m) => arbiterState(facts, m.name)) ?? [];
  const severity: Severity = states.some((s) => s === 'up') ? 'good' : states.every((s) => s === 'down') ? 'bad' : 'unknown';
  return [{ id: ARBITER, kind: 'arbiter', label: 'Arbiter', detail: address.replace('|', ':'), severity, instance: null }];
}

function agentNodes(facts: MirrorFacts, world: World): TopologyNode[] {
  return world.hosts
    .filter((host) => facts.instances.some((i) => i.host === host.known.id))
    .map((host) => ({
      id: `agent:${host.known.id}`,
      kind: 'agent',
      label: `Agent of ${host.known.label}`,
      detail: host.agent?.address ?? '',
      severity: hostSeverity(host),
      instance: null,
    }));
}

function dataLinks(facts: MirrorFacts, members: readonly MirrorMemberView[]): TopologyLink[] {
  const live = facts.source?.instance.connection.state === 'live';
  const primary = members.find((m) => m.status === 'Primary');
  if (!primary) return [];
  return members
    .filter((m) => m !== primary)
    .map((member) => {
      const state: LinkState = !live ? 'unknown' : carries(member) ? 'up' : 'down';
      return {
        id: `data:${member.name}`,
        from: memberId(primary.name),
        to: memberId(member.name),
        kind: 'data',
        state,
        severity: state === 'up' ? member.severity : SEVERITY[state],
        behindMs: state === 'up' ? member.behindMs : null,
        behindBytes: state === 'up' ? member.behindBytes : null,
        text: `Journal from ${primary.name} to ${member.name}: ${state === 'unknown' ? 'not known' : state === 'up' ? member.journalTransfer : 'not connected'}.`,
      };
    });
}

function carries(member: Pick<MemberView, 'status' | 'journalTransfer'>): boolean {
  return (
    !['Down', 'Crashed', 'Stopped', 'Not Initialized', 'Waiting'].includes(member.status) &&
    !member.journalTransfer.startsWith('Disconnected')
  );
}

function arbiterLinks(facts: MirrorFacts, members: readonly MirrorMemberView[]): TopologyLink[] {
  if ((facts.source?.mirror.arbiter.address ?? null) === null) return [];
  return members
    .filter((m) => m.type === 'Failover')
    .map((member) => {
      const state = arbiterState(facts, member.name);
      const words = { up: 'connected', down: 'not connected', unknown: 'not known' }[state];
      return {
        id: `arbiter:${member.name}`,
        from: memberId(member.name),
        to: ARBITER,
        kind: 'arbiter',
        state,
        severity: SEVERITY[state],
        behindMs: null,
        behindBytes: null,
        text: `${member.name} to the arbiter: ${words}.`,
      };
    });
}

/** Whether a member is connected to the arbiter: as it says itself, else as the source says. */
function arbiterState(facts: MirrorFacts, member: string): LinkState {
  const own = facts.instances.map((i) => ownPicture(i, facts.name, true)).find((p) => p?.thisMember === member);
  if (own) return own.arbiter.connectionStatus === 'This member is not connected to the arbiter' ? 'down' : 'up';
  if (facts.source?.instance.connection.state !== 'live') return 'unknown';
  const said = facts.source.mirror.arbiter.connectionStatus;
  if (said === 'Both failover members are connected to the arbiter') return 'up';
  return said === 'Only this member is connected to the arbiter' ? 'down' : 'unknown';
}

function agentLinks(facts: MirrorFacts, members: readonly MirrorMemberView[], world: World): TopologyLink[] {
  return members.flatMap((member) => {
    const instance = facts.instances.find((i) => i.id === member.instance);
    const host = world.hosts.find((h) => h.known.id === instance?.host);
    if (!host) return [];
    const state: LinkState = host.connection.state === 'live' ? 'up' : host.connection.state === 'lost' ? 'down' : 'unknown';
    const words = { up: 'watches', down: 'does not watch', unknown: 'may watch' }[state];
    return [
      {
        id: `agent:${member.name}`,
        from: `agent:${host.known.id}`,
        to: memberId(member.name),
        kind: 'agent',
        state,
        severity: SEVERITY[state],
        behindMs: null,
        behindBytes: null,
        text: `The agent of ${host.known.label} ${words} ${member.name}.`,
      } satisfies TopologyLink,
    ];
  });
}

function memberId(name: string): string {
  return `member:${name}`;
}
