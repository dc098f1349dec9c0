import { disasterRecovery, failovers, isDown, type Scene } from '../scene.ts';
import { byMember, byInstance, on, say, told, wizard, type Cast, type Procedure, type Step } from '../procedure.ts';
import { handBack, isPrimary, promote, start, startAgent, untilActive, untilCaughtUp, work } from './parts.ts';

/** A is primary, the other failover member is down. */
function otherDown(scene: Scene): Cast | string {
  const [primary, other] = failovers(scene);
  if (scene.primary === null || primary === undefined) return 'No member is primary.';
  if (other === undefined) return 'There is only one failover member.';
  return isDown(other) ? { a: other.name, b: primary.name } : `${other.name} is ${other.status}.`;
}

/** Nobody is primary, and one failover member at least is down. B: one that is up. */
function noPrimary(scene: Scene): Cast | string {
  if (scene.primary !== null) return `${scene.primary.name} is primary.`;
  const members = failovers(scene);
  const up = members.find((each) => !isDown(each));
  const down = members.find(isDown);
  if (up === undefined) return 'Both failover members are down.';
  return down === undefined ? 'Both failover members are up: they decide by themselves.' : { a: down.name, b: up.name };
}

function inTrouble(scene: Scene): Cast | string {
  const found = scene.actors.find(({ status }) => status === 'In Trouble');
  return found === undefined
    ? 'No member is in trouble.'
    : { a: found.name, b: failovers(scene).find(({ name }) => name !== found.name)?.name };
}

function bothDown(scene: Scene): Cast | string {
  const members = failovers(scene);
  const [a, b] = members;
  return members.every(isDown) && a !== undefined ? { a: a.name, b: b?.name } : 'A failover member is up.';
}

function withAsync(cast: (scene: Scene) => Cast | string): (scene: Scene) => Cast | string {
  return (scene) => {
    const found = cast(scene);
    if (typeof found === 'string') return found;
    const c = disasterRecovery(scene).find((each) => !isDown(each));
    return c === undefined ? 'There is no disaster recovery async that is up.' : { ...found, c: c.name };
  };
}

/** The former primary comes back; what it had beyond is taken back, or it has to be rebuilt. */
export function comesBack(name: string | undefined): Step[] {
  return [
    start(name, 'It joins as backup. What it has beyond the new primary is taken back, and kept in a report of lost updates.'),
    {
      text: `See that ${say(name)} has rejoined`,
      detail:
        'Where it could not take back what it has beyond, it is Crashed and says so: rebuild it then. Look at its report of lost updates.',
      done: on(name, ({ active }) => active),
      waiting: told([name]),
      offers: (scene) => byMember(scene, name, `Rebuild ${say(name)}`, 'rebuild'),
    },
  ];
}

function force(name: string | undefined, other: string | undefined): Step {
  return {
    text: `Force ${say(name)} to become primary`,
    detail: `The plan says whether ${say(name)} was active when it lost ${say(other)}, and up to which journal file and place it has the journal. It waits up to 60 s.`,
    done: on(name, isPrimary),
    waiting: told([name]),
    risk: () =>
      `Only when ${say(other)} is down for certain, and stays down. If ${say(name)} was not active, what was acknowledged after it lost ${say(other)} is lost.`,
    offers: (scene) => byMember(scene, name, `Force ${say(name)}`, 'forcePrimary'),
  };
}

