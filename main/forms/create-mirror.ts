import { z } from 'zod';
import { CompressionMode } from '../../engine/api/compression.ts';
import { HostPort, MemberName, MirrorName } from '../../engine/api/names.ts';
import { ParallelDejournaling } from '../../engine/api/parallel.ts';
import { whyNoVirtualAddress } from '../../engine/mirror/editing/index.ts';
import type { ActionContext } from '../actions/index.ts';
import type { About, Form, FormValues, Option } from '../contract/index.ts';
import { mirrorsOf } from '../view/index.ts';
import { FormBuilder } from './builder.ts';
import { instanceOptions } from './choices.ts';

export const Qos = z.number().int('Give whole milliseconds.').min(100, 'At least 100 ms.').max(600_000, 'At most 600,000 ms.');

const compressionModes: Record<CompressionMode, string> = {
  system: 'System selected',
  none: 'Uncompressed',
  zstd: 'zstd',
  lz4: 'lz4',
  zlib: 'zlib',
};
export const compressionOptions: readonly Option[] = CompressionMode.options.map((value) => ({ value, text: compressionModes[value] }));

const parallelModes: Record<ParallelDejournaling, string> = {
  failover: 'Failover members only',
  'failover+dr': 'Failover and disaster recovery members',
  all: 'All members',
};
export const parallelOptions: readonly Option[] = ParallelDejournaling.options.map((value) => ({ value, text: parallelModes[value] }));

export function createMirror(about: About, values: FormValues, context: ActionContext): Form {
  const form = new FormBuilder('createMirror', values);
  form.group('Mirror');
  const instance = form.choice('instance', {
    label: 'First failover member',
    help: 'It becomes primary, and keeps what it has.',
    options: instanceOptions(context, ({ status }) =>
      status.mirrors.length > 0 ? `It is in mirror ${status.mirrors[0]?.mirror ?? ''}.` : null,
    ),
    ...(about.instance === undefined ? {} : { initial: about.instance }),
    none: 'There is no running instance outside a mirror. Create or start one first.',
  });
  const known = mirrorsOf(context.hosts.world()).map(({ name }) => name);
  const name = form.text('name', {
    label: 'Mirror name',
    help: '1 to 15 letters and digits; kept in capitals. It cannot be changed later.',
    rule: MirrorName,
    wrong: (typed) => (known.includes(typed.toUpperCase()) ? `This console knows a mirror ${typed.toUpperCase()} already.` : null),
  });
  const arbiter = arbiterFields(form);
  const vip = vipFields(form);
  form.group('This member');
  const addresses = memberFields(form);
  form.group('Advanced', { advanced: true });
  const qosMs = form.number('qosMs', {
    label: 'Quality of service timeout',
    help: 'How long a failover member waits for an answer of the other before it acts. The default suits physical hosts on one network.',
    initial: 8000,
    unit: 'ms',
    rule: Qos,
  });
  const compressionFailover = CompressionMode.parse(
    form.choice('compressionFailover', { label: 'Compression for the failover member', options: compressionOptions, initial: 'system' }),
  );
  const compressionAsync = CompressionMode.parse(
    form.choice('compressionAsync', { label: 'Compression for async members', options: compressionOptions, initial: 'system' }),
  );
  const parallelDejournaling = ParallelDejournaling.parse(
    form.choice('parallelDejournaling', {
      label: 'Parallel dejournaling',
      help: 'Which members may dejournal several databases at once.',
      options: parallelOptions,
      initial: 'failover+dr',
    }),
  );
  if (arbiter === undefined)
    form.note(
      'attention',
      'Without an arbiter the backup cannot take over when the primary’s whole host fails: nobody could prove that it is gone.',
    );
  return form.end(
    {
      title: 'Create a mirror',
      intro:
        'The instance becomes the first failover member and primary of a new mirror. A second member and databases are added afterwards.',
    },
    () => ({
      action: 'createMirror',
      instance,
      name: name ?? '',
      qosMs: qosMs ?? 8000,
      compressionFailover,
      compressionAsync,
      parallelDejournaling,
      arbiter,
      ...vip,
      ...addresses,
    }),
  );
}

function arbiterFields(form: FormBuilder): string | undefined {
  const use = form.flag('useArbiter', {
    label: 'Use an arbiter',
    help: 'Recommended: an agent on a third host, which lets the backup take over in the widest range of outages.',
    initial: true,
  });
  if (!use) return undefined;
  return form.text('arbiter', {
    label: 'Arbiter address',
    help: 'HOST:PORT of an agent (port 2188 unless set otherwise) on a host that has no failover or disaster recovery member of this mirror.',
    rule: HostPort,
  });
}

function vipFields(form: FormBuilder): { vip?: string; vipInterface?: string } {
  const use = form.flag('useVip', {
    label: 'Use a virtual IP address',
    help: 'An address that is always the primary’s. This version keeps and shows it, and does not bind it.',
  });
  if (!use) return {};
  const vip = form.text('vip', {
    label: 'Virtual address',
    help: 'With its mask, such as 10.0.2.100/24.',
    wrong: (typed) => whyNoVirtualAddress(typed, [])?.text ?? null,
  });
  const vipInterface = form.text('vipInterface', {
    label: 'Network interface',
    help: 'Of the first member’s host, in the network of that address.',
  });
  return { ...(vip === undefined ? {} : { vip }), ...(vipInterface === undefined ? {} : { vipInterface }) };
}

/** How the others are to reach the member; what is left empty the instance works out for itself. */
export function memberFields(form: FormBuilder) {
  return {
    member: form.text('member', {
      label: 'Mirror member name',
      help: 'At most 32 characters; kept in capitals. It cannot be changed later.',
      placeholder: 'HOST_INSTANCE',
      rule: MemberName,
    }),
    superserverAddress: form.text('superserverAddress', {
      label: 'Superserver address',
      help: 'Host name or address at which clients reach this member.',
      placeholder: 'where the instance listens',
    }),
    privateAddress: form.text('privateAddress', {
      label: 'Mirror private address',
      help: 'Host name or address at which the other members reach it.',
      placeholder: 'as the superserver address',
    }),
    agentAddress: form.text('agentAddress', {
      label: 'Agent address',
      help: 'HOST:PORT of this host’s agent, as the other members reach it.',
      placeholder: 'where the agent listens, port 2188',
      rule: HostPort,
    }),
  };
}
