import type { Plan } from '../contract/index.ts';
import type { Host, InstanceFacts } from '../hosts/index.ts';
import type { JobStepDefinition } from '../jobs/index.ts';
import { livePrimaries, ownPicture, statusOfSelf } from '../view/index.ts';
import type { MirrorFacts } from '../view/index.ts';
import { findInstance, findMirror, holdsOf, prepared, waitStep } from './context.ts';
import type { ActionContext, Of, Prepared } from './context.ts';

const START_MS = 60_000;
const STOP_MS = 120_000;
const TAKEOVER_MS = 60_000;
const JOIN_MS = 60_000;

type Refusals = Plan['refusals'];

export function startAgent(action: Of<'startAgent'>, context: ActionContext): Prepared {
  const host = context.hosts.get(action.host);
  const running = host.facts().connection.state === 'live';
  return prepared(action, {
    title: `Start the agent of ${host.known.label}`,
    subject: host.known.label,
    consequences: ['The agent knows the instances of the host, starts and stops them, and answers for them when they are down.'],
    steps: [{ text: 'Start the agent and wait until it answers', command: host.command('agent start'), run: () => host.startAgent() }],
    refusals: running ? [{ reason: 'The agent runs already.', todo: '' }] : [],
    holds: [`host ${host.known.id}`],
    result: `The agent of ${host.known.label} runs.`,
  });
}

export function startInstance(action: Of<'startInstance'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { name } = facts;
  const mirror = facts.status.mirrors[0]?.mirror ?? null;
  const steps: JobStepDefinition[] = [
    {
      text: `Start ${name}`,
      command: host.command(`instance start ${name}`),
      run: async () => void (await host.callAgent('instance.start', { name }, START_MS)),
    },
  ];
  if (mirror !== null)
    steps.push(
      waitStep(context, {
        text: `Wait until ${name} has found its place in ${mirror}`,
        mirror,
        timeoutMs: JOIN_MS,
        wanted: (m) => hasSettled(m, facts.id),
      }),
    );
  return prepared(action, {
    title: `Start ${name}`,
    subject: name,
    consequences: [
      mirror === null
        ? `${name} takes connections again.`
        : `${name} asks the other members of ${mirror} and becomes what the mirror needs: backup where there is a primary.`,
    ],
    steps,
    refusals: [
      ...agentRefusal(host),
      ...(facts.status.state === 'stopped'
        ? []
        : [{ reason: `${name} is ${facts.status.state}.`, todo: 'Only a stopped instance can be started.' }]),
    ],
    holds: holdsOf(facts),
    result: `${name} runs.`,
  });
}

function hasSettled(mirror: MirrorFacts | undefined, id: string): boolean {
  const self = mirror?.instances.find((i) => i.id === id);
  const status = self && mirror ? statusOfSelf(ownPicture(self, mirror.name, true)) : undefined;
  return status !== undefined && !['Not Initialized', 'Transition', 'Synchronizing', 'Stopped', 'Down', 'Crashed'].includes(status);
}

export function stopInstance(action: Of<'stopInstance'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { name } = facts;
  const role = roleOf(context, facts);
  const takesOver = action.nofailover ? null : role.takesOver;
  const call = async (): Promise<void> => void (await host.callAgent('instance.stop', { name, nofailover: action.nofailover }, STOP_MS));
  const steps: JobStepDefinition[] = [
    { text: `Stop ${name}`, command: host.command(`instance stop ${name}${action.nofailover ? ' --nofailover' : ''}`), run: call },
  ];
  if (takesOver !== null) {
    steps.push(
      waitStep(context, {
        text: `Wait until ${takesOver} is primary`,
        mirror: role.mirror,
        timeoutMs: TAKEOVER_MS,
        wanted: (m) => isPrimary(m, takesOver),
      }),
    );
  }
  const endsService = role.isPrimary && takesOver === null;
  return prepared(action, {
    title: `Stop ${name}`,
    subject: name,
    consequences: stopConsequences(name, role, takesOver),
    steps,
    refusals: [...agentRefusal(host), ...(facts.status.state === 'stopped' ? [{ reason: `${name} is stopped already.`, todo: '' }] : [])],
    danger: endsService || role.mirror === null,
    holds: holdsOf(facts),
    result: takesOver === null ? `${name} is stopped.` : `${name} is stopped, ${takesOver} is primary.`,
  });
}

interface Role {
  readonly mirror: string | null;
  readonly isPrimary: boolean;
  readonly isBackup: boolean;
  /** The member that takes over when this one, the primary, stops. */
  readonly takesOver: string | null;
}

function roleOf(context: ActionContext, facts: InstanceFacts): Role {
  const mirror = facts.status.mirrors[0]?.mirror ?? null;
  const picture = mirror === null ? null : ownPicture(facts, mirror, true);
  const status = statusOfSelf(picture);
  const backup = status === 'Primary' && picture && !picture.noFailover ? activeBackup(findMirror(context, picture.mirror)) : null;
  return { mirror, isPrimary: status === 'Primary', isBackup: status === 'Backup', takesOver: backup };
}

/** Name of the backup that has every acknowledged update, as a live primary sees it. */
export function activeBackup(mirror: MirrorFacts): string | null {
  if (mirror.source?.instance.connection.state !== 'live') return null;
  return mirror.source.mirror.members.find((m) => m.status === 'Backup' && m.journalTransfer === 'Active')?.name ?? null;
}

/** Whether member `name` says of itself that it is primary. */
export function isPrimary(mirror: MirrorFacts | undefined, name: string): boolean {
  return mirror !== undefined && livePrimaries(mirror).some((i) => ownPicture(i, mirror.name, true)?.thisMember === name);
}

function stopConsequences(name: string, role: Role, takesOver: string | null): string[] {
  if (role.mirror === null) return [`Clients of ${name} are disconnected; its databases stay as they are.`];
  if (takesOver !== null)
    return [
      `${takesOver} takes over as primary; nothing acknowledged is lost.`,
      `Clients of ${name} are disconnected and find ${takesOver}.`,
      `Until ${name} runs again, ${role.mirror} is on one failover member only.`,
    ];
  if (role.isPrimary)
    return [
      `No member takes over: ${role.mirror} takes no updates until ${name} runs again.`,
      'What was acknowledged stays in its databases and journal.',
    ];
  if (role.isBackup)
    return [
      `${role.mirror} goes on with its primary; updates are then on that member only.`,
      'A failover is not possible until it runs again.',
    ];
  return [`${name} leaves ${role.mirror} until it runs again.`];
}

function agentRefusal(host: Host): Refusals {
  if (host.facts().connection.state === 'live') return [];
  return [{ reason: `The agent of ${host.known.label} does not answer.`, todo: 'Start the agent first.' }];
}
