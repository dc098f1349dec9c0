import type { ActionContext } from '../actions/index.ts';
import type { Option } from '../contract/index.ts';
import type { HostFacts, InstanceFacts } from '../hosts/index.ts';

export function hosts(context: ActionContext): readonly HostFacts[] {
  return context.hosts.world().hosts;
}

export function instances(context: ActionContext): InstanceFacts[] {
  return hosts(context).flatMap((host) => host.instances);
}

/** Hosts, those whose agent does not answer with the reason. */
export function hostOptions(context: ActionContext): Option[] {
  return hosts(context).map(({ known, connection }) => ({
    value: known.id,
    text: known.label,
    hint: known.home,
    refused: connection.state === 'live' ? null : 'Its agent does not answer.',
  }));
}

/** Instances that could take part in a mirror; each that cannot, with the reason. */
export function instanceOptions(context: ActionContext, refused: (instance: InstanceFacts) => string | null): Option[] {
  return instances(context).map((instance) => ({
    value: instance.id,
    text: instanceText(instance, context),
    refused: instance.status.state === 'running' ? refused(instance) : `It is ${instance.status.state}.`,
  }));
}

/** The instance's name, with its host where that tells more. */
export function instanceText(instance: InstanceFacts, context: ActionContext): string {
  const label = hosts(context).find(({ known }) => known.id === instance.host)?.known.label ?? instance.host;
  return `${instance.name} on ${label}`;
}
