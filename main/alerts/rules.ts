import type { MemberView, MirrorStatus } from '../../engine/api/status.ts';
import type { AlertRule } from '../contract/index.ts';
import type { HostFacts, World } from '../hosts/index.ts';
import type { NewAlert } from '../store/index.ts';
import { knownStatus, livePrimaries, mirrorsOf, ownPicture } from '../view/index.ts';
import type { MirrorFacts } from '../view/index.ts';

/** What a rule finds to be the case now. It becomes an alert when it has been so for `afterMs` without a break. */
export interface Finding extends Omit<NewAlert, 'since' | 'explain' | 'job'> {
  readonly afterMs: number;
}

/** Long enough that an ordinary change of roles, a restart or a new database raises nothing; what stops service is told soonest. */
const AFTER_MS: Record<AlertRule, number> = {
  noPrimary: 3000,
  severalPrimaries: 2000,
  primaryInTrouble: 2000,
  primaryChanged: 0,
  mirrorUnseen: 5000,
  memberLost: 2000,
  memberWaiting: 30_000,
  backupNotActive: 15_000,
  noFailover: 0,
  arbiterLost: 10_000,
  databasesNeedAttention: 5000,
  missingDatabases: 15_000,
  dejournalingStopped: 5000,
  asyncBehind: 30_000,
  agentLost: 5000,
  instanceHung: 0,
  jobFailed: 0,
};

/** An async that is this far behind is worth a look. */
const FAR_BEHIND_MS = 60_000;

const NEW_HOST_MS = 90_000;

const LOST: readonly string[] = ['Down', 'Crashed'];

/** Everything that is not as it should be. Pure: the same world gives the same findings. */
export function findings(world: World): Finding[] {
  return [...mirrorsOf(world).flatMap(ofMirror), ...world.hosts.flatMap(ofHost)];
}

type Words = Pick<Finding, 'subject' | 'severity' | 'text' | 'todo'>;

function finding(rule: AlertRule, mirror: string | null, words: Words): Finding {
  return { rule, mirror, key: `${rule}:${mirror ?? ''}:${words.subject}`, afterMs: AFTER_MS[rule], ...words };
}

function ofMirror(facts: MirrorFacts): Finding[] {
  const { source } = facts;
  if (source?.instance.connection.state !== 'live') return unseen(facts);
  const { members } = source.mirror;
  const observer = source.mirror.thisMember;
  return [
    ...primaries(facts, members),
    ...members.flatMap((member) => ofMember(facts, member, observer)),
    ...backup(facts.name, members),
    ...noFailover(facts.name, source.mirror),
    ...arbiter(facts),
    ...missing(facts),
    ...behind(facts),
  ];
}

/** Nobody can be asked: either nobody runs, or this console does not reach those that do. */
function unseen(facts: MirrorFacts): Finding[] {
  const failover = facts.instances.filter((i) => i.status.mirrors.some((m) => m.mirror === facts.name && m.type === 'Failover'));
  const expected = facts.source?.mirror.members.filter((m) => m.type === 'Failover').length ?? 0;
  if (failover.length > 0 && failover.length >= expected && failover.every((i) => i.connection.state === 'stopped')) {
    return [
      finding('noPrimary', facts.name, {
        subject: facts.name,
        severity: 'bad',
        text: `${facts.name} has no primary: all its failover members are stopped. No update is taken.`,
        todo: 'Start the failover members, the one that was primary last first.',
      }),
    ];
  }
  if (facts.instances.some((i) => i.connection.state === 'connecting')) return [];
  return [
    finding('mirrorUnseen', facts.name, {
      subject: facts.name,
      severity: 'attention',
      text: `No member of ${facts.name} can be asked from here. It may be working all the same.`,
      todo: 'Look at the hosts and instances of its members.',
    }),
  ];
}

function primaries(facts: MirrorFacts, members: readonly MemberView[]): Finding[] {
  const { name } = facts;
  const said = livePrimaries(facts);
  if (said.length > 1) {
    return [
      finding('severalPrimaries', name, {
        subject: name,
        severity: 'bad',
        text: `${said
          .map((i) => i.name)
          .toSorted()
          .join(' and ')} say they are primary of ${name} at once.`,
        todo: 'Keep clients away from all but the one you trust, and stop the other.',
      }),
    ];
  }
  const inTrouble = members.find((m) => m.status === 'In Trouble');
  if (inTrouble) {
    return [
      finding('primaryInTrouble', name, {
        subject: inTrouble.name,
        severity: 'bad',
        text: `${inTrouble.name} is primary and in trouble: no update is answered until it is certain that the backup does not take over.`,
        todo: 'Wait up to three times the QoS timeout. If it lasts, restore the connection to the backup or the arbiter.',
      }),
    ];
  }
  if (members.some((m) => m.status === 'Primary')) return [];
  return [
    finding('noPrimary', name, {
      subject: name,
      severity: 'bad',
      text: `${name} has no primary: no update is taken.`,
      todo: 'Look at the failover members in the monitor: what each waits for stands there and in its messages.log.',
    }),
  ];
}

