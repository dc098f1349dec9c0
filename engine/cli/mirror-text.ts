import type { MirrorConfiguration } from '../api/mirror-configuration.ts';
import type { MirrorStatus, MonitorSnapshot, WhatIf } from '../api/status.ts';
import { fields, table } from './output.ts';

/** The mirror as a person reads it on a terminal. */
export function mirrorText(status: MirrorStatus): string {
  const { arbiter, incomingRate } = status;
  const own = status.members.find((m) => m.name === status.thisMember);
  const members = status.members.map((m) => [
    `${m.name}${m.name === status.thisMember ? ' *' : ''}`,
    m.type,
    m.status,
    withMs(m.journalTransfer, m.journalLatencyMs),
    withMs(m.dejournaling, m.dejournalLatencyMs),
    m.superserverAddress,
  ]);
  const databases = status.databases.map((d) => [
    d.name,
    d.status,
    nextRecord(d.nextRecord),
    d.failoverDB ? 'set' : 'cleared',
    d.directory,
  ]);
  const reasons = status.databases.flatMap((d) => (d.reason === undefined ? [] : [`${d.name}: ${wrapped(d.reason, 100, '  ')}\n`]));
  const head: (readonly [string, string])[] = [
    ['Mirror', status.mirror],
    ['Arbiter', arbiter.address ?? 'none'],
    ['Failover mode', arbiter.failoverMode],
    // Asyncs have no connection to an arbiter, and need none.
    ...(arbiter.address === null || own?.type !== 'Failover' ? [] : [['Arbiter connection', arbiter.connectionStatus] as const]),
    ...(status.vip === undefined || status.vip === null
      ? []
      : [
          [
            'Virtual address',
            `${status.vip.address} on ${status.vip.interface}${status.vip.bound ? '' : ' (not bound by this version)'}`,
          ] as const,
        ]),
    ...(status.parallelDejournaling === undefined ? [] : [['Parallel dejournaling', status.parallelDejournaling] as const]),
    ['No failover', status.noFailover ? 'set: the backup will not take over' : 'not set'],
    ...(incomingRate === null ? [] : [['Incoming journal', incomingText(incomingRate)] as const]),
    ...(status.missingDatabases.length === 0 ? [] : [['Missing here', status.missingDatabases.join(', ')] as const]),
  ];
  return [
    fields(head),
    table(['MEMBER (* THIS)', 'TYPE', 'STATUS', 'JOURNAL TRANSFER', 'DEJOURNALING', 'SUPERSERVER'], members),
    table(['DATABASE', 'STATUS', 'NEXT RECORD', 'FAILOVERDB', 'DIRECTORY'], databases, 'No mirrored databases.'),
    ...(reasons.length === 0 ? [] : [reasons.join('')]),
  ].join('\n');
}

/** What is set for a mirror and its members. */
export function configurationText(configuration: MirrorConfiguration): string {
  const { vip, compression, databases } = configuration;
  const members = configuration.members.map((m) => [
    `${m.name}${m.name === configuration.thisMember ? ' *' : ''}`,
    m.type,
    m.instance,
    m.superserverAddress,
    m.privateAddress,
    m.agentAddress,
    ...(vip === null ? [] : [m.vipInterface ?? vip.interface]),
  ]);
  const columns = ['MEMBER (* THIS)', 'TYPE', 'INSTANCE', 'SUPERSERVER', 'PRIVATE', 'AGENT', ...(vip === null ? [] : ['INTERFACE'])];
  return [
    fields([
      ['Mirror', configuration.mirror],
      ['Version', configuration.version],
      ['QoS timeout', `${configuration.qosMs} ms`],
      ['Arbiter', configuration.arbiter ?? 'none'],
      ['Compression, failover', compression.failover],
      ['Compression, async', compression.async],
      ['Parallel dejournaling', configuration.parallelDejournaling],
      ['Virtual address', vip === null ? 'none' : `${vip.address} on ${vip.interface}`],
      ['TLS', 'not required'],
      ['Databases', databases.length === 0 ? 'none' : databases.join(', ')],
    ]),
    table(columns, members),
  ].join('\n');
}

/** With what it is on the network when that is less. */
function incomingText({ networkKBs, journalKBs, ratio, intervalS }: NonNullable<MirrorStatus['incomingRate']>): string {
  const over = `(${intervalS} s interval)`;
  if (ratio <= 1) return `${journalKBs} KB/s ${over}`;
  return `${networkKBs} KB/s network; ${journalKBs} KB/s journal; ratio ${ratio.toFixed(2)}:1 ${over}`;
}

