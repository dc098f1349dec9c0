import type { MemberStatus } from '../../engine/api/status.ts';
import type { Severity } from '../contract/index.ts';
import type { World } from '../hosts/index.ts';
import type { NewEvent } from '../store/index.ts';
import { knownStatus, mirrorsOf } from '../view/index.ts';

/** On the way from one role to another, a member has none that is worth a mark. */
const PASSING: readonly MemberStatus[] = ['Transition', 'Synchronizing', 'Not Initialized'];

const SEVERITY: Partial<Record<MemberStatus, Severity>> = {
  'In Trouble': 'bad',
  Crashed: 'bad',
  Down: 'bad',
  Waiting: 'attention',
  Stopped: 'attention',
};

/** Where the roles that were seen last are kept. */
interface Roles {
  roles(mirror: string): Map<string, string>;
  setRole(mirror: string, member: string, status: string): void;
  forgetRole(mirror: string, member: string): void;
  add(event: NewEvent): void;
}

/** Another member is primary than the one before. */
export interface PrimaryChange {
  readonly mirror: string;
  readonly primary: string;
  /** null: none was known. */
  readonly before: string | null;
  readonly at: number;
}

/** Marks each change of a member's role, as a live member of its mirror tells of it; also one that came while no console ran. */
export class RoleWatch {
  readonly #store: Roles;
  readonly #primaryChanged: (change: PrimaryChange) => void;
  readonly #known = new Map<string, Map<string, string>>();
  readonly #primaries = new Map<string, string>();

  constructor(store: Roles, primaryChanged: (change: PrimaryChange) => void) {
    this.#store = store;
    this.#primaryChanged = primaryChanged;
  }

  look(world: World): void {
    for (const facts of mirrorsOf(world)) {
      const { source } = facts;
      if (source?.instance.connection.state !== 'live') continue;
      const members = source.mirror.members.map((member) => ({ name: member.name, status: knownStatus(facts, member) }));
      this.#mirror(facts.name, members, world.at);
    }
  }

  #mirror(mirror: string, members: readonly { name: string; status: MemberStatus | null }[], at: number): void {
    const known = this.#of(mirror);
    for (const { name, status } of members) {
      const before = known.get(name);
      if (status === null || before === status || PASSING.includes(status)) continue;
      known.set(name, status);
      this.#store.setRole(mirror, name, status);
      if (before !== undefined) this.#changed({ mirror, name, status, before, at });
      if (status === 'Primary') this.#primaries.set(mirror, name);
    }
    for (const name of known.keys()) {
      if (members.some((m) => m.name === name)) continue;
      known.delete(name);
      this.#store.forgetRole(mirror, name);
    }
  }

  #changed({ mirror, name, status, before, at }: { mirror: string; name: string; status: MemberStatus; before: string; at: number }): void {
    const last = this.#primaries.get(mirror) ?? null;
    const taken = status === 'Primary' && last !== name;
    this.#store.add({
      at,
      kind: 'role',
      mirror,
      severity: SEVERITY[status] ?? 'good',
      subject: name,
      text: `${name} is ${status}, was ${before}.`,
      explain: taken,
      job: null,
    });
    if (taken) this.#primaryChanged({ mirror, primary: name, before: last, at });
  }

  #of(mirror: string): Map<string, string> {
    const found = this.#known.get(mirror) ?? this.#store.roles(mirror);
    if (!this.#known.has(mirror)) {
      const primary = [...found].find(([, status]) => status === 'Primary')?.[0];
      if (primary !== undefined) this.#primaries.set(mirror, primary);
    }
    this.#known.set(mirror, found);
    return found;
  }
}