function ofMember(facts: MirrorFacts, member: MemberView, observer: string): Finding[] {
  const mirror = facts.name;
  const { name, type, dejournaling } = member;
  const status = knownStatus(facts, member) ?? '';
  const found: Finding[] = [];
  if (LOST.includes(status)) {
    found.push(
      finding('memberLost', mirror, {
        subject: name,
        severity: type === 'Failover' ? 'bad' : 'attention',
        text: `${name} (${type}) is ${status === 'Down' ? 'down' : 'crashed'}, as ${observer} sees it.`,
        todo:
          status === 'Down'
            ? 'Start its instance, or restore the network between it and the others.'
            : 'Its messages.log says why; then rebuild it, or start mirroring again.',
      }),
    );
  }
  if (status === 'Waiting') {
    found.push(
      finding('memberWaiting', mirror, {
        subject: name,
        severity: 'attention',
        text: `${name} waits: it cannot go on by itself.`,
        todo: 'Its messages.log says what it waits for.',
      }),
    );
  }
  if (dejournaling === 'Warning! Dejournaling is stopped.') {
    found.push(
      finding('dejournalingStopped', mirror, {
        subject: name,
        severity: 'attention',
        text: `Dejournaling is stopped on ${name}: its databases do not follow the mirror.`,
        todo: 'If nobody stopped it on purpose, its messages.log says why. Start dejournaling again.',
      }),
    );
  } else if (dejournaling === 'Warning! Some databases need attention.') {
    found.push(
      finding('databasesNeedAttention', mirror, {
        subject: name,
        severity: 'attention',
        text: `Some mirrored databases on ${name} are not in their normal state.`,
        todo: 'Activate, catch up or mount them: the monitor names each with its status.',
      }),
    );
  }
  return found;
}

function backup(mirror: string, members: readonly MemberView[]): Finding[] {
  const primary = members.find((m) => m.status === 'Primary');
  const other = members.find((m) => m.type === 'Failover' && m !== primary);
  if (!primary || !other || LOST.includes(other.status) || other.journalTransfer === 'Active') return [];
  return [
    finding('backupNotActive', mirror, {
      subject: other.name,
      severity: 'attention',
      text: `${other.name} is not active: updates are acknowledged with ${primary.name} alone having them.`,
      todo: 'Wait while it catches up. If it does not, look at its messages.log.',
    }),
  ];
}

function noFailover(mirror: string, picture: MirrorStatus): Finding[] {
  if (!picture.noFailover) return [];
  return [
    finding('noFailover', mirror, {
      subject: mirror,
      severity: 'attention',
      text: `No failover is set for ${mirror}: the backup does not take over by itself.`,
      todo: 'Clear no failover as soon as the work it was set for is done.',
    }),
  ];
}

function arbiter(facts: MirrorFacts): Finding[] {
  const lost = facts.instances.flatMap((instance) => {
    const own = ownPicture(instance, facts.name, true);
    const self = own?.members.find((m) => m.name === own.thisMember);
    const cut = (own?.arbiter.address ?? null) !== null && own?.arbiter.connectionStatus === 'This member is not connected to the arbiter';
    return cut && self?.type === 'Failover' ? [self.name] : [];
  });
  if (lost.length === 0) return [];
  return [
    finding('arbiterLost', facts.name, {
      subject: facts.name,
      severity: 'attention',
      text: `${lost.toSorted().join(' and ')} ${lost.length === 1 ? 'is' : 'are'} not connected to the arbiter: if the primary's host fails, the backup cannot take over by itself.`,
      todo: 'Start the agent on the arbiter’s host, or restore the network to it.',
    }),
  ];
}

function missing(facts: MirrorFacts): Finding[] {
  return facts.instances.flatMap((instance) => {
    const own = ownPicture(instance, facts.name, true);
    if (!own || own.missingDatabases.length === 0) return [];
    const names = own.missingDatabases.slice(0, 5).join(', ') + (own.missingDatabases.length > 5 ? ', …' : '');
    return [
      finding('missingDatabases', facts.name, {
        subject: own.thisMember,
        severity: 'bad',
        text: `${own.thisMember} lacks ${own.missingDatabases.length} mirrored ${own.missingDatabases.length === 1 ? 'database' : 'databases'} of the primary: ${names}. It cannot take over completely.`,
        todo: `Add ${own.missingDatabases.length === 1 ? 'it' : 'them'} on ${own.thisMember} from a backup made on the primary.`,
      }),
    ];
  });
}

function behind(facts: MirrorFacts): Finding[] {
  const { source } = facts;
  return (source?.mirror.members ?? [])
    .filter((m) => m.type !== 'Failover' && !LOST.includes(m.status))
    .filter((m) => {
      const lag = source?.instance.snapshot?.lag.find((l) => l.member === m.name)?.received.behindMs ?? m.journalLatencyMs;
      return (lag ?? 0) > FAR_BEHIND_MS;
    })
    .map((m) =>
      finding('asyncBehind', facts.name, {
        subject: m.name,
        severity: 'attention',
        text: `${m.name} is more than a minute behind the primary.`,
        todo: 'See whether the network to it or its disk is the limit; it catches up by itself once it can.',
      }),
    );
}

function ofHost(host: HostFacts): Finding[] {
  const { label } = host.known;
  const found: Finding[] = [];
  if (host.connection.state === 'lost') {
    const lost = finding('agentLost', null, {
      subject: label,
      severity: 'bad',
      text: `The agent of ${label} does not answer. If an instance there fails, nobody can answer for it.`,
      todo: 'Start the agent on the Hosts page.',
    });
    // One that never answered may be about to be started for the first time.
    found.push(host.connection.asOf === null ? { ...lost, afterMs: NEW_HOST_MS } : lost);
  }
  for (const instance of host.instances) {
    if (instance.status.state !== 'hung') continue;
    found.push(
      finding('instanceHung', null, {
        subject: instance.name,
        severity: 'bad',
        text: `The instance ${instance.name} on ${label} is hung: its process lives but does no work.`,
        todo: 'Look at its host. If it does not recover, stop it by force.',
      }),
    );
  }
  return found;
}
