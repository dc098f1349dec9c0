import { HostPort, InstanceName, MirrorName } from '../../engine/api/names.ts';
import type { JoinAs } from '../../engine/api/join-as.ts';
import type { MemberView, MirrorStatus } from '../../engine/api/status.ts';
import type { ActionContext } from '../actions/index.ts';
import type { About, Form, FormValues } from '../contract/index.ts';
import type { InstanceFacts } from '../hosts/index.ts';
import { instanceOf, mirrorsOf, type MirrorFacts } from '../view/index.ts';
import { FormBuilder } from './builder.ts';
import { instanceOptions, instances } from './choices.ts';
import { memberFields } from './create-mirror.ts';
import { configurationOf } from './members/index.ts';

const ELSEWHERE = '*';
const MEMBERS_MAX = 16;
const REPORTING_MIRRORS_MAX = 10;

export function joinFailover(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('joinFailover', values);
  return join(form, 'failover', about, context, {
    title: 'Join as failover member',
    intro:
      'The instance becomes the second failover member: it gets every update before it is acknowledged, and takes over when the primary fails.',
  });
}

export function joinAsync(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('joinAsync', values);
  form.group('Role');
  const as = form.choice('as', {
    label: 'Async member for',
    style: 'radio',
    options: [
      { value: 'dr', text: 'Disaster recovery', hint: 'Has every database, in one mirror only, and can be promoted to failover member.' },
      { value: 'reporting-ro', text: 'Reporting, read-only', hint: 'Up to ten mirrors, any of their databases; they are read here.' },
      {
        value: 'reporting-rw',
        text: 'Reporting, read-write',
        hint: 'The same, and its copies take updates of their own too. Never promoted.',
      },
    ],
  });
  return join(form, as === 'reporting-ro' || as === 'reporting-rw' ? as : 'dr', about, context, {
    title: 'Join as async member',
    intro: 'The instance gets a copy of the mirror’s databases, a little behind. It never takes over by itself.',
  });
}

async function join(
  form: FormBuilder,
  as: JoinAs,
  about: About,
  context: ActionContext,
  texts: { title: string; intro: string },
): Promise<Form> {
  form.group('Mirror to join');
  const mirrors = mirrorsOf(context.hosts.world());
  const chosen = form.choice('mirror', {
    label: 'Mirror',
    options: [
      ...mirrors.map((facts) => ({ value: facts.name, text: facts.name, refused: whyNotJoin(facts, as) })),
      { value: ELSEWHERE, text: 'Another, by its address' },
    ],
    ...(about.mirror === undefined ? {} : { initial: about.mirror }),
  });
  const facts = mirrors.find(({ name }) => name === chosen);
  const { mirror, agent, via } = facts === undefined ? askWhere(form) : await showWhere(form, facts, context);
  form.group('This member');
  const instance = form.choice('instance', {
    label: 'Instance',
    options: instanceOptions(context, (each) => whyNotMember(each, as, mirror ?? null)),
    ...(about.instance === undefined ? {} : { initial: about.instance }),
    none: 'There is no running instance that could join. Create or start one first.',
  });
  const addresses = memberFields(form);
  if (as !== 'reporting-ro' && as !== 'reporting-rw')
    agentNote(
      form,
      instances(context).find(({ id }) => id === instance),
      context,
    );
  return form.end(texts, () => ({
    action: 'joinMirror',
    instance,
    mirror: (mirror ?? '').toUpperCase(),
    as,
    agent: agent ?? '',
    via: (via ?? '').toUpperCase(),
    ...addresses,
  }));
}

interface Where {
  readonly mirror: string | undefined;
  readonly agent: string | undefined;
  readonly via: string | undefined;
}

function askWhere(form: FormBuilder): Where {
  return {
    mirror: form.text('mirrorName', { label: 'Mirror name', rule: MirrorName }),
    agent: form.text('agent', {
      label: 'Agent of a failover member',
      help: 'HOST:PORT; its port is 2188 unless set otherwise.',
      rule: HostPort,
    }),
    via: form.text('via', { label: 'Instance there', help: 'Name of the instance that is that failover member.', rule: InstanceName }),
  };
}

/** What the mirror fixes is shown and not asked. */
async function showWhere(form: FormBuilder, facts: MirrorFacts, context: ActionContext): Promise<Where> {
  const picture = facts.source?.mirror;
  const member = picture && failoverOf(picture);
  const via = member && instanceOf(member, facts)?.name;
  if (picture) {
    form.fact('primary', member?.name ?? 'none now', { label: 'Joins through' });
    form.fact('arbiter', picture.arbiter.address?.replace('|', ':') ?? 'none', { label: 'Arbiter' });
    const configuration = facts.source && (await configurationOf(context, facts.name, facts.source.instance.id));
    if (configuration) form.fact('qos', `${configuration.qosMs} ms`, { label: 'Quality of service timeout' });
    form.fact('vipFact', picture.vip?.address ?? 'none', { label: 'Virtual address' });
    if (picture.vip) form.fact('vipInterfaceFact', picture.vip.interface, { label: 'Its network interface' });
    form.fact('tls', 'not required', { label: 'TLS' });
  }
  return {
    mirror: facts.name,
    agent: member?.agentAddress.replace('|', ':'),
    via:
      via ??
      form.text('via', {
        label: 'Instance there',
        help: `Name of the instance that is ${member?.name ?? 'a failover member'}.`,
        rule: InstanceName,
      }),
  };
}

function failoverOf({ members }: MirrorStatus): MemberView | undefined {
  const failover = members.filter(({ type }) => type === 'Failover');
  return failover.find(({ status }) => status === 'Primary') ?? failover[0];
}

function whyNotJoin({ source, name }: MirrorFacts, as: JoinAs): string | null {
  if (source?.instance.connection.state !== 'live') return 'No member of it answers now.';
  const { members } = source.mirror;
  if (as === 'failover' && members.filter(({ type }) => type === 'Failover').length >= 2) return `${name} has two failover members.`;
  return members.length >= MEMBERS_MAX ? `${name} has ${MEMBERS_MAX} members.` : null;
}

function whyNotMember({ status: { mirrors } }: InstanceFacts, as: JoinAs, mirror: string | null): string | null {
  const [first] = mirrors;
  if (first === undefined) return null;
  if (mirrors.some((each) => each.mirror === mirror)) return `It is in ${mirror ?? ''} already.`;
  const type = as === 'reporting-ro' ? 'Read-Only Reporting' : as === 'reporting-rw' ? 'Read-Write Reporting' : null;
  if (type === null || first.type !== type) return `It is in mirror ${first.mirror} as ${first.type}.`;
  return mirrors.length >= REPORTING_MIRRORS_MAX ? `It is in ${REPORTING_MIRRORS_MAX} mirrors.` : null;
}

function agentNote(form: FormBuilder, instance: InstanceFacts | undefined, context: ActionContext): void {
  const host = instance && context.hosts.world().hosts.find(({ known }) => known.id === instance.host);
  if (host && host.connection.state !== 'live')
    form.note('bad', `The agent of ${host.known.label} does not answer; this member needs it. Start it first.`);
}
