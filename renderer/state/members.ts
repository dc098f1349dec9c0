import type { MemberLag, MemberView } from '../../engine/api/status.ts';
import type { InstanceView, MemberMonitor, MirrorMemberView, MirrorMonitor } from '../../main/contract/index.ts';

/** A row of the members table: what main concluded about a member, and its addresses as the source's own view gives them. */
export interface MemberRow {
  readonly member: MirrorMemberView;
  readonly addresses: Pick<MemberView, 'superserverAddress' | 'privateAddress' | 'agentAddress' | 'dn'> | null;
  /** The member's instance where this console knows it. */
  readonly instance: InstanceView | null;
}

export function memberRows(monitor: MirrorMonitor, instances: readonly InstanceView[]): MemberRow[] {
  const views = sourceMember(monitor)?.snapshot?.mirror?.members ?? [];
  return monitor.mirror.members.map((member) => ({
    member,
    addresses: views.find((v) => v.name === member.name) ?? anyAddresses(monitor, member.name),
    instance: instances.find((i) => i.id === member.instance) ?? null,
  }));
}

/** The member whose picture of the mirror is shown. */
export function sourceMember(monitor: MirrorMonitor): MemberMonitor | null {
  return monitor.members.find((m) => m.instance === monitor.mirror.source) ?? null;
}

/** The member that is primary now, where this console can reach it. */
export function primaryMember(monitor: MirrorMonitor): MemberMonitor | null {
  return monitor.members.find((m) => m.name === monitor.mirror.primary) ?? null;
}

/** Lag by stage as the primary knows it; empty when there is none to ask. Old figures are not passed off as new ones. */
export function stageLags(monitor: MirrorMonitor): readonly MemberLag[] {
  const primary = primaryMember(monitor);
  if (primary?.connection.state !== 'live') return [];
  return (primary.snapshot?.lag ?? []).map((l) => ({
    ...l,
    sent: knownStage(l.sent),
    received: knownStage(l.received),
    dejournaled: knownStage(l.dejournaled),
  }));
}

/** Where a stage is not known, nothing can be said of how far it is behind: never let it pass for being in step. */
function knownStage(stage: MemberLag['sent']): MemberLag['sent'] {
  return stage.position === null ? { position: null, behindBytes: null, behindMs: null } : stage;
}

/** The source may have no view any more (it stopped); another member's is then better than none, as addresses hardly change. */
function anyAddresses(monitor: MirrorMonitor, name: string): MemberView | null {
  for (const other of monitor.members) {
    const view = other.snapshot?.mirror?.members.find((m) => m.name === name);
    if (view !== undefined) return view;
  }
  return null;
}
