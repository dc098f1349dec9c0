import type { InstanceStatus, MemberStatus, MemberView } from '../../engine/api/status.ts';
import type { Severity } from '../contract/index.ts';
import type { HostFacts, InstanceFacts } from '../hosts/index.ts';

const RANK: Record<Severity, number> = { good: 0, unknown: 1, attention: 2, bad: 3 };

export function worst(severities: readonly Severity[]): Severity {
  return severities.reduce<Severity>((a, b) => (RANK[b] > RANK[a] ? b : a), 'good');
}

/** Sorts worst first, then by name. */
export function worstFirst<T extends { severity: Severity }>(items: readonly T[], name: (item: T) => string): T[] {
  return items.toSorted((a, b) => RANK[b.severity] - RANK[a.severity] || name(a).localeCompare(name(b)));
}

const OF_STATUS: Record<MemberStatus, Severity> = {
  Primary: 'good',
  Backup: 'good',
  Connected: 'good',
  Transition: 'attention',
  Synchronizing: 'attention',
  Waiting: 'attention',
  Stopped: 'attention',
  'Not Initialized': 'attention',
  'In Trouble': 'bad',
  Crashed: 'bad',
  Down: 'bad',
};

/** Of a mirror member as another member, or itself, sees it. */
export function memberSeverity(member: Pick<MemberView, 'status' | 'journalTransfer' | 'dejournaling' | 'type'>): Severity {
  const transferred = member.status !== 'Backup' || member.journalTransfer === 'Active';
  const dejournaled = !member.dejournaling.startsWith('Warning');
  return worst([OF_STATUS[member.status], transferred && dejournaled ? 'good' : 'attention']);
}

export function instanceSeverity(instance: InstanceFacts): Severity {
  if (instance.connection.state === 'live') return stateSeverity(instance.status);
  if (instance.connection.state === 'lost')
    return instance.status.state === 'hung' ? 'bad' : worst(['unknown', stateSeverity(instance.status)]);
  return instance.connection.state === 'connecting' ? 'unknown' : stateSeverity(instance.status);
}

function stateSeverity(status: InstanceStatus): Severity {
  const ofState: Record<InstanceStatus['state'], Severity> = { running: 'good', starting: 'attention', stopped: 'attention', hung: 'bad' };
  return ofState[status.state];
}

export function hostSeverity(host: HostFacts): Severity {
  if (host.connection.state === 'live') return 'good';
  return host.connection.state === 'connecting' ? 'unknown' : 'bad';
}
