import type { JoinAs } from '../../engine/api/join-as.ts';
import type { Plan } from '../contract/index.ts';
import type { Host, InstanceFacts } from '../hosts/index.ts';
import { ownPicture, statusOfSelf, type MirrorFacts } from '../view/index.ts';
import { agentCheck, check, findInstance, prepared, waitStep, type ActionContext, type Of, type Prepared } from './context.ts';
import { options } from './command-line.ts';

const CALL_MS = 60_000;
const READY_MS = 60_000;

type Check = Plan['checks'][number];

export function createMirror(action: Of<'createMirror'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const name = action.name.toUpperCase();
  const { action: _action, instance: _instance, ...params } = action;
  return prepared(action, {
    title: `Create mirror ${name}`,
    subject: name,
    consequences: [
      `${facts.name} becomes the first failover member and primary of ${name}; its databases stay as they are until they are added.`,
      action.arbiter === undefined
        ? 'Without an arbiter a failover is possible only while the primary’s agent answers.'
        : `The arbiter is asked at ${action.arbiter}.`,
      'The names of mirror and member cannot be changed later.',
    ],
    checks: [...memberChecks(facts, host, true), noMirror(facts)],
    steps: [
      {
        text: `Create mirror ${name} on ${facts.name}`,
        command: host.command(
          `mirror create ${facts.name} ${options({
            name,
            member: action.member,
            arbiter: action.arbiter,
            qos: action.qosMs === 8000 ? undefined : action.qosMs,
            vip: action.vip,
            'vip-interface': action.vipInterface,
            'superserver-address': action.superserverAddress,
            'private-address': action.privateAddress,
            'agent-address': action.agentAddress,
            'compression-failover': action.compressionFailover === 'system' ? undefined : action.compressionFailover,
            'compression-async': action.compressionAsync === 'system' ? undefined : action.compressionAsync,
            'parallel-dejournaling': action.parallelDejournaling === 'failover+dr' ? undefined : action.parallelDejournaling,
          })}`,
        ),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.create', params, CALL_MS)).message),
      },
      waitStep(context, {
        text: `Wait until ${facts.name} is primary`,
        mirror: name,
        timeoutMs: READY_MS,
        wanted: (mirror) => statusIn(mirror, facts.id) === 'Primary',
      }),
    ],
    holds: [`instance ${facts.id}`, `mirror ${name}`],
    result: `Mirror ${name} exists; ${facts.name} is its primary. Join a second failover member next.`,
  });
}

const roles: Record<JoinAs, string> = {
  failover: 'second failover member',
  dr: 'disaster recovery async member',
  'reporting-ro': 'read-only reporting async member',
  'reporting-rw': 'read-write reporting async member',
};

export function joinMirror(action: Of<'joinMirror'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { action: _action, instance: _instance, ...params } = action;
  const { mirror, as } = action;
  const reporting = as === 'reporting-ro' || as === 'reporting-rw';
  return prepared(action, {
    title: `Join ${facts.name} to ${mirror}`,
    subject: mirror,
    consequences: [
      `${facts.name} becomes the ${roles[as]} of ${mirror}.`,
      as === 'failover'
        ? 'From its joining on it takes over when the primary fails, once it has every database of the mirror.'
        : 'It follows the mirror a little behind and never takes over by itself.',
      'Databases are added on it afterwards: those of the mirror that it lacks are listed as missing.',
    ],
    checks: [...memberChecks(facts, host, !reporting), ...(reporting ? [] : [noMirror(facts)])],
    steps: [
      {
        text: `Join ${facts.name} through ${action.via}`,
        command: host.command(
          `mirror join ${facts.name} ${options({
            mirror,
            as,
            agent: action.agent,
            via: action.via,
            member: action.member,
            'vip-interface': action.vipInterface,
            'superserver-address': action.superserverAddress,
            'private-address': action.privateAddress,
            'agent-address': action.agentAddress,
          })}`,
        ),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.join', params, CALL_MS)).message),
      },
      waitStep(context, {
        text: `Wait until ${facts.name} is ${as === 'failover' ? 'backup' : 'connected'}`,
        mirror,
        timeoutMs: READY_MS,
        wanted: (now) => ['Backup', 'Connected', 'Primary'].includes(statusIn(now, facts.id) ?? ''),
      }),
    ],
    holds: [`instance ${facts.id}`, `mirror ${mirror}`],
    result: `${facts.name} is the ${roles[as]} of ${mirror}. Add the databases that it lacks next.`,
  });
}

function statusIn(mirror: MirrorFacts | undefined, instance: string): string | undefined {
  const self = mirror?.instances.find(({ id }) => id === instance);
  return self && mirror ? statusOfSelf(ownPicture(self, mirror.name, true)) : undefined;
}

function memberChecks(facts: InstanceFacts, host: Host, needsAgent: boolean): readonly (Check & { todo: string })[] {
  return [
    check(`${facts.name} is running`, facts.status.state === 'running', `It is ${facts.status.state}.`, 'Start it first.'),
    ...(needsAgent ? [agentCheck(host)] : []),
  ];
}

function noMirror(facts: InstanceFacts): Check & { todo: string } {
  const [mirror] = facts.status.mirrors;
  return check(
    `${facts.name} is in no mirror`,
    mirror === undefined,
    `It is in ${mirror?.mirror ?? ''}.`,
    'Take another instance, or remove it from that mirror first.',
  );
}
