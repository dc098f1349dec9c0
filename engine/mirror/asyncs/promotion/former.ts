import type { Member } from '../../membership.ts';
import type { Mirror } from '../../mirror.ts';
import { tellRole } from './tell.ts';

/** Least time between two rounds. */
const AGAIN_MS_MIN = 2000;

/**
 * Disaster recovery members that are away may have been failover members when they went, and not know that they are none any more.
 * Their agents are asked, again and again, until each has said that its member knows, or has stored it: one question each a round,
 * and none to who has confirmed. What a member knows counts until the membership changes.
 */
export class FormerMembers {
  readonly #mirror: Mirror;
  readonly #knowing = new Set<string>();
  /** What their agents have refused already, until the membership changes. */
  readonly #said = new Set<string>();
  #version = 0;
  #timer: { cancel(): void } | null = null;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  /** Begins, or goes on, with a round after the usual time. */
  start(): void {
    const { options, membership } = this.#mirror;
    this.#timer?.cancel();
    this.#timer = options.io.clock.timer(Math.max(AGAIN_MS_MIN, 2 * membership.qosMs), () => void this.#round());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #round(): Promise<void> {
    const { version } = this.#mirror.membership;
    await Promise.all(
      this.#unknowing().map(async (member) => {
        const knows = await tellRole(this.#mirror, member, this.#said);
        if (knows && version === this.#mirror.membership.version) this.#knowing.add(member.guid);
      }),
    );
    if (this.#timer !== null && !this.#mirror.hasEnded) this.start();
  }

  #unknowing(): Member[] {
    const { membership, followers, hasEnded } = this.#mirror;
    if (membership.version !== this.#version) for (const each of [this.#knowing, this.#said]) each.clear();
    this.#version = membership.version;
    if (hasEnded || !mayTell(this.#mirror)) return [];
    const away = membership.members.filter(({ type, guid }) => type === 'Disaster Recovery' && !followers.state(guid).connected);
    return away.filter(({ guid }) => !this.#knowing.has(guid));
  }
}

/** A backup leaves it to its primary; who is in trouble may be none any more. */
function mayTell({ state: { role } }: Mirror): boolean {
  return role.is === 'waiting' || (role.is === 'primary' && role.trouble === null);
}
