import type { ActionInput, HostView, InstanceView, MirrorView, Overview } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';

/** An action that makes sense to offer now. Whether it can be done is said by its plan, which main makes from the live state. */
export interface Offer {
  readonly action: ActionInput;
  /** The verb alone, for a button beside the thing it is about. */
  readonly verb: string;
  /** The verb and what it is about, for lists and screen readers. */
  readonly title: string;
  /** Interrupts service: shown apart from the others. */
  readonly danger: boolean;
}

const text = strings.actions;

export function mirrorOffers(mirror: MirrorView): Offer[] {
  const name = mirror.name;
  const hold: Offer =
    mirror.noFailover === true
      ? offer({ action: 'clearNoFailover', mirror: name }, text.clearNoFailover, name)
      : offer({ action: 'setNoFailover', mirror: name }, text.setNoFailover, name);
  return [hold, offer({ action: 'switchOver', mirror: name }, text.switchOver, name, true)];
}

/** Creating the demo, or removing it: also when its creation failed on the way and only its hosts are there. */
export function demoOffer(overview: Overview): Offer {
  const exists = overview.mirrors.some((m) => m.demo) || overview.hosts.some((h) => h.id.startsWith('demo-'));
  return exists
    ? { action: { action: 'removeDemoMirror' }, verb: text.removeDemoMirror, title: text.removeDemoMirror, danger: true }
    : { action: { action: 'createDemoMirror' }, verb: text.createDemoMirror, title: strings.start.demo, danger: false };
}

/** Start or stop; nothing while the instance is on its way from one to the other. */
export function instanceOffers(instance: InstanceView): Offer[] {
  const { state, name } = instance.status;
  if (state === 'starting') return [];
  return state === 'stopped'
    ? [offer({ action: 'startInstance', instance: instance.id }, text.startInstance, name)]
    : [offer({ action: 'stopInstance', instance: instance.id }, text.stopInstance, name, true)];
}

export function hostOffers(host: HostView): Offer[] {
  return host.agent?.state === 'running' ? [] : [offer({ action: 'startAgent', host: host.id }, text.startAgent, host.label)];
}

/** Everything on offer, for the command palette. */
export function allOffers(overview: Overview): Offer[] {
  return [
    ...overview.mirrors.flatMap(mirrorOffers),
    ...overview.instances.flatMap(instanceOffers),
    ...overview.hosts.flatMap(hostOffers),
    demoOffer(overview),
  ];
}

export function offer(action: ActionInput, verb: string, subject: string, danger = false): Offer {
  return { action, verb, title: text.named(verb, subject), danger };
}
