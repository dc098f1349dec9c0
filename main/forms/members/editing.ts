import { z } from 'zod';
import { CompressionMode } from '../../../engine/api/compression.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { MirrorConfiguration } from '../../../engine/api/mirror-configuration.ts';
import { HostPort } from '../../../engine/api/names.ts';
import { ParallelDejournaling } from '../../../engine/api/parallel.ts';
import { whyNoVirtualAddress } from '../../../engine/mirror/editing/index.ts';
import { configurationAt, memberAt, primaryAt, type ActionContext, type MemberAt } from '../../actions/index.ts';
import type { About, Form, FormValues } from '../../contract/index.ts';
import { mirrorsOf } from '../../view/index.ts';
import { FormBuilder } from '../builder.ts';
import { hosts } from '../choices.ts';
import { compressionOptions, parallelOptions, Qos } from '../create-mirror.ts';
import { chooseMember } from './choose.ts';

/** The mirror that is meant, and its configuration as its primary has it. */
async function chooseMirror(
  form: FormBuilder,
  about: About,
  context: ActionContext,
): Promise<{ name: string; now: MirrorConfiguration | null; primary: MemberAt | null }> {
  const mirrors = mirrorsOf(context.hosts.world());
  const why = (name: string): string | null => (primaryAt(context, name) === null ? 'No primary of it answers.' : null);
  const meant = mirrors.find(({ name }) => name === about.mirror);
  let name: string;
  if (meant === undefined)
    name = form.choice('mirror', {
      label: 'Mirror',
      options: mirrors.map((facts) => ({ value: facts.name, text: facts.name, refused: why(facts.name) })),
      none: 'No mirror has a primary that answers.',
    });
  else {
    ({ name } = meant);
    form.fact('mirror', name, { label: 'Mirror' });
  }
  const primary = name === '' ? null : primaryAt(context, name);
  if (primary === null) {
    if (name !== '') form.note('bad', 'No primary answers. The settings of a mirror are changed on its primary.');
    return { name, now: null, primary };
  }
  form.fact('primary', primary.name, { label: 'Changed on' });
  return { name, now: await configurationAt(primary), primary };
}

export async function editMirror(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('editMirror', values);
  form.group('Mirror');
  const { name, now } = await chooseMirror(form, about, context);
  const arbiter = now === null ? undefined : arbiterField(form, now);
  const vip = now === null ? {} : vipFields(form, now);
  const rest = now === null ? {} : settingFields(form, now);
  return form.end(
    { title: 'Change the settings of a mirror', intro: 'They are changed while the mirror works. Every member takes them over.' },
    () => ({
      action: 'editMirror',
      mirror: name,
      ...(arbiter === undefined || arbiter === now?.arbiter ? {} : { arbiter }),
      ...vip,
      ...rest,
    }),
  );
}

/** null: none from now on. */
function arbiterField(form: FormBuilder, now: MirrorConfiguration): string | null | undefined {
  form.group('Arbiter');
  const use = form.flag('useArbiter', {
    label: 'Use an arbiter',
    help: 'An agent on a third host, which lets the backup take over in the widest range of outages.',
    initial: now.arbiter !== null,
  });
  if (!use) return null;
  return form.text('arbiter', {
    label: 'Arbiter address',
    help: 'HOST:PORT of an agent on a host that has no failover or disaster recovery member of this mirror.',
    initial: now.arbiter ?? '',
    rule: HostPort,
  });
}

interface Vip {
  vip?: string | null;
  vipInterface?: string;
}