/** The monitor's picture: the mirror and what goes on in the instance. */
export function monitorText({ at, instance, mirror, metrics, readiness }: MonitorSnapshot): string {
  const figures =
    metrics === null
      ? []
      : [
          ['Updates', `${metrics.updatesPerS.toFixed(0)}/s`] as const,
          ['Journal', `${metrics.journalKBs.toFixed(1)} KB/s`] as const,
          [
            'Commit',
            metrics.commitLatencyMs === null
              ? 'none in the last second'
              : `p50 ${metrics.commitLatencyMs.p50.toFixed(2)} ms, p99 ${metrics.commitLatencyMs.p99.toFixed(2)} ms, max ${metrics.commitLatencyMs.max.toFixed(2)} ms`,
          ] as const,
          ['Clients', String(metrics.clients)] as const,
          ['Memory', `${metrics.memoryMB.toFixed(0)} MB`] as const,
        ];
  const ready = readiness.map((each) => [each.ok === null ? 'unknown' : each.ok ? 'yes' : 'no', each.check, each.reason]);
  return [
    fields([['Instance', `${instance.name} (${instance.state}), ${new Date(at).toLocaleTimeString()}`], ...figures]),
    mirror === null ? 'This instance is in no mirror.\n' : mirrorText(mirror),
    ...(ready.length === 0 ? [] : [table(['READY', 'FAILOVER NEEDS', 'WHY'], ready)]),
  ].join('\n');
}

function withMs(text: string, ms: number | null): string {
  return ms === null ? text : `${text} (${ms.toFixed(1)} ms)`;
}

function nextRecord(next: MirrorStatus['databases'][number]['nextRecord']): string {
  return typeof next === 'string' ? next : `${next.file} at ${next.offset}, ${next.time}`;
}

const faults: Record<WhatIf['fault'], string> = {
  'primary-stopped': 'the primary is shut down in order',
  'primary-killed': 'the primary instance is killed',
  'primary-hung': 'the primary instance hangs',
  'primary-storage-failed': "the primary's journal cannot be written",
  'primary-host-lost': "the primary's whole host fails",
  'primary-isolated': "the primary's host is cut off from all others",
  'members-disconnected': 'the network between the two members fails',
  'backup-lost': "the backup's host fails",
  'arbiter-lost': "the arbiter's host fails",
  'backup-and-arbiter-lost': 'backup and arbiter fail at once',
};

/** What would happen if: one line for each outage, then the reasons, each once. */
export function whatIfText(all: readonly WhatIf[]): string {
  const reasons = [...new Set(all.map(reason))];
  const rows = all.map((each) => [
    faults[each.fault],
    each.primary === null ? 'nobody' : `${each.primary}${each.outcome === 'backup-takes-over' ? ' takes over' : ' goes on'}`,
    each.timeMs === null ? 'until repaired' : each.timeMs.atMost === 0 ? 'no pause' : `${(each.timeMs.atMost / 1000).toFixed(1)} s at most`,
    each.dataAtRisk === 'none' ? 'safe' : 'at risk if forced',
    `(${reasons.indexOf(reason(each)) + 1})`,
  ]);
  const why = reasons.map((text, index) => `(${index + 1}) ${wrapped(text, 100, '    ')}\n`);
  return `${table(['IF', 'PRIMARY THEN', 'UPDATES WAIT', 'DATA', 'WHY'], rows)}\n${why.join('')}`;
}

function reason({ why, code }: WhatIf): string {
  return `${why.join(' ')} [${code}]`;
}

/** Words in lines of at most `width`, those after the first one indented. */
function wrapped(text: string, width: number, indent: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join(`\n${indent}`);
}

/** What forcing this member to become primary would mean, from the facts of the refusal that asks for a confirmation. */
export function forceText(facts: Readonly<Record<string, string | number>>): string {
  const at = `journal file ${facts['file'] ?? '?'}, position ${facts['offset'] ?? '?'} (${facts['path'] ?? 'path not known'})`;
  const after = 'some updates may be lost, and the other member may have to be rebuilt from this one before it can be backup again.';
  const before = 'Be certain that the other member is down and stays down: otherwise both may act as primary.';
  return facts['wasActive'] === 1
    ? [
        'This member was an active backup when it last had a connection to the primary.',
        'If the primary has done nothing since then, nothing acknowledged is lost and nothing has to be rebuilt.',
        `If it has worked on beyond ${at}, ${after}`,
        before,
        '',
      ].join('\n')
    : [
        'This member was not an active backup when it last had a connection to the primary: the primary may have journal data that is not here.',
        `What it wrote after ${at} would be lost: ${after}`,
        'If you can reach the journal files of the other host: its newest mirror journal file shows whether there is more.',
        before,
        '',
      ].join('\n');
}

/** The choice that a promotion leaves to the operator when agents give no answer. */
export function promotionText(facts: Readonly<Record<string, string | number>>): string {
  return [
    `The agents of these failover members give no answer: ${String(facts['unreachable'])}.`,
    `Primary last, as far as it is known here: ${String(facts['lastPrimary'])}. Choose a partner among ${String(facts['members'])}, or none:`,
    '  --partner MEMBER  this member becomes primary only with the journal of that member, through its agent, and waits until that answers.',
    '                    Choose the one that was primary last, even if its agent does not answer now: then nothing is lost.',
    '  --partner none    this member becomes primary with its own journal and what the other members that can be reached have beyond it.',
    '                    Whatever only the former primary has is lost. With --nofailover it collects and waits for clear-nofailover.',
    'Before a member whose agent gave no answer is started again: set ValidatedMember=0 in [MirrorMember] of its gemel.cpf.',
    '',
  ].join('\n');
}