/** Section 3.4.2. */
export const unplanned: readonly Procedure[] = [
  {
    id: 'backup-failed',
    section: 'unplanned',
    title: 'The backup has failed',
    when: 'The primary goes on alone; the other failover member is down.',
    cast: otherDown,
    steps: ({ a, b }) => [
      work(
        `Mend what has stopped ${say(a)}`,
        `Do not restart ${say(b)} meanwhile: without the agent of ${say(a)} it could not become primary again. If you must, demote ${say(a)} first.`,
      ),
      start(a, 'It joins as backup.'),
      untilActive(a),
    ],
  },
  {
    id: 'failed-over',
    section: 'unplanned',
    title: 'The primary has failed, the backup has taken over',
    when: 'One member is primary, the former primary is down.',
    cast: otherDown,
    steps: ({ a, b }) => [work(`Mend what has stopped ${say(a)}`), start(a, 'It joins as backup.'), untilActive(a), ...handBack(b, a)],
  },
  {
    id: 'host-comes-back',
    section: 'unplanned',
    title: 'The primary has failed and nobody took over: its host comes back',
    when: 'Nobody is primary, and the failed host can be started again. The safe way: nothing is lost.',
    cast: noPrimary,
    steps: ({ a, b }) => [
      {
        text: `Start the host of ${say(a)} and its agent`,
        detail: `${say(b)} gets what it lacks from that agent, and becomes primary. Starting the instance too is as good: the two then decide.`,
        done: (scene) => scene.primary !== null,
        waiting: told([a, b]),
        offers: (scene) => [
          ...startAgent(scene, a),
          ...byInstance(scene, a, `Start ${say(a)}`, (instance) => ({ action: 'startInstance', instance })),
        ],
      },
      start(a, 'It joins as backup, unless it has become primary.'),
      {
        text: 'Wait until there are a primary and an active backup',
        done: (scene) => scene.primary !== null && scene.actors.some(({ active }) => active),
        waiting: told([a, b]),
      },
    ],
  },
  {
    id: 'force',
    section: 'unplanned',
    title: 'The primary has failed for good and nobody took over: force the other',
    when: 'Nobody is primary, and the failed host cannot be started within the time there is.',
    cast: noPrimary,
    steps: ({ a, b }) => [
      work(
        `Make sure that ${say(a)} is down and stays down`,
        'Look at the machine, or have its power cut. Two primaries at once would take different updates.',
      ),
      work(
        `Where you have the journal files of ${say(a)}: copy them to ${say(b)}`,
        `From the newest mirror journal file of ${say(b)} on. They are checked before they are taken. Go on without them if there are none.`,
      ),
      force(b, a),
      work('See what was lost', 'The report of lost updates is made when the former primary comes back.'),
      ...comesBack(a),
    ],
  },
  {
    id: 'isolated',
    section: 'unplanned',
    title: 'The primary is isolated',
    when: 'It has lost backup and arbiter at once, and takes no updates until it knows that no other is primary.',
    cast: inTrouble,
    steps: ({ a, b }) => [
      {
        text: 'Restore the connection between the failover members',
        detail: 'The two then decide who is primary. Nothing is lost.',
        done: (scene) => scene.primary !== null,
        waiting: told([a, b]),
        risk: () =>
          `Resuming ${say(a)} is safe only if ${say(b)} is down, never became primary, and has no newer journal file. If one of these is not certain, stop ${say(a)} and force ${say(b)}.`,
        offers: (scene) => [
          ...wizard(scene, a, `Resume ${say(a)} as primary`, 'resumePrimary'),
          ...byInstance(scene, a, `Stop ${say(a)}`, (instance) => ({ action: 'stopInstance', instance, nofailover: true })),
          ...byMember(scene, b, `Force ${say(b)}`, 'forcePrimary'),
        ],
      },
      {
        text: 'Wait until there are a primary and an active backup',
        done: (scene) => scene.primary !== null && scene.actors.some(({ active }) => active),
        waiting: told([a, b]),
      },
    ],
  },
  {
    id: 'both-failed',
    section: 'unplanned',
    title: 'Both failover members have failed',
    when: 'Both are down, and at least one can be started again.',
    cast: bothDown,
    steps: ({ a, b }) => [
      {
        text: 'Start both agents and at least one instance',
        detail: 'With both agents there, the members find out who has everything: nothing is lost.',
        done: (scene) => failovers(scene).some((each) => !isDown(each)),
        waiting: told([a, b]),
        offers: (scene) =>
          [a, b].flatMap((name) => [
            ...startAgent(scene, name),
            ...byInstance(scene, name, `Start ${say(name)}`, (instance) => ({ action: 'startInstance', instance })),
          ]),
      },
      {
        text: 'Wait until one is primary',
        detail:
          'Where the other’s agent cannot be started, the one that was the last primary may be forced without a loss; one that was not, with a loss.',
        done: (scene) => scene.primary !== null,
        waiting: told([a, b]),
        risk: (scene) =>
          scene.primary === null ? 'Forcing a member that was not the last primary and not active loses what it does not have.' : '',
        offers: (scene) => [a, b].flatMap((name) => (name === undefined ? [] : byMember(scene, name, `Force ${name}`, 'forcePrimary'))),
      },
      {
        text: 'Start the other, and wait until it is the active backup',
        done: (scene) => scene.actors.some(({ active }) => active),
        waiting: told([a, b]),
        offers: (scene) =>
          failovers(scene)
            .filter(isDown)
            .flatMap(({ name }) => byInstance(scene, name, `Start ${name}`, (instance) => ({ action: 'startInstance', instance }))),
      },
    ],
  },
  {
    id: 'replace-failed',
    section: 'unplanned',
    title: 'Replace a failed failover member for a while',
    when: 'One failover member is primary, the other will be away for long, and a disaster recovery async stands in.',
    cast: withAsync(otherDown),
    steps: ({ a, b, c }) => [
      untilCaughtUp(c),
      promote(c, `It becomes the backup of ${say(b)}. The plan says on which members ValidatedMember=0 has to be set by hand.`),
      untilActive(c),
      work(`Mend what has stopped ${say(a)}`),
      start(a, 'It joins as disaster recovery async.'),
      untilCaughtUp(a),
      promote(a, `It becomes the backup, and ${say(c)} becomes disaster recovery async.`),
      untilActive(a),
    ],
  },
];
