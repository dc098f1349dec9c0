import { backupOf, disasterRecovery, type Scene } from '../scene.ts';
import { mirrorAction, say, demotion, byInstance, type Cast, type Procedure } from '../procedure.ts';
import { demote, handBack, promote, start, stop, untilActive, untilCaughtUp, untilPrimary, untilReporting, work } from './parts.ts';

function pair(scene: Scene): Cast | string {
  const backup = backupOf(scene);
  if (scene.primary === null) return 'No member is primary.';
  return backup === undefined ? 'There is no backup.' : { a: scene.primary.name, b: backup.name };
}

function activePair(scene: Scene): Cast | string {
  const cast = pair(scene);
  if (typeof cast === 'string') return cast;
  return backupOf(scene)?.active === true ? cast : `${cast.b ?? ''} is not active.`;
}

function trio(scene: Scene): Cast | string {
  const cast = activePair(scene);
  const c = disasterRecovery(scene).find(({ caughtUp }) => caughtUp) ?? disasterRecovery(scene)[0];
  if (typeof cast === 'string') return cast;
  return c === undefined ? 'The mirror has no disaster recovery async.' : { ...cast, c: c.name };
}

/** Section 3.4.1, and the planned ones of 3.4.3. */
export const planned: readonly Procedure[] = [
  {
    id: 'backup-instance',
    section: 'planned',
    title: 'Maintenance of the backup’s instance',
    when: 'The backup’s instance is to be down for a while, its host stays up.',
    cast: pair,
    steps: ({ a, b }) => [
      stop(b, `No effect on ${say(a)}, which goes on alone. A failover is not possible until ${say(b)} is back.`),
      work('Do the maintenance', `Leave the host of ${say(b)} and its agent running, so that ${say(a)} could be restarted meanwhile.`),
      start(b, 'It joins the mirror as backup by itself.'),
      untilActive(b),
    ],
  },
  {
    id: 'backup-host',
    section: 'planned',
    title: 'Maintenance of the backup’s host',
    when: 'The backup’s whole host is to be down. Demoted first, it cannot keep the primary from starting again.',
    cast: pair,
    steps: ({ a, b }) => [
      demote(b, `Otherwise ${say(a)} could not become primary again after a restart while nobody can ask the host of ${say(b)}.`),
      stop(b, 'Then shut its host down.'),
      work('Do the maintenance, and start the host and its agent again'),
      start(b, 'It joins as disaster recovery async.'),
      untilCaughtUp(b),
      promote(b, `It becomes the backup of ${say(a)} again.`),
      untilActive(b),
    ],
  },
  {
    id: 'primary',
    section: 'planned',
    title: 'Maintenance of the primary',
    when: 'The primary’s instance or host is to be down; the backup works meanwhile.',
    cast: activePair,
    steps: ({ a, b }) => [
      stop(a, `${say(b)} is active and takes over; nothing acknowledged is lost. Updates pause for a moment.`),
      untilPrimary(b),
      work('Do the maintenance, and start the host and its agent again'),
      start(a, 'It joins as backup.'),
      untilActive(a),
      ...handBack(b, a),
    ],
  },
  {
    id: 'no-failover',
    section: 'planned',
    title: 'Avoid a failover during maintenance',
    when: 'The primary is to be restarted quickly, or may fail during some work, and the backup is not to take over.',
    cast: pair,
    steps: ({ a, b }) => [
      {
        text: 'Set no failover',
        detail: `Or demote ${say(b)} to disaster recovery async, or stop ${say(a)} with no failover: each keeps ${say(b)} from taking over.`,
        done: (scene) => scene.noFailover,
        risk: () => `Until it is cleared, nobody takes over when ${say(a)} fails.`,
        offers: (scene) => [
          ...mirrorAction(scene, 'Set no failover', 'setNoFailover'),
          ...demotion(scene, b),
          ...byInstance(scene, a, `Stop ${say(a)} without failover`, (instance) => ({
            action: 'stopInstance',
            instance,
            nofailover: true,
          })),
        ],
      },
      work('Do the work'),
      {
        text: 'Clear no failover',
        detail: 'It is cleared by itself when the primary is started again.',
        done: (scene) => !scene.noFailover && scene.primary !== null,
        offers: (scene) => mirrorAction(scene, 'Clear no failover', 'clearNoFailover'),
      },
    ],
  },
  {
    id: 'dr-test',
    section: 'planned',
    title: 'Planned failover to a disaster recovery async',
    when: 'To test disaster recovery, or before the power of a whole site is turned off. The async reaches the private addresses of the failover members.',
    cast: trio,
    steps: ({ a, b, c }) => [
      untilCaughtUp(c),
      promote(c, `It becomes the backup, and ${say(b)} becomes disaster recovery async.`),
      untilActive(c),
      stop(a, `${say(c)} takes over.`),
      untilPrimary(c),
      work('Test whatever is to be tested'),
      start(a, 'It joins as backup.'),
      untilActive(a),
      stop(c, `${say(a)} takes over.`),
      untilPrimary(a),
      untilCaughtUp(b),
      promote(b, 'It becomes the backup again.'),
      start(c, 'It joins as disaster recovery async, as before.'),
      untilReporting(c, 'Disaster Recovery', 'All roles are as before.'),
    ],
  },
  {
    id: 'dr-test-apart',
    section: 'planned',
    title: 'Planned failover to an async that does not reach the private addresses',
    when: 'The same, where the async can be primary only, without a partner.',
    cast: trio,
    steps: ({ a, b, c }) => [
      stop(b, `Only ${say(a)} is a failover member then.`),
      untilCaughtUp(c),
      stop(a, 'From here on nobody takes updates.'),
      {
        ...promote(c, `It asks the agent of ${say(a)} for what it lacks, and becomes primary.`),
        risk: () => `Choose ${say(a)} as partner: then its agent is asked and nothing is lost.`,
      },
      untilPrimary(c),
      work('Test whatever is to be tested'),
      stop(c, `Only while it is down can ${say(a)} become primary.`),
      start(a, 'It becomes primary.'),
      untilPrimary(a),
      start(b, `It joins as disaster recovery async, because ${say(c)} was promoted.`),
      untilCaughtUp(b),
      promote(b, 'It becomes the backup again.'),
      start(c, 'It joins as disaster recovery async, as before.'),
      untilReporting(c, 'Disaster Recovery', 'All roles are as before.'),
    ],
  },
  {
    id: 'replace-backup',
    section: 'planned',
    title: 'Replace the backup for a while',
    when: 'The backup is to be down for long, and a disaster recovery async stands in for it.',
    cast: trio,
    steps: ({ b, c }) => [
      untilCaughtUp(c),
      promote(c, `It becomes the backup, and ${say(b)} becomes disaster recovery async. Every commit then waits for the way to ${say(c)}.`),
      untilActive(c),
      stop(b, 'No effect on the mirror.'),
      work('Do the maintenance'),
      start(b, 'It joins as disaster recovery async.'),
      untilCaughtUp(b),
      promote(b, `It becomes the backup again, and ${say(c)} becomes disaster recovery async.`),
      untilActive(b),
    ],
  },
  {
    id: 'replace-primary',
    section: 'planned',
    title: 'Replace the primary for a while',
    when: 'The primary is to be down for long: the backup takes over, and a disaster recovery async becomes its backup.',
    cast: trio,
    steps: ({ a, b, c }) => [
      stop(a, `${say(b)} takes over.`),
      untilPrimary(b),
      untilCaughtUp(c),
      promote(c, `It becomes the backup of ${say(b)}.`),
      untilActive(c),
      work('Do the maintenance'),
      start(a, 'It joins as disaster recovery async.'),
      untilCaughtUp(a),
      promote(a, `It becomes the backup, and ${say(c)} becomes disaster recovery async.`),
      untilActive(a),
      ...handBack(b, a),
    ],
  },
];
