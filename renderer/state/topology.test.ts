import { describe, expect, it } from 'vitest';
import type { TopologyLink, TopologyNode } from '../../main/contract/index.ts';
import { NODE_HEIGHT, NODE_WIDTH, placeNodes } from './topology.ts';

const node = (id: string, kind: TopologyNode['kind']): TopologyNode => ({
  id,
  kind,
  label: id,
  detail: '',
  severity: 'good',
  instance: null,
});
const link = (from: string, to: string, kind: TopologyLink['kind']): TopologyLink => ({
  id: `${from}-${to}`,
  from,
  to,
  kind,
  state: 'up',
  severity: 'good',
  behindMs: null,
  behindBytes: null,
  text: '',
});

const nodes = [node('agentB', 'agent'), node('B', 'member'), node('arb', 'arbiter'), node('A', 'member'), node('agentA', 'agent')];
const links = [link('A', 'B', 'data'), link('A', 'arb', 'arbiter'), link('agentA', 'A', 'agent'), link('B', 'agentB', 'agent')];

describe('topology picture', () => {
  it('puts each agent below its member and the arbiter above the middle', () => {
    const at = Object.fromEntries(placeNodes({ nodes, links }).map((p) => [p.node.id, p]));
    expect(at['agentA']?.x).toBe(at['A']?.x);
    expect(at['agentB']?.x).toBe(at['B']?.x);
    expect(at['A']?.y).toBe(at['B']?.y);
    expect((at['arb']?.y ?? 0) < (at['A']?.y ?? 0)).toBe(true);
    expect(at['arb']?.x).toBe(((at['A']?.x ?? 0) + (at['B']?.x ?? 0)) / 2);
  });

  it('does not move anything when the direction of data changes', () => {
    const turned = links.map((l) => ({ ...l, from: l.to, to: l.from }));
    expect(
      placeNodes({ nodes: [...nodes].reverse(), links: turned })
        .map((p) => [p.node.id, p.x, p.y])
        .sort(),
    ).toEqual(
      placeNodes({ nodes, links })
        .map((p) => [p.node.id, p.x, p.y])
        .sort(),
    );
  });

  it('never lets two nodes overlap', () => {
    const crowd = [...nodes, node('C', 'member'), node('agentC', 'agent'), node('agentD', 'agent'), node('arb2', 'arbiter')];
    const placed = placeNodes({ nodes: crowd, links: [...links, link('agentD', 'A', 'agent')] });
    for (const a of placed) {
      for (const b of placed) {
        if (a !== b) expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
      }
    }
  });

  it('starts at the top when there is no arbiter', () => {
    expect(Math.min(...placeNodes({ nodes: [node('A', 'member')], links: [] }).map((p) => p.y))).toBe(0);
  });
});
