import { conditionOf } from '../../../engine/api/conditions.ts';
import { GemelError } from '../../../engine/api/errors.ts';
import type { MirrorConfiguration } from '../../../engine/api/mirror-configuration.ts';
import type { MemberStatus, MemberType } from '../../../engine/api/status.ts';
import type { Asked, Standing } from '../../../engine/mirror/editing/index.ts';
import type { Plan } from '../../contract/index.ts';
import type { Host, InstanceFacts } from '../../hosts/index.ts';
import { livePrimaries, type MirrorFacts } from '../../view/index.ts';
import { check, findInstance, findMirror, type ActionContext, type Check } from '../context.ts';

/** How long an instance may take to carry out what it was asked for. */
export const CALL_MS = 120_000;
/** The same of a question that changes nothing. */
export const ASK_MS = 30_000;
/** How long the mirror may take to show what was done. */
export const SHOWN_MS = 60_000;

/** An instance as a member of one of its mirrors. */
export interface MemberAt {
  readonly host: Host;
  readonly facts: InstanceFacts;
  readonly mirror: MirrorFacts;
  /** Name of the member. */
  readonly name: string;
  readonly type: MemberType;
  readonly status: MemberStatus;
}

/** @throws GemelError NOT_FOUND */
export function memberAt(context: ActionContext, mirrorName: string, instance: string): MemberAt {
  const { host, facts } = findInstance(context, instance);
  const place = facts.status.mirrors.find(({ mirror }) => mirror === mirrorName);
  if (!place)
    throw new GemelError(
      'NOT_FOUND',
      `${facts.name} is not in mirror ${mirrorName}.`,
      'Nothing was changed.',
      'Choose one of its members.',
    );
  // One that is in several mirrors has one name in all of them.
  const name = facts.snapshot?.mirror?.thisMember ?? facts.name;
  return { host, facts, mirror: findMirror(context, mirrorName), name, type: place.type, status: place.status };
}

/** The primary where it answers. */
export function primaryAt(context: ActionContext, mirrorName: string): MemberAt | null {
  const [primary] = livePrimaries(findMirror(context, mirrorName));
  return primary === undefined ? null : memberAt(context, mirrorName, primary.id);
}

/** What an instance is in a mirror now; undefined: not in it, or not known. */
export function placeOf(mirror: MirrorFacts | undefined, instance: string): { type: MemberType; status: MemberStatus } | undefined {
  const facts = mirror?.instances.find(({ id }) => id === instance);
  return facts?.status.mirrors.find((each) => each.mirror === mirror?.name);
}

export function isAsync({ type }: Pick<MemberAt, 'type'>): boolean {
  return type !== 'Failover';
}

/** Its name for an option: only an instance in several mirrors has to be told which. */
export function mirrorOption({ facts, mirror }: MemberAt): string | undefined {
  return facts.status.mirrors.length > 1 ? mirror.name : undefined;
}

export function answers({ facts }: MemberAt): Check {
  const { name, connection, status } = facts;
  const why = status.state === 'running' ? (connection.reason ?? 'There is no connection to it.') : `It is ${status.state}.`;
  return check(`${name} answers`, connection.state === 'live', why, `Start ${name}, or look after its host.`);
}

/** What members are held by while a job works on one of them. */
export function holds({ facts, mirror }: MemberAt): string[] {
  return [`instance ${facts.id}`, `mirror ${mirror.name}`];
}

/** @throws GemelError what the instance answers, NOT_RUNNING */
export function configurationAt({ host, facts, mirror }: MemberAt): Promise<MirrorConfiguration> {
  return host.callInstance(facts.name, 'mirror.configuration', { mirror: mirror.name }, ASK_MS);
}

/** The member as the engine's rules of editing ask for it. */
export function askedOf({ name, status }: MemberAt, { members }: MirrorConfiguration): Asked | null {
  const self = asMembers(members).find((each) => each.name === name);
  return self === undefined ? null : { self, standing: standingOf(status) };
}

export function asMembers(members: MirrorConfiguration['members']): Asked['self'][] {
  return members.map(({ vipInterface, ...member }) => ({ ...member, ...(vipInterface === null ? {} : { vipInterface }) }));
}

function standingOf(status: MemberStatus): Standing {
  if (status === 'Primary') return 'primary';
  if (status === 'Backup' || status === 'Connected' || status === 'Synchronizing') return 'connected';
  return status === 'Stopped' ? 'stopped' : 'disconnected';
}

type Refusal = Plan['refusals'][number];

/** A refusal of the engine's rules, with its own advice. */
export function refusalOf({ code, text }: { readonly code: string; readonly text: string }): Refusal {
  return { reason: text, todo: conditionOf(code)?.todo ?? '' };
}

/** The same of an answer to a question; what is no refusal of the engine is thrown on. */
export function refusedWith(error: unknown): Refusal {
  if (!(error instanceof GemelError)) throw error;
  return { reason: error.what, todo: error.todo };
}
