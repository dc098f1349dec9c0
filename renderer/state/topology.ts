import type { MirrorView, TopologyLink, TopologyNode } from '../../main/contract/index.ts';

/** Where a node of the topology picture stands, px from the top left. */
export interface Placed {
  readonly node: TopologyNode;
  readonly x: number;
  readonly y: number;
}

export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 60;
/** Between failover members: the arbiter has its place in the gap, one row up. */
const PAIR_COLUMN = NODE_WIDTH + 260;
const ASYNC_COLUMN = NODE_WIDTH + 60;
const ASYNCS_IN_ROW = 4;
const ROW = NODE_HEIGHT + 60;

/**
 * Places nodes so that the picture stays the same when roles change: failover members in one row by name, above it the agent of each with
 * the arbiter in the middle; asyncs in rows below, each with its agent under it; agents of no member at the right end of the first row.
 */
export function placeNodes(topology: MirrorView['topology']): Placed[] {
  const members = byLabel(topology.nodes, 'member');
  const failover = members.filter((m) => (m.memberType ?? 'Failover') === 'Failover');
  const asyncs = members.filter((m) => !failover.includes(m));
  const agents = byLabel(topology.nodes, 'agent');
  const arbiters = byLabel(topology.nodes, 'arbiter');
  const own = new Map<TopologyNode, TopologyNode>();
  for (const agent of agents) {
    const member = members.find((m) => ![...own.values()].includes(m) && topology.links.some((l) => joins(l, agent.id, m.id)));
    if (member !== undefined) own.set(agent, member);
  }
  const agentOf = (member: TopologyNode): TopologyNode | undefined => agents.find((agent) => own.get(agent) === member);

  const first = firstRow(failover, { agentOf, arbiters, others: agents.filter((agent) => !own.has(agent)) });
  const top = first.length > 0 ? ROW : 0;
  const pair = failover.map((node, i): Placed => ({ node, x: i * PAIR_COLUMN, y: top }));
  const below = asyncRows(asyncs, agentOf, failover.length > 0 ? top + ROW : top);
  const middles = {
    pair: (Math.max(failover.length, 1) - 1) * PAIR_COLUMN,
    below: (Math.min(asyncs.length, ASYNCS_IN_ROW) - 1) * ASYNC_COLUMN,
  };
  const shift = Math.max(0, (middles.below - middles.pair) / 2);
  const centred = Math.max(0, (middles.pair - middles.below) / 2);
  return [...[...first, ...pair].map((p) => ({ ...p, x: p.x + shift })), ...below.map((p) => ({ ...p, x: p.x + centred }))];
}

/** The agents of the failover members, the arbiter between them where there is room, and whatever else. */
function firstRow(
  failover: readonly TopologyNode[],
  {
    agentOf,
    arbiters,
    others,
  }: { agentOf: (member: TopologyNode) => TopologyNode | undefined; arbiters: readonly TopologyNode[]; others: readonly TopologyNode[] },
): Placed[] {
  const placed = failover.flatMap((member, i): Placed[] => {
    const node = agentOf(member);
    return node === undefined ? [] : [{ node, x: i * PAIR_COLUMN, y: 0 }];
  });
  let free = Math.max(failover.length, 1);
  for (const [i, node] of arbiters.entries())
    placed.push({ node, x: i === 0 && failover.length <= 2 ? PAIR_COLUMN / 2 : free++ * PAIR_COLUMN, y: 0 });
  for (const node of others) placed.push({ node, x: free++ * PAIR_COLUMN, y: 0 });
  return placed;
}

function asyncRows(asyncs: readonly TopologyNode[], agentOf: (member: TopologyNode) => TopologyNode | undefined, top: number): Placed[] {
  return asyncs.flatMap((node, i): Placed[] => {
    const x = (i % ASYNCS_IN_ROW) * ASYNC_COLUMN;
    const y = top + Math.floor(i / ASYNCS_IN_ROW) * 2 * ROW;
    const agent = agentOf(node);
    return [{ node, x, y }, ...(agent === undefined ? [] : [{ node: agent, x, y: y + ROW }])];
  });
}

function byLabel(nodes: readonly TopologyNode[], kind: TopologyNode['kind']): TopologyNode[] {
  return nodes.filter((n) => n.kind === kind).sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
}

function joins(link: TopologyLink, a: string, b: string): boolean {
  return (link.from === a && link.to === b) || (link.from === b && link.to === a);
}