function vipFields(form: FormBuilder, now: MirrorConfiguration): Vip {
  form.group('Virtual IP address');
  const use = form.flag('useVip', {
    label: 'Use a virtual IP address',
    help: 'An address that is always the primary’s. This version keeps and shows it, and does not bind it.',
    initial: now.vip !== null,
  });
  if (!use) return now.vip === null ? {} : { vip: null };
  const taken = now.members.flatMap((m) => [m.privateAddress, m.superserverAddress, m.agentAddress]).map((each) => hostOf(each));
  const vip = form.text('vip', {
    label: 'Virtual address',
    help: 'With its mask, such as 10.0.2.100/24.',
    initial: now.vip?.address ?? '',
    wrong: (typed) => whyNoVirtualAddress(typed, taken)?.text ?? null,
  });
  const vipInterface = form.text('vipInterface', {
    label: 'Network interface',
    help: 'Of the primary’s host, in the network of that address.',
    initial: now.vip?.interface ?? '',
  });
  if (vip === now.vip?.address && vipInterface === now.vip?.interface) return {};
  return { ...(vip === undefined ? {} : { vip }), ...(vipInterface === undefined ? {} : { vipInterface }) };
}

function settingFields(form: FormBuilder, now: MirrorConfiguration) {
  form.group('Journal and timing');
  const qosMs = form.number('qosMs', {
    label: 'Quality of service timeout',
    help: 'How long a failover member waits for an answer of the other before it acts.',
    initial: now.qosMs,
    unit: 'ms',
    rule: Qos,
  });
  const compression = (name: string, label: string, was: CompressionMode): CompressionMode =>
    CompressionMode.parse(form.choice(name, { label, options: compressionOptions, initial: was }));
  const failover = compression('compressionFailover', 'Compression for the failover member', now.compression.failover);
  const async = compression('compressionAsync', 'Compression for async members', now.compression.async);
  const parallel = ParallelDejournaling.parse(
    form.choice('parallelDejournaling', {
      label: 'Parallel dejournaling',
      help: 'Which members may dejournal several databases at once.',
      options: parallelOptions,
      initial: now.parallelDejournaling,
    }),
  );
  return {
    ...(qosMs === undefined || qosMs === now.qosMs ? {} : { qosMs }),
    ...(failover === now.compression.failover ? {} : { compressionFailover: failover }),
    ...(async === now.compression.async ? {} : { compressionAsync: async }),
    ...(parallel === now.parallelDejournaling ? {} : { parallelDejournaling: parallel }),
  };
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

/** The addresses of a member: on the primary, or on a member that follows none, for that one alone. */
export async function addresses(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('addresses', values);
  form.group('Member');
  const told = chooseTold(form, about, context);
  const now = told === null ? null : await configurationAt(told);
  const member = form.choice('of', {
    label: 'Addresses of',
    options: (now?.members ?? []).map(({ name, type }) => ({ value: name, text: `${name} (${type})` })),
    ...(about.member === undefined ? {} : { initial: about.member }),
    none: 'No member that could make the change answers.',
  });
  const was = now?.members.find(({ name }) => name === member);
  const given = was === undefined || now === null ? {} : addressFields(form, was, now);
  return form.end(
    {
      title: 'Network addresses of a member',
      intro: 'How the others reach it. The superserver port is the member’s own setting and has a wizard of its own.',
    },
    () => ({ action: 'editAddresses', mirror: told?.mirror.name ?? '', instance: told?.facts.id ?? '', member, ...given }),
  );
}

/** The primary where there is one; else the member that the wizard was opened for, or one that is chosen. */
function chooseTold(form: FormBuilder, about: About, context: ActionContext): MemberAt | null {
  const primary = about.mirror === undefined ? null : primaryAt(context, about.mirror);
  if (primary !== null) {
    form.fact('told', `${primary.name}, the primary`, { label: 'Changed on' });
    return primary;
  }
  const told = chooseMember(form, about, context, { label: 'Changed on', among: () => true, none: 'No member answers.' });
  if (told !== null && told.status !== 'Primary')
    form.note('attention', `No primary answers: what is changed holds on ${told.name} alone, until a primary says otherwise.`);
  return told;
}

function addressFields(form: FormBuilder, was: MirrorConfiguration['members'][number], now: MirrorConfiguration) {
  form.group('Addresses', { hint: 'Without a port the one that it has is kept.' });
  const field = (name: 'superserverAddress' | 'privateAddress' | 'agentAddress', label: string, help: string): Record<string, string> => {
    const typed = form.text(name, { label, help, initial: was[name], ...(name === 'agentAddress' ? { rule: HostPort } : {}) });
    return typed === undefined || typed === was[name] ? {} : { [name]: typed };
  };
  const given = {
    ...field('superserverAddress', 'Superserver address', 'Where clients reach this member.'),
    ...field('privateAddress', 'Mirror private address', 'Where the other members reach it.'),
    ...field('agentAddress', 'Agent address', 'HOST:PORT of its host’s agent, as the other members reach it.'),
  };
  if (now.vip === null) return given;
  const before = was.vipInterface ?? now.vip.interface;
  const vipInterface = form.text('vipInterface', {
    label: 'Interface for the virtual address',
    help: `On this member; the mirror’s is ${now.vip.interface}.`,
    initial: before,
  });
  return vipInterface === undefined || vipInterface === before ? given : { ...given, vipInterface };
}

const Port = z.number().int('A port is a whole number.').min(1, 'A port is at least 1.').max(65535, 'A port is at most 65535.');

export function superserverPort(about: About, values: FormValues, context: ActionContext): Form {
  const form = new FormBuilder('superserverPort', values);
  form.group('Instance');
  const at = chooseMember(form, about, context, { label: 'Member', among: () => true, none: 'No member answers.' });
  if (at !== null) form.fact('now', String(at.facts.status.superserverPort), { label: 'Port now' });
  const taken = hosts(context)
    .flatMap(({ instances }) => instances)
    .filter(({ host, id }) => host === at?.facts.host && id !== at.facts.id);
  const port = form.number('port', {
    label: 'Superserver port',
    help: 'Both failover members best have the same one.',
    rule: Port.refine(
      (value) => taken.every(({ status }) => ![status.superserverPort, status.webPort].includes(value)),
      'Another instance of that host has this port.',
    ),
  });
  return form.end(
    { title: 'Superserver port of a member', intro: 'The instance listens there at once, and tells the other members of its mirrors.' },
    () => ({ action: 'setSuperserverPort', instance: at?.facts.id ?? '', port: port ?? 0 }),
  );
}

export function leaveMirror(about: About, values: FormValues, context: ActionContext): Form {
  const form = new FormBuilder('leaveMirror', values);
  form.group('Member');
  const at = chooseMember(form, about, context, { label: 'Member that leaves', among: () => true, none: 'No member answers.' });
  const isLast = at?.status === 'Primary';
  form.group('Its databases of the mirror');
  const databases = form.choice('databases', {
    label: 'They',
    style: 'radio',
    options: [
      {
        value: 'keep',
        text: 'Stay mirrored',
        hint: isLast
          ? 'Read-only. The mirror ends, so they can be used again only after they are made ordinary ones.'
          : 'Read-only, and cannot be deleted. They come back when the instance joins the same mirror again and they are activated.',
      },
      {
        value: 'unmirror',
        text: 'Become ordinary databases',
        hint: 'For good: to come back they are added to the mirror like any other database.',
      },
    ],
    initial: isLast ? 'unmirror' : 'keep',
  }) as 'keep' | 'unmirror';
  return form.end(
    {
      title: 'Remove the mirror configuration',
      intro: 'The instance leaves its mirror: asyncs first, then the backup, the primary last, which ends the mirror.',
    },
    () => ({ action: 'leaveMirror', mirror: at?.mirror.name ?? '', instance: at?.facts.id ?? '', databases }),
  );
}

/** The configuration as some member that answers has it; null: nobody answers. */
export async function configurationOf(context: ActionContext, mirror: string, instance: string): Promise<MirrorConfiguration | null> {
  try {
    return await configurationAt(memberAt(context, mirror, instance));
  } catch (error) {
    if (error instanceof GemelError) return null;
    throw error;
  }
}
