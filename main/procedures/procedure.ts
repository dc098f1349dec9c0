import type { About, ActionInput, ProcedureOffer, ProcedureSection } from '../contract/index.ts';
import { Action } from '../contract/index.ts';
import { actor, type Actor, type Scene } from './scene.ts';

/** Who is who: A is or was primary, B the other failover member, C a disaster recovery async. */
export interface Cast {
  readonly a?: string | undefined;
  readonly b?: string | undefined;
  readonly c?: string | undefined;
}

export interface Step {
  readonly text: string;
  readonly detail?: string;
  /** Left out: only a person knows. */
  readonly done?: (scene: Scene) => boolean;
  readonly waiting?: (scene: Scene) => string;
  readonly risk?: (scene: Scene) => string;
  readonly offers?: (scene: Scene) => ProcedureOffer[];
}

export interface Procedure {
  readonly id: string;
  readonly section: ProcedureSection;
  readonly title: string;
  readonly when: string;
  /** Whom it would be about now, or why it does not fit. */
  readonly cast: (scene: Scene) => Cast | string;
  readonly steps: (cast: Cast) => Step[];
}

export function say(name: string | undefined): string {
  return name ?? 'the member';
}

/** Offers about the instance of a member that this console knows. */
export function byInstance(
  scene: Scene,
  name: string | undefined,
  text: string,
  action: (instance: string) => ActionInput,
): ProcedureOffer[] {
  const found = actor(scene, name ?? '')?.instance ?? null;
  return found === null ? [] : [{ kind: 'action', text, action: Action.parse(action(found)) }];
}

/** Offers about the mirror that one of its members is told. */
export function byMember(
  scene: Scene,
  name: string | undefined,
  text: string,
  action: 'forcePrimary' | 'rebuild' | 'tryPrimary',
): ProcedureOffer[] {
  return byInstance(scene, name, text, (instance) => ({ action, mirror: scene.mirror, instance }));
}

export function demotion(scene: Scene, member: string | undefined): ProcedureOffer[] {
  if (member === undefined) return [];
  return [{ kind: 'action', text: `Demote ${member}`, action: Action.parse({ action: 'demote', mirror: scene.mirror, member }) }];
}

export function wizard(scene: Scene, name: string | undefined, text: string, form: 'promote' | 'resumePrimary'): ProcedureOffer[] {
  const instance = actor(scene, name ?? '')?.instance ?? null;
  const about: About = {
    mirror: scene.mirror,
    ...(name === undefined ? {} : { member: name }),
    ...(instance === null ? {} : { instance }),
  };
  return [{ kind: 'wizard', text, form, about }];
}

export function mirrorAction(scene: Scene, text: string, action: 'setNoFailover' | 'clearNoFailover' | 'switchOver'): ProcedureOffer[] {
  return [{ kind: 'action', text, action: Action.parse({ action, mirror: scene.mirror }) }];
}

/** A condition on one member, false while nothing is known of it. */
export function on(name: string | undefined, fits: (actor: Actor) => boolean): (scene: Scene) => boolean {
  return (scene) => {
    const found = name === undefined ? undefined : actor(scene, name);
    return found !== undefined && fits(found);
  };
}

/** `A: Primary; B: Backup, active` */
export function told(names: readonly (string | undefined)[]): (scene: Scene) => string {
  return (scene) =>
    names
      .flatMap((name) => (name === undefined ? [] : [actor(scene, name)]))
      .flatMap((found) => (found === undefined ? [] : [`${found.name}: ${found.status}${found.active ? ', active' : ''}`]))
      .join('; ');
}
