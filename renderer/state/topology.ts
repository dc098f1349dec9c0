import type { MirrorView, TopologyLink, TopologyNode } from '../../main/contract/index.ts';

/** Where a node of the topology picture stands, px from the top left. */
export interface Placed {
  readonly node: TopologyNode;
  readonly x: number;
  readonly y: number;
}

export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 60;
const COLUMN_GAP = 200;
const ROW_GAP = 60;

/**
 * Places nodes so that the picture stays the same when roles change: arbiter above the middle, members in one row by
 * name, each agent below the member it belongs to (by an agent link), agents of no member to the right.
 */
export function placeNodes(topology: MirrorView['topology']): Placed[] {
  const members = byLabel(topology.nodes, 'member');
  const column = NODE_WIDTH + COLUMN_GAP;
  const row = NODE_HEIGHT + ROW_GAP;
  const arbiters = byLabel(topology.nodes, 'arbiter');
  const top = arbiters.length > 0 ? row : 0;
  const placed: Placed[] = members.map((node, i) => ({ node, x: i * column, y: top }));

  const middle = (Math.max(members.length, 1) - 1) * column * 0.5;
  arbiters.forEach((node, i) => placed.push({ node, x: middle + (i - (arbiters.length - 1) / 2) * column, y: 0 }));

  const taken = new Set<number>();
  let free = members.length;
  for (const node of byLabel(topology.nodes, 'agent')) {
    const member = members.findIndex((m) => topology.links.some((l) => joins(l, node.id, m.id)));
    const at = member >= 0 && !taken.has(member) ? member : free++;
    taken.add(at);
    placed.push({ node, x: at * column, y: top + row });
  }
  return placed;
}

function byLabel(nodes: readonly TopologyNode[], kind: TopologyNode['kind']): TopologyNode[] {
  return nodes.filter((n) => n.kind === kind).sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
}

function joins(link: TopologyLink, a: string, b: string): boolean {
  return (link.from === a && link.to === b) || (link.from === b && link.to === a);
}
