import { GemelError } from '../../engine/api/errors.ts';
import type { WhatIfView } from '../contract/index.ts';
import type { Hosts } from '../hosts/index.ts';
import { toProblem } from '../jobs/index.ts';
import { mirrorsOf } from '../view/index.ts';
import type { MirrorFacts } from '../view/index.ts';
import { KeptAnswers } from './kept-answers.ts';

export interface AnswersOptions {
  readonly hosts: Hosts;
  /** ms since the epoch. */
  now(): number;
  /** An answer has come. */
  changed(): void;
}

/** What the engine foretells of each mirror that a page shows; by the mirror's name. */
export function whatIfAnswers({ hosts, now, changed }: AnswersOptions): KeptAnswers<MirrorFacts, WhatIfView> {
  return new KeptAnswers({
    now,
    changed,
    find: (mirror) => mirrorsOf(hosts.world()).find(({ name }) => name === mirror) ?? null,
    pictureOf,
    ask: (facts) => answers(facts, hosts, now),
  });
}

async function answers({ name, source }: MirrorFacts, hosts: Hosts, now: () => number): Promise<WhatIfView> {
  const member = source?.mirror.thisMember ?? null;
  try {
    if (source?.instance.connection.state !== 'live')
      throw new GemelError(
        'NOT_RUNNING',
        'No member of the mirror can be asked now.',
        'Nothing was changed.',
        'Start a member, or look after its host.',
      );
    const { host, name: instance } = source.instance;
    const told = await hosts.get(host).callInstance(instance, 'mirror.whatIf', { mirror: name });
    return { member, asOf: now(), answers: told, problem: null };
  } catch (error) {
    return { member, asOf: now(), answers: [], problem: toProblem(error) };
  }
}

/** What answers depend on, as far as members tell it by themselves. */
function pictureOf({ source }: MirrorFacts): string {
  if (source === null) return '';
  const { mirror, instance } = source;
  const members = mirror.members.map(({ name, status, journalTransfer }) => [name, status, journalTransfer === 'Active']);
  const checks = instance.snapshot?.readiness.map(({ check, ok }) => [check, ok]);
  return JSON.stringify([instance.id, instance.connection.state, mirror.noFailover, mirror.arbiter, members, checks]);
}
