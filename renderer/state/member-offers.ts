import type { ActionInput, MirrorMemberView, MirrorView } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';
import { offer, type Offer } from './offers.ts';
import { wizardOffer, type WizardOffer } from './wizards.ts';

/** What is on offer for a member as it stands. Whether it can be done is said by its plan. */

const text = strings.actions;

/** Neither at work in the mirror nor on the way there: it waits for somebody. */
const WAITING = new Set(['Waiting', 'Crashed', 'Transition']);

export function memberOffers(mirror: MirrorView, member: MirrorMemberView): Offer[] {
  const { name, status, type, instance } = member;
  const of = (action: ActionInput, verb: string, danger = false): Offer => offer(action, verb, name, danger);
  const offers: Offer[] = [];
  if (type === 'Failover' && status === 'Backup') offers.push(of({ action: 'demote', mirror: mirror.name, member: name }, text.demote));
  if (instance !== null) {
    const about = { mirror: mirror.name, instance };
    if (status === 'Stopped') offers.push(of({ action: 'startMirroring', ...about }, text.startMirroring));
    else if (['Backup', 'Synchronizing', 'Connected'].includes(status))
      offers.push(of({ action: 'stopMirroring', ...about }, text.stopMirroring));
    if (type === 'Failover' && mirror.primary === null && WAITING.has(status)) {
      offers.push(of({ action: 'tryPrimary', ...about }, text.tryPrimary));
      offers.push(of({ action: 'forcePrimary', ...about }, text.forcePrimary, true));
    }
    if (mirror.primary !== null && mirror.primary !== name && status !== 'Down')
      offers.push(of({ action: 'rebuild', ...about }, text.rebuild, true));
  }
  if (mirror.primary !== null && mirror.primary !== name)
    offers.push(of({ action: 'removeMember', mirror: mirror.name, member: name }, text.removeMember, true));
  return offers;
}

export function memberWizards(mirror: MirrorView, { name, type, status, instance }: MirrorMemberView): WizardOffer[] {
  const addresses = wizardOffer('addresses', { mirror: mirror.name, member: name, ...(instance === null ? {} : { instance }) }, name);
  if (instance === null) return [addresses];
  const of = (form: WizardOffer['form']): WizardOffer => wizardOffer(form, { mirror: mirror.name, instance }, name);
  return [
    ...(type === 'Disaster Recovery' ? [of('promote')] : []),
    ...(status === 'In Trouble' ? [of('resumePrimary')] : []),
    ...(type === 'Failover' ? [] : [of('dejournaling'), of('changeType')]),
    ...(type === 'Read-Only Reporting' || type === 'Read-Write Reporting' ? [of('filter')] : []),
    addresses,
    of('superserverPort'),
    of('leaveMirror'),
  ];
}

export function settingsWizard(mirror: string): WizardOffer {
  return wizardOffer('editMirror', { mirror }, mirror);
}

/** All of a mirror's, for the command palette. */
export function membersOffers(mirror: MirrorView): Offer[] {
  return mirror.members.flatMap((member) => memberOffers(mirror, member));
}

export function membersWizards(mirror: MirrorView): WizardOffer[] {
  return [settingsWizard(mirror.name), ...mirror.members.flatMap((member) => memberWizards(mirror, member))];
}
