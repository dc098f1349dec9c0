import { actor, isDown, type Actor, type Scene } from '../scene.ts';
import { byInstance, demotion, on, say, told, wizard, type Step } from '../procedure.ts';

/** Steps that many procedures share. */

const isPrimary = ({ status }: Actor): boolean => status === 'Primary';

export function stop(name: string | undefined, detail: string): Step {
  return {
    text: `Stop the instance of ${say(name)}`,
    detail,
    done: on(name, isDown),
    waiting: told([name]),
    offers: (scene) => byInstance(scene, name, `Stop ${say(name)}`, (instance) => ({ action: 'stopInstance', instance })),
  };
}

export function start(name: string | undefined, detail: string): Step {
  return {
    text: `Start the instance of ${say(name)}`,
    detail,
    done: on(name, (found) => !isDown(found)),
    waiting: told([name]),
    offers: (scene) => [
      ...startAgent(scene, name),
      ...byInstance(scene, name, `Start ${say(name)}`, (instance) => ({ action: 'startInstance', instance })),
    ],
  };
}

export function startAgent(scene: Scene, name: string | undefined) {
  const found = actor(scene, name ?? '');
  if (found?.host === undefined || found.host === null || found.agent !== false) return [];
  const { host } = found;
  return [{ kind: 'action' as const, text: `Start the agent of ${found.name}’s host`, action: { action: 'startAgent' as const, host } }];
}

export function untilActive(
  name: string | undefined,
  detail = 'From then on it has every update before it is acknowledged, and may take over.',
): Step {
  return { text: `Wait until ${say(name)} is the active backup`, detail, done: on(name, ({ active }) => active), waiting: told([name]) };
}

export function untilPrimary(name: string | undefined, detail = 'Clients find it by themselves.'): Step {
  return { text: `Wait until ${say(name)} is primary`, detail, done: on(name, isPrimary), waiting: told([name]) };
}

export function untilCaughtUp(name: string | undefined): Step {
  return {
    text: `Wait until ${say(name)} has caught up`,
    detail: 'It must have received and dejournaled everything before its role can change without a loss.',
    done: on(name, ({ caughtUp }) => caughtUp),
    waiting: told([name]),
  };
}

export function promote(name: string | undefined, detail: string): Step {
  return {
    text: `Promote ${say(name)} to failover member`,
    detail,
    done: on(name, ({ type }) => type === 'Failover'),
    waiting: told([name]),
    offers: (scene) => wizard(scene, name, `Promote ${say(name)}`, 'promote'),
  };
}

export function demote(name: string | undefined, detail: string): Step {
  return {
    text: `Demote ${say(name)} to disaster recovery async`,
    detail,
    done: on(name, ({ type }) => type === 'Disaster Recovery'),
    waiting: told([name]),
    offers: (scene) => demotion(scene, name),
  };
}

export function untilReporting(name: string | undefined, type: Actor['type'], detail: string): Step {
  return {
    text: `Wait until ${say(name)} is ${type === 'Failover' ? 'a failover member' : 'a disaster recovery async'} again`,
    detail,
    done: on(name, (found) => found.type === type && !isDown(found)),
    waiting: told([name]),
  };
}

/** Something outside of the console, done when a person says so. */
export function work(text: string, detail = ''): Step {
  return { text, detail };
}

/** Back to who was primary before. */
export function handBack(from: string | undefined, to: string | undefined): Step[] {
  return [
    {
      text: `Hand over from ${say(from)} to ${say(to)}`,
      detail: 'Stopping it in order hands over too; switching over keeps it up as the backup.',
      done: on(to, isPrimary),
      waiting: told([from, to]),
      offers: (scene) => [{ kind: 'action', text: `Switch ${scene.mirror} over`, action: { action: 'switchOver', mirror: scene.mirror } }],
    },
    untilActive(from),
  ];
}

export { isPrimary };
