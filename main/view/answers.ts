import type { MemberView } from '../../engine/api/status.ts';
import type { Answer, Severity } from '../contract/index.ts';
import type { World } from '../hosts/index.ts';
import { livePrimaries } from './group.ts';
import type { MirrorFacts } from './group.ts';
import { worst } from './severity.ts';

/** The three questions of the console, answered from what is known now. */

function answer(severity: Severity, text: string, reason: string): Answer {
  return { severity, text, reason };
}

function failovers(facts: MirrorFacts): MemberView[] {
  return facts.source?.mirror.members.filter((m) => m.type === 'Failover') ?? [];
}

/** Is my data safe: on how many members is what was acknowledged? */
export function dataSafe(facts: MirrorFacts): Answer {
  const primaries = livePrimaries(facts);
  if (primaries.length > 1)
    return answer('bad', 'In danger', `${primaries.length} members say they are primary: ${primaries.map((p) => p.name).join(', ')}.`);
  if (facts.source?.instance.connection.state !== 'live')
    return answer('unknown', 'Not known', 'No member of the mirror can be asked now.');
  const members = failovers(facts);
  const primary = members.find((m) => m.status === 'Primary');
  if (!primary)
    return answer('bad', 'No updates are taken', 'No member is primary. What was acknowledged is in the journals of the members.');
  const active = members.find((m) => m.status === 'Backup' && m.journalTransfer === 'Active');
  if (active) return answer('good', 'Safe', `Every acknowledged update is on ${primary.name} and on ${active.name}.`);
  return answer('attention', 'On one member only', `${primary.name} takes updates, but no backup has them before they are acknowledged.`);
}

/** Would a failover work right now? */
export function failoverReady(facts: MirrorFacts): Answer {
  const { source } = facts;
  if (source?.instance.connection.state !== 'live') return answer('unknown', 'Not known', 'No member of the mirror can be asked now.');
  if (source.mirror.noFailover) return answer('attention', 'No', 'No failover is set: the backup will not take over by itself.');
  const checks = source.instance.snapshot?.readiness ?? [];
  const failing = checks.find((c) => c.ok === false);
  if (failing) return answer('attention', 'No', failing.reason || failing.check);
  const open = checks.find((c) => c.ok === null);
  if (open) return answer('unknown', 'Not known', open.reason || open.check);
  if (checks.length === 0) return answer('unknown', 'Not known', 'The member does not tell.');
  return answer('good', 'Yes', 'Every condition is met.');
}

/** What should I do next: the one thing that helps most. */
export function nextStep(facts: MirrorFacts, world: World, locked: boolean): Answer {
  const found = agentStep(facts, world) ?? instanceStep(facts) ?? mirrorStep(facts);
  if (!found) return answer('good', 'Nothing', 'Everything is as it should be.');
  return locked ? { ...found, reason: `${found.reason} This console has locked the mirror against changes.` } : found;
}

function agentStep(facts: MirrorFacts, world: World): Answer | undefined {
  const down = world.hosts.find((h) => h.connection.state === 'lost' && facts.instances.some((i) => i.host === h.known.id));
  return (
    down && answer('bad', `Start the agent of ${down.known.label}`, `It does not answer: ${down.connection.reason ?? 'no reason known'}`)
  );
}

function instanceStep(facts: MirrorFacts): Answer | undefined {
  const stopped = facts.instances.find((i) => i.connection.state === 'stopped');
  if (stopped) return answer('attention', `Start ${stopped.name}`, 'It is stopped, so the mirror lacks this member.');
  const hung = facts.instances.find((i) => i.connection.state === 'lost');
  return hung && answer('bad', `Look after ${hung.name}`, hung.connection.reason ?? 'It does not answer.');
}

function mirrorStep(facts: MirrorFacts): Answer | undefined {
  const { source } = facts;
  if (!source) return answer('unknown', 'Wait', 'No member has reported yet.');
  if (source.mirror.noFailover) return answer('attention', 'Clear no failover', 'It is still set; clear it when the maintenance is over.');
  const [safe, ready] = [dataSafe(facts), failoverReady(facts)];
  if (worst([safe.severity, ready.severity]) === 'good') return undefined;
  const leading = ready.severity === 'good' || safe.severity === 'bad' ? safe : ready;
  return answer(leading.severity, 'Look at what is not ready', leading.reason);
}
