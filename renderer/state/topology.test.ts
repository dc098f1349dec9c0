import fc from 'fast-check';
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
  it('puts each agent above its failover member, the arbiter between them', () => {
    const at = Object.fromEntries(placeNodes({ nodes, links }).map((p) => [p.node.id, p]));
    expect(at['agentA']?.x).toBe(at['A']?.x);
    expect(at['agentB']?.x).toBe(at['B']?.x);
    expect(at['A']?.y).toBe(at['B']?.y);
    expect([at['arb']?.y, at['agentA']?.y, at['agentB']?.y]).toEqual([0, 0, 0]);
    expect((at['A']?.y ?? 0) > NODE_HEIGHT).toBe(true);
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

  it('puts asyncs below the failover members, each above its agent', () => {
    const dr = { ...node('C', 'member'), memberType: 'Disaster Recovery' as const };
    const placed = placeNodes({ nodes: [...nodes, dr, node('agentC', 'agent')], links: [...links, link('agentC', 'C', 'agent')] });
    const at = Object.fromEntries(placed.map((p) => [p.node.id, p]));
    expect([(at['C']?.y ?? 0) > (at['A']?.y ?? 0), (at['agentC']?.y ?? 0) > (at['C']?.y ?? 0)]).toEqual([true, true]);
    expect(at['agentC']?.x).toBe(at['C']?.x);
    expect(at['C']?.x).toBe(((at['A']?.x ?? 0) + (at['B']?.x ?? 0)) / 2);
  });

  it('never lets two nodes overlap, nor leaves one out', () => {
    const crowd = fc.record({ failover: fc.nat(3), asyncs: fc.nat(14), agents: fc.nat(18), arbiters: fc.nat(2) });
    fc.assert(
      fc.property(crowd, ({ failover, asyncs, agents, arbiters }) => {
        const names = (n: number, prefix: string): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
        const members = [
          ...names(failover, 'F').map((id) => node(id, 'member')),
          ...names(asyncs, 'R').map((id) => ({ ...node(id, 'member'), memberType: 'Read-Only Reporting' as const })),
        ];
        const all = [
          ...members,
          ...names(agents, 'G').map((id) => node(id, 'agent')),
          ...names(arbiters, 'X').map((id) => node(id, 'arbiter')),
        ];
        const watches = names(agents, 'G').flatMap((id, i) => {
          const member = members[(i * 5) % Math.max(members.length, 1)];
          return member === undefined ? [] : [link(id, member.id, 'agent')];
        });
        const placed = placeNodes({ nodes: all, links: watches });
        expect(placed.map((p) => p.node.id).sort()).toEqual(all.map((n) => n.id).sort());
        for (const a of placed) {
          for (const b of placed) {
            if (a !== b) expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
          }
        }
      }),
    );
  });

  it('starts at the top when there is no arbiter', () => {
    expect(Math.min(...placeNodes({ nodes: [node('A', 'member')], links: [] }).map((p) => p.y))).toBe(0);
  });
});
