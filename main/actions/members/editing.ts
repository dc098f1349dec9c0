import { findMember, whyNotEditAddresses } from '../../../engine/mirror/editing/index.ts';
import type { MirrorConfiguration } from '../../../engine/api/mirror-configuration.ts';
import type { Plan } from '../../contract/index.ts';
import { options } from '../command-line.ts';
import { check, findInstance, findMirror, holdsOf, prepared, type ActionContext, type Check, type Of, type Prepared } from '../context.ts';
import { CALL_MS, answers, askedOf, asMembers, configurationAt, holds, memberAt, primaryAt, refusalOf, type MemberAt } from './standing.ts';

/** What would be different, each a sentence with what it was. */
export function changesOf(action: Of<'editMirror'>, now: MirrorConfiguration): string[] {
  const { arbiter, qosMs, compressionFailover, compressionAsync, parallelDejournaling, vip, vipInterface } = action;
  const line = (what: string, to: string | number | null | undefined, was: string | number | null): string[] =>
    to === undefined || to === was ? [] : [`${what}: ${to ?? 'none'} (was ${was ?? 'none'}).`];
  return [
    ...line('Arbiter', arbiter, now.arbiter),
    ...line('Quality of service timeout, ms', qosMs, now.qosMs),
    ...line('Compression for the failover member', compressionFailover, now.compression.failover),
    ...line('Compression for async members', compressionAsync, now.compression.async),
    ...line('Parallel dejournaling', parallelDejournaling, now.parallelDejournaling),
    ...line('Virtual address', vip, now.vip?.address ?? null),
    ...line('Its network interface', vip === null ? undefined : vipInterface, now.vip?.interface ?? null),
  ];
}

export async function editMirror(action: Of<'editMirror'>, context: ActionContext): Promise<Prepared> {
  const mirror = findMirror(context, action.mirror);
  const primary = primaryAt(context, action.mirror);
  const now = primary === null ? null : await configurationAt(primary);
  const { action: _action, ...params } = action;
  const changes = now === null ? [] : changesOf(action, now);
  return prepared(action, {
    title: `Change the settings of ${action.mirror}`,
    subject: action.mirror,
    consequences: [
      ...changes,
      ...(changes.length === 0
        ? []
        : ['The mirror works on; the backup follows anew for a moment. The other members take it over when they are connected.']),
      ...(action.arbiter === null ? ['Without an arbiter the backup cannot take over when the primary’s whole host fails.'] : []),
    ],
    checks: [operates(primary), check('Something is changed', changes.length > 0, 'Everything is as it is now.', 'Change a setting.')],
    steps: [
      {
        text: `Change it on ${primary?.name ?? 'the primary'}`,
        command:
          primary?.host.command(
            `mirror edit ${primary.facts.name} ${options({
              arbiter: action.arbiter === null ? 'none' : action.arbiter,
              qos: action.qosMs,
              'compression-failover': action.compressionFailover,
              'compression-async': action.compressionAsync,
              'parallel-dejournaling': action.parallelDejournaling,
              vip: action.vip === null ? 'none' : action.vip,
              'vip-interface': action.vipInterface,
            })}`,
          ) ?? null,
        run: async ({ log }) => {
          if (primary !== null) log((await primary.host.callInstance(primary.facts.name, 'mirror.edit', params, CALL_MS)).message);
        },
      },
    ],
    holds: [`mirror ${mirror.name}`, ...mirror.instances.flatMap(holdsOf)],
    result: `The settings of ${action.mirror} are changed.`,
  });
}

function operates(primary: MemberAt | null): Check {
  return check(
    'A primary operates',
    primary !== null,
    'No member that answers is primary.',
    'Wait until one is primary: it makes the change.',
  );
}

