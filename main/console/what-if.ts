import { GemelError } from '../../engine/api/errors.ts';
import type { WhatIfView } from '../contract/index.ts';
import type { Hosts } from '../hosts/index.ts';
import { toProblem } from '../jobs/index.ts';
import { mirrorsOf } from '../view/index.ts';
import type { MirrorFacts } from '../view/index.ts';

/** The members' agents are asked for each answer: what no member tells by itself is this old at most while a page is open. */
const FRESH_MS = 5000;

interface Kept {
  /** What the mirror looked like when it was asked. */
  picture: string;
  askedAt: number;
  asking: boolean;
  view: WhatIfView | null;
}

interface WhatIfOptions {
  readonly hosts: Hosts;
  /** ms since the epoch. */
  now(): number;
  /** An answer has come. */
  changed(): void;
}

/** What the engine foretells of each mirror that a page shows. Members are asked only while somebody looks. */
export class WhatIfAnswers {
  readonly #options: WhatIfOptions;
  readonly #kept = new Map<string, Kept>();
  #closed = false;

  constructor(options: WhatIfOptions) {
    this.#options = options;
  }

  /** The newest answers; asks for newer ones in the background where the mirror has changed since, or they are old. */
  of(mirror: string): WhatIfView | null {
    const facts = mirrorsOf(this.#options.hosts.world()).find((each) => each.name === mirror);
    if (facts === undefined) {
      this.#kept.delete(mirror);
      return null;
    }
    const kept = this.#kept.get(mirror) ?? { picture: '', askedAt: Number.NEGATIVE_INFINITY, asking: false, view: null };
    this.#kept.set(mirror, kept);
    const picture = pictureOf(facts);
    const isOld = picture !== kept.picture || this.#options.now() - kept.askedAt >= FRESH_MS;
    if (isOld && !kept.asking && !this.#closed) void this.#ask(facts, picture, kept);
    return kept.view;
  }

  close(): void {
    this.#closed = true;
  }

  async #ask(facts: MirrorFacts, picture: string, kept: Kept): Promise<void> {
    Object.assign(kept, { picture, askedAt: this.#options.now(), asking: true });
    const view = await this.#answers(facts);
    kept.asking = false;
    kept.view = view;
    if (!this.#closed) this.#options.changed();
  }

  async #answers({ name, source }: MirrorFacts): Promise<WhatIfView> {
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
      const answers = await this.#options.hosts.get(host).callInstance(instance, 'mirror.whatIf', { mirror: name });
      return { member, asOf: this.#options.now(), answers, problem: null };
    } catch (error) {
      return { member, asOf: this.#options.now(), answers: [], problem: toProblem(error) };
    }
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
