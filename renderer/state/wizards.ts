import type { About, FormName, InstanceView, MirrorView, Overview } from '../../main/contract/index.ts';
import { strings } from '../strings.ts';
import { routeHash } from './route.ts';

/** A wizard on offer: what it makes possible is said by its form, which main makes from the live state. */
export interface WizardOffer {
  readonly form: FormName;
  readonly about: About;
  /** The verb alone, for a button beside the thing it is about. */
  readonly verb: string;
  /** The verb and what it is about, for lists and screen readers. */
  readonly title: string;
  readonly hash: string;
}

const text = strings.wizards;

/** What can be begun without looking at anything. */
export function generalWizards(): WizardOffer[] {
  return (['createInstance', 'createMirror', 'joinFailover', 'joinAsync'] as const).map((form) => wizardOffer(form, {}));
}

export function instanceWizards(instance: InstanceView): WizardOffer[] {
  if (instance.status.state !== 'running' || instance.status.mirrors.length > 0) return [];
  const about = { instance: instance.id };
  return [
    wizardOffer('createMirror', about, instance.name),
    wizardOffer('joinFailover', about, instance.name),
    wizardOffer('joinAsync', about, instance.name),
  ];
}

export function mirrorWizards(mirror: MirrorView): WizardOffer[] {
  const about = { mirror: mirror.name };
  const failovers = mirror.members.filter(({ type }) => type === 'Failover').length;
  return [...(failovers < 2 ? [wizardOffer('joinFailover', about, mirror.name)] : []), wizardOffer('joinAsync', about, mirror.name)];
}

/** What is done with databases of a mirror. */
export function databaseWizards(mirror: string): WizardOffer[] {
  const about = { mirror };
  return [
    wizardOffer('createDatabase', about, mirror),
    wizardOffer('addDatabases', about, mirror),
    wizardOffer('compareDatabases', about, mirror),
  ];
}

/** What is done with databases and journals of a running instance; `databases`: those that are meant, if any. */
export function instanceDataWizards({ id, status }: InstanceView, databases: readonly string[] = []): WizardOffer[] {
  if (status.state !== 'running') return [];
  const about = { instance: id, ...(databases.length === 0 ? {} : { database: databases.join(',') }) };
  return (['createDatabase', 'backupDatabases', 'restoreDatabases', 'freezeDatabases'] as const).map((form) =>
    wizardOffer(form, form === 'backupDatabases' || form === 'freezeDatabases' ? about : { instance: id }, status.name),
  );
}

export function journalWizards({ id, status }: InstanceView): WizardOffer[] {
  if (status.state !== 'running') return [];
  return (['purgeJournal', 'restoreJournal'] as const).map((form) => wizardOffer(form, { instance: id }, status.name));
}

/** A wizard for chosen databases: by their names on the instance, or in the mirror where it is about one. */
export function chosenWizard(form: 'backupDatabases' | 'compareDatabases', about: About): WizardOffer {
  return wizardOffer(form, about, about.database);
}

/** Everything on offer, for the command palette. */
export function allWizards(overview: Overview): WizardOffer[] {
  return [
    ...generalWizards(),
    ...overview.mirrors.flatMap(mirrorWizards),
    ...overview.mirrors.flatMap(({ name }) => databaseWizards(name)),
    ...overview.instances.flatMap((instance) => [
      ...instanceWizards(instance),
      ...instanceDataWizards(instance),
      ...journalWizards(instance),
    ]),
  ];
}

export function wizardOffer(form: FormName, about: About, subject?: string): WizardOffer {
  const verb = text[form];
  return {
    form,
    about,
    verb,
    title: subject === undefined ? verb : text.about(verb, subject),
    hash: routeHash({ page: 'wizard', form, about }),
  };
}