export async function editAddresses(action: Of<'editAddresses'>, context: ActionContext): Promise<Prepared> {
  const at = memberAt(context, action.mirror, action.instance);
  const { host, facts, status } = at;
  const { action: _action, instance: _instance, ...params } = action;
  const isPrimary = status === 'Primary';
  const now = answers(at).ok === true ? await configurationAt(at) : null;
  const { changes, refusal } = now === null ? { changes: [], refusal: null } : addressChanges(at, action, now);
  return prepared(action, {
    title: `Change the addresses of ${action.member}`,
    subject: action.member,
    consequences: [
      ...changes,
      ...(changes.length === 0
        ? []
        : [
            isPrimary
              ? 'Every connected member knows it at once, the others when they connect. Members that are connected to it connect anew.'
              : `${at.name} follows no primary: it uses that itself from now on, and takes over what the primary says once it is connected.`,
          ]),
    ],
    checks: [answers(at), check('Something is changed', changes.length > 0, 'All addresses are as they are now.', 'Change an address.')],
    refusals: refusal === null ? [] : [refusal],
    steps: [
      {
        text: `Change it on ${at.name}`,
        command: host.command(
          `mirror edit ${facts.name} ${options({
            member: action.member,
            'superserver-address': action.superserverAddress,
            'private-address': action.privateAddress,
            'agent-address': action.agentAddress,
            'vip-interface': action.vipInterface,
          })}`,
        ),
        run: async ({ log }) => log((await host.callInstance(facts.name, 'mirror.edit', params, CALL_MS)).message),
      },
    ],
    holds: holds(at),
    result: `The addresses of ${action.member} are changed.`,
  });
}

function addressChanges(
  at: MemberAt,
  action: Of<'editAddresses'>,
  now: MirrorConfiguration,
): { changes: string[]; refusal: Plan['refusals'][number] | null } {
  const target = findMember({ mirror: now.mirror, members: asMembers(now.members) }, action.member);
  if (!('guid' in target)) return { changes: [], refusal: refusalOf(target) };
  const asked = askedOf(at, now);
  const refused = asked === null ? null : whyNotEditAddresses(asked, target, action);
  const line = (what: string, to: string | undefined, was: string): string[] =>
    to === undefined || to === was ? [] : [`${what} of ${target.name}: ${to} (was ${was}).`];
  return {
    refusal: refused === null ? null : refusalOf(refused),
    changes: [
      ...line('Superserver address', action.superserverAddress, target.superserverAddress),
      ...line('Private address', action.privateAddress, target.privateAddress),
      ...line('Agent address', action.agentAddress, target.agentAddress),
      ...line('Interface for the virtual address', action.vipInterface, target.vipInterface ?? now.vip?.interface ?? 'none'),
    ],
  };
}

export function setSuperserverPort(action: Of<'setSuperserverPort'>, context: ActionContext): Prepared {
  const { host, facts } = findInstance(context, action.instance);
  const { name, status } = facts;
  const mirrors = status.mirrors.map(({ mirror }) => mirror);
  return prepared(action, {
    title: `Let ${name} listen on port ${action.port}`,
    subject: name,
    consequences: [
      `The superserver of ${name} listens on port ${action.port} from now on; no restart is needed.`,
      `Port ${status.superserverPort} is served too until the instance is restarted.`,
      ...(mirrors.length === 0 ? [] : [`The other members of ${mirrors.join(', ')} are told, and connect to it there.`]),
      'Clients that know the port have to be told by you.',
    ],
    checks: [
      check(
        `${name} answers`,
        facts.connection.state === 'live',
        facts.connection.reason ?? `It is ${status.state}.`,
        `Start ${name} first.`,
      ),
      check(`${name} is in a mirror`, mirrors.length > 0, 'It is in none.', 'Set [Startup] DefaultPort in its gemel.cpf and restart it.'),
      check(
        'It is another port',
        action.port !== status.superserverPort,
        `It listens on port ${action.port} already.`,
        'Give another port.',
      ),
    ],
    steps: [
      {
        text: `Listen on port ${action.port} and tell the other members`,
        command: host.command(`mirror edit ${name} --superserver-port ${action.port}`),
        run: async ({ log }) => log((await host.callInstance(name, 'mirror.edit', { superserverPort: action.port }, CALL_MS)).message),
      },
    ],
    holds: holdsOf(facts),
    result: `${name} listens on port ${action.port}.`,
  });
}
